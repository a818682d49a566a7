/* NEON: the min and max kernels find the block, an equality test of four (two) elements at once
 * finds the place. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_AARCH64
#include "compute/kernels/simd_neon.h"

#include "compute/kernels/place_simd.h"
#endif
