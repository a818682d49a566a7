/* SSE2: four float32 are compared at once, beside two vectors of two distances. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include "compute/kernels/simd_sse2.h"

#include "compute/kernels/describe.h"
#endif
