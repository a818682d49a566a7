/* The interface of matrix kernels: one signature for every operation, dtype and instruction set.
 *
 * A kernel is pure, as compute/kernel.h says. Its caller (matrix/run.c) promises operands and a
 * result of fitting shapes that do not overlap, the scratch memory that matrix/ops.c computes, and
 * at least one whole vector along the loop's direction where the operation has one. Data may have
 * any alignment. A kernel writes every element of the result. */
#ifndef RNC_COMPUTE_MATRIX_KERNEL_H
#define RNC_COMPUTE_MATRIX_KERNEL_H

#include "compute/kernel.h"

typedef struct rnc_matrix_input {
    rnc_mat left;
    rnc_mat right; /* matvec: one column; operations on one matrix do not look at it */
    void *scratch; /* RNC_MATRIX_ALIGNMENT */
} rnc_matrix_input;

typedef struct rnc_matrix_output {
    void *data;
    size_t rows;
    size_t cols;
    bool constant; /* correlation_matrix: some column has no variance, so data means nothing */
    const char *kernel;
    int isa;
} rnc_matrix_output;

typedef void rnc_matrix_kernel(const rnc_matrix_input *in, rnc_matrix_output *out);

#define RNC_MATRIX_ALIGNMENT 64

enum rnc_matrix_op {
#define MATRIX(name, binary, empty_ok) RNC_MATRIX_##name,
#include "compute/matrix/matrix.def"
#undef MATRIX
    RNC_MATRIX_OP_COUNT
};

#define MATRIX(name, binary, empty_ok)                                                             \
    rnc_matrix_kernel rnc_##name##_f32_avx2, rnc_##name##_f64_avx2, rnc_##name##_f32_sse2,         \
        rnc_##name##_f64_sse2, rnc_##name##_f32_neon, rnc_##name##_f64_neon,                       \
        rnc_##name##_f32_scalar, rnc_##name##_f64_scalar;
#include "compute/matrix/matrix.def"
#undef MATRIX

#endif
