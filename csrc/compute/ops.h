/* Operations: the rows of ops.def, and how a family's raw result becomes an operation's number. */
#ifndef RNC_COMPUTE_OPS_H
#define RNC_COMPUTE_OPS_H

#include "compute/kernel.h"

typedef struct rnc_op_definition {
    rnc_op_row row;
    int family;
    bool scratch;
    /* RNC_OK, or why the parameter does not fit a vector of this length. */
    int (*check)(size_t length, double param);
    /* The exponent of the power of two to run again with, or 0: see ops.c. */
    int (*rescale)(const rnc_result *raw);
    /* exponent: the elements were multiplied by 2^exponent. */
    double (*finish)(const rnc_input *in, const rnc_result *raw, double param, int exponent);
} rnc_op_definition;

/* NULL past the end. */
const rnc_op_definition *rnc_op_define(int op);

/* Where the rows of matrix.def begin in rnc_op. */
int rnc_vector_op_count(void);

/* The order statistic below the percentile, and how far towards the next one it lies, 0 <= t < 1.
 */
typedef struct rnc_quantile {
    size_t rank;
    double t;
} rnc_quantile;

rnc_quantile rnc_quantile_of(size_t length, double percentile);

#endif
