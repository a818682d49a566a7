/* SSE2: subtract and multiply in float64, two elements a vector. */
#include <stdbool.h>

#include "compute/kernel.h"

#if RNC_X86_64
#include "compute/kernels/simd_sse2.h"

#include "compute/kernels/zscore.h"
#endif
