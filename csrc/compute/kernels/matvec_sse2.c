/* SSE2: eight chains of two float64, half of the registers; the other half holds what is widened
 * and multiplied. */
#include <stdbool.h>

#include "compute/matrix/kernel.h"

#if RNC_X86_64
#include "compute/kernels/simd_sse2.h"

#include "compute/kernels/matvec_simd.h"
#endif
