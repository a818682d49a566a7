/* AVX2 + FMA. The moments loop leaves load and compare slots free: eight float32 are compared at
 * once, beside two vectors of four distances. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "compute/kernels/simd_avx2.h"

#include "compute/kernels/describe.h"

#pragma GCC pop_options
#endif
