/* AVX2: two minimums and an OR a vector, in four chains. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "compute/kernels/simd_avx2.h"

#include "compute/kernels/extremes.h"

#pragma GCC pop_options
#endif
