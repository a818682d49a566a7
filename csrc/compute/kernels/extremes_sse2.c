/* SSE2: two minimums and an OR a vector, in four chains. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include "compute/kernels/simd_sse2.h"

#include "compute/kernels/extremes.h"
#endif
