/* NEON: fabs, fadd and fmax a vector. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_AARCH64
#include "compute/kernels/simd_neon.h"

#include "compute/kernels/magnitudes.h"
#endif
