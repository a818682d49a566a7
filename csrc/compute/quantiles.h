/* Percentiles as order statistics: which ones the select family has to find, and what lies between
 * them. */
#ifndef RNC_COMPUTE_QUANTILES_H
#define RNC_COMPUTE_QUANTILES_H

#include "compute/kernel.h"

/* What the select family needs beside few data and few percentiles, on the caller's stack. */
#define RNC_FEW_ELEMENTS    128
#define RNC_FEW_PERCENTILES 8

typedef struct rnc_quantiles_memory {
    _Alignas(32) char scratch[RNC_SCRATCH_BYTES(RNC_FEW_ELEMENTS)];
    double pairs[2 * RNC_FEW_PERCENTILES];
    size_t ranks[RNC_FEW_PERCENTILES];
} rnc_quantiles_memory;

/* Fills in what the select family needs beside the data: in `few` where that is enough, else in
 * allocated memory, which rnc_quantiles_release frees. */
int rnc_quantiles_prepare(rnc_input *in, const double *percentiles, size_t count,
                          rnc_quantiles_memory *few);
void rnc_quantiles_release(rnc_input *in, const rnc_quantiles_memory *few);
/* The percentile, from the pairs that the kernel found. */
double rnc_quantile(const rnc_input *in, double percentile);

#endif
