/* AVX2 + FMA. Two conversions and one fma a vector of float32; fmsub gives the exact error of a
 * float64 product in one instruction. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "compute/kernels/simd_avx2.h"

#include "compute/kernels/dot.h"

#pragma GCC pop_options
#endif
