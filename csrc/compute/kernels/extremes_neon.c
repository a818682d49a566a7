/* NEON: one instruction a vector, in four chains. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_AARCH64
#include "compute/kernels/simd_neon.h"

#include "compute/kernels/extremes.h"
#endif
