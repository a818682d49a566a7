/* NEON: four vectors of the result at a time, of four float32 or two float64. */
#include <stdbool.h>

#include "compute/matrix/kernel.h"

#if RNC_AARCH64
#include "compute/kernels/simd_neon.h"

#include "compute/kernels/convolve_simd.h"
#endif
