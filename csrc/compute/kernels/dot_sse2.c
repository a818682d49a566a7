/* SSE2. Without a fused multiply, the error of a float64 product takes splitting both factors; the
 * lanes live in memory beside the sixteen registers. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include "compute/kernels/simd_sse2.h"

#include "compute/kernels/dot.h"
#endif
