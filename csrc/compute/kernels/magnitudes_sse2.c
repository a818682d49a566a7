/* SSE2. The sign is masked off after widening. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include "compute/kernels/simd_sse2.h"

#include "compute/kernels/magnitudes.h"
#endif
