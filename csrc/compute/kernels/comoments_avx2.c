/* AVX2 + FMA. Five sums in two chains each fit the sixteen registers with the shifts; plain sums go
 * to the multiply pipes, products are rounded before they are added. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#include "compute/kernels/simd_avx2.h"

#include "compute/kernels/comoments.h"

#pragma GCC pop_options
#endif
