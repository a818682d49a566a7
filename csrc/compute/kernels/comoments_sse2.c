/* SSE2. Twenty accumulators of two float64 spill; the work per pair hides the reloads. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include "compute/kernels/simd_sse2.h"

#include "compute/kernels/comoments.h"
#endif
