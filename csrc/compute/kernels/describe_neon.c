/* NEON: four float32 are compared at once, beside two vectors of two distances. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_AARCH64
#include "compute/kernels/simd_neon.h"

#include "compute/kernels/describe.h"
#endif
