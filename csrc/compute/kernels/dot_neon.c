/* NEON: fmla does both, the exact products of float32 and the errors of float64 products. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_AARCH64
#include "compute/kernels/simd_neon.h"

#include "compute/kernels/dot.h"
#endif
