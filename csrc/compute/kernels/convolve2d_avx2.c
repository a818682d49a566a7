/* AVX2: four vectors of the result at a time, of eight float32 or four float64. */
#include <stdbool.h>

#include "compute/matrix/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "compute/kernels/simd_avx2.h"

#include "compute/kernels/convolve_simd.h"

#pragma GCC pop_options
#endif
