/* Which kernel runs: resolved into a table when the library is loaded, selected per thread or for
 * the whole process, looked up with two indices and a length. */
#ifndef RNC_COMPUTE_DISPATCH_H
#define RNC_COMPUTE_DISPATCH_H

#include "compute/kernel.h"

/* What operations of a thread aim at. */
typedef struct rnc_selection {
    int8_t requested; /* the forced row of isa.def; -1: none, the best */
    int8_t target;    /* the row aimed at; available */
    bool strict;
    bool unmet; /* requested is not available */
} rnc_selection;

/* One kernel and the shortest vector it runs on; a shorter one is for the next entry. The last
 * entry, Scalar's, takes any length. */
typedef struct rnc_rung {
    rnc_kernel *kernel;
    size_t least_length;
} rnc_rung;

rnc_selection rnc_selected(void);
/* Written once, while the library is loaded. */
extern rnc_rung rnc_ladders[RNC_FAMILY_COUNT][RNC_DTYPE_COUNT][RNC_ISA_COUNT][RNC_ISA_COUNT];

/* The kernels for a target row, best first. */
static inline const rnc_rung *rnc_ladder(int family, uint32_t dtype, int target) {
    return rnc_ladders[family][dtype][target];
}

/* Is there a kernel of this row itself for the family? */
bool rnc_has_kernel(int family, uint32_t dtype, int isa);

#endif
