/* Operations: the rows of ops.def, and how a family's raw result becomes an operation's numbers. */
#ifndef RNC_COMPUTE_OPS_H
#define RNC_COMPUTE_OPS_H

#include "compute/kernel.h"

enum rnc_op_index {
#define OP(name, shape, family, second, finisher, parameter, empty_ok) RNC_OP_##name,
#include "compute/ops.def"
#undef OP
    RNC_OP_COUNT
};

/* A family's run, as a finisher sees it. */
typedef struct rnc_outcome {
    const rnc_input *in;
    const rnc_result *raw;
    const double *params;
    size_t param_count;
    int exponent[2];         /* the elements of each vector were multiplied by 2^exponent */
    const rnc_vec *original; /* the vector before its NaNs were left out, or NULL */
} rnc_outcome;

typedef struct rnc_op_definition {
    rnc_op_row row;
    int family;
    int second_family; /* of a map; else RNC_FAMILY_none */
    size_t operands;   /* vectors in */
    bool selects;      /* needs ranks and scratch memory: quantiles.h */
    /* RNC_OK, or why a parameter does not fit a vector of this length; NULL: there is none. */
    int (*check)(size_t length, double param);
    /* The exponents of the powers of two to run again with, 0 for none: see ops.c. */
    void (*rescale)(const rnc_input *in, const rnc_result *raw, int exponent[2]);
    /* Writes rnc_op_results() numbers; a map's are the shift and the factor of its second family.
     */
    int (*finish)(const rnc_outcome *outcome, double *results);
} rnc_op_definition;

/* Written once, while the library is loaded. */
extern rnc_op_definition rnc_op_definitions[RNC_OP_COUNT];

/* NULL past the end. */
static inline const rnc_op_definition *rnc_op_define(int op) {
    return op >= 0 && op < RNC_OP_COUNT ? &rnc_op_definitions[op] : NULL;
}

/* How many numbers come out for one item. */
size_t rnc_op_results(const rnc_op_definition *op, size_t param_count);
/* Where the rows of matrix.def begin in rnc_op. */
int rnc_vector_op_count(void);

#endif
