/* AVX2 + FMA: four chains of four float64. */
#include <stdbool.h>

#include "compute/matrix/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "compute/kernels/simd_avx2.h"

#include "compute/kernels/matvec_simd.h"

#pragma GCC pop_options
#endif
