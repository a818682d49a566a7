/* AVX2: subtract and multiply in float64, four elements a vector, bound by the stores. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "compute/kernels/simd_avx2.h"

#include "compute/kernels/zscore.h"

#pragma GCC pop_options
#endif
