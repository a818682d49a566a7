/* Fallback reasons: the rows of reasons.def. */
#ifndef RNC_COMPUTE_REASON_H
#define RNC_COMPUTE_REASON_H

#include "compute/dispatch.h"

enum rnc_reason {
#define REASON(name, sentence) RNC_REASON_##name,
#include "compute/reasons.def"
#undef REASON
};

/* Why a kernel of this row ran, when `selection` aimed at its target. */
uint32_t rnc_reason_for(int family, uint32_t dtype, rnc_selection selection, int ran);
/* The same, told whether the target itself has a kernel. */
uint32_t rnc_reason_of(bool has_kernel, rnc_selection selection, int ran);

#endif
