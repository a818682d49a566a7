/* Vectors without their NaNs. */
#ifndef RNC_COMPUTE_OMIT_H
#define RNC_COMPUTE_OMIT_H

#include "compute/kernel.h"

/* Replaces vecs, `count` (1 or 2) of one length and type, by copies without the places at which any
 * of them is NaN. *memory is theirs, to be freed; NULL when there is no NaN and nothing changed. */
int rnc_omit_nans(rnc_vec *vecs, size_t count, void **memory);

#endif
