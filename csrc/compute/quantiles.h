/* Percentiles as order statistics: which ones the select family has to find, and what lies between
 * them. */
#ifndef RNC_COMPUTE_QUANTILES_H
#define RNC_COMPUTE_QUANTILES_H

#include "compute/kernel.h"

/* Allocates what the select family needs beside the data; rnc_quantiles_release frees it. */
int rnc_quantiles_prepare(rnc_input *in, const double *percentiles, size_t count);
void rnc_quantiles_release(rnc_input *in);
/* The percentile, from the pairs that the kernel found. */
double rnc_quantile(const rnc_input *in, double percentile);

#endif
