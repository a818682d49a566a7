/* AVX2: the min and max kernels find the block, an equality test of eight (four) elements at once
 * finds the place. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "compute/kernels/simd_avx2.h"

#include "compute/kernels/place_simd.h"

#pragma GCC pop_options
#endif
