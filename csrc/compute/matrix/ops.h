/* Matrix operations: the rows of matrix.def, which follow those of ops.def in rnc_op. */
#ifndef RNC_COMPUTE_MATRIX_OPS_H
#define RNC_COMPUTE_MATRIX_OPS_H

#include "compute/matrix/kernel.h"

typedef struct rnc_extent {
    size_t rows;
    size_t cols;
} rnc_extent;

typedef struct rnc_matrix_definition {
    rnc_op_row row;
    /* RNC_OK and the result's shape, or why the operands do not fit each other. */
    int (*shape)(const rnc_mat *left, const rnc_mat *right, rnc_extent *result);
    /* How many elements lie along the direction that the kernel's vectors take; SIZE_MAX where the
     * kernel pads what is shorter than one. */
    size_t (*run)(const rnc_mat *left, rnc_extent result);
    size_t (*scratch)(const rnc_mat *left, rnc_extent result, size_t element_size); /* bytes */
    bool binary; /* takes a right operand */
} rnc_matrix_definition;

/* NULL past the end. */
const rnc_matrix_definition *rnc_matrix_define(int index);

#endif
