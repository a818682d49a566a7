/* NEON: five sums in four chains each fit its thirty-two registers. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_AARCH64
#include "compute/kernels/simd_neon.h"

#include "compute/kernels/comoments.h"
#endif
