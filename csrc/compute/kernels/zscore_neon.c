/* NEON: subtract and multiply in float64, two elements a vector. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_AARCH64
#include "compute/kernels/simd_neon.h"

#include "compute/kernels/zscore.h"
#endif
