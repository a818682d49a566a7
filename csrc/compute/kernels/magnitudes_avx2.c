/* AVX2 + FMA. The sign is masked off after widening; sums go to the multiply pipes, maxima to the
 * add pipes. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "compute/kernels/simd_avx2.h"

#include "compute/kernels/magnitudes.h"

#pragma GCC pop_options
#endif
