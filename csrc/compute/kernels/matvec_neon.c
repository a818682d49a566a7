/* NEON: eight chains of two float64. */
#include <stdbool.h>

#include "compute/matrix/kernel.h"

#if RNC_AARCH64
#include "compute/kernels/simd_neon.h"

#include "compute/kernels/matvec_simd.h"
#endif
