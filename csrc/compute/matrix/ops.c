/* The matrix operations' definitions, expanded from matrix.def: shapes and scratch memory. */
#include "compute/matrix/ops.h"

#include "compute/kernels/correlation.h"
#include "compute/kernels/gemm.h"
#include "compute/kernels/matvec.h"

/* ---- shapes ---------------------------------------------------------------------------------- */

static int shape_matmul(const rnc_mat *left, const rnc_mat *right, rnc_extent *result) {
    *result = (rnc_extent){left->rows, right->cols};
    return left->cols == right->rows ? RNC_OK : RNC_SIZE_MISMATCH;
}

static int shape_matvec(const rnc_mat *left, const rnc_mat *right, rnc_extent *result) {
    if (right->cols != 1)
        return RNC_INVALID_INPUT;
    return shape_matmul(left, right, result);
}

static int shape_transpose(const rnc_mat *left, const rnc_mat *right, rnc_extent *result) {
    *result = (rnc_extent){left->cols, left->rows};
    return RNC_OK;
}

static int shape_correlation_matrix(const rnc_mat *left, const rnc_mat *right, rnc_extent *result) {
    *result = (rnc_extent){left->cols, left->cols};
    return left->rows ? RNC_OK : RNC_EMPTY_VECTOR;
}

static int shape_convolve2d(const rnc_mat *left, const rnc_mat *right, rnc_extent *result) {
    if (!right->rows || !right->cols)
        return RNC_EMPTY_VECTOR;
    if (right->rows > left->rows || right->cols > left->cols)
        return RNC_INVALID_INPUT;
    *result = (rnc_extent){left->rows - right->rows + 1, left->cols - right->cols + 1};
    return RNC_OK;
}

/* ---- the direction of vectors ---------------------------------------------------------------- */

static size_t run_matmul(const rnc_mat *left, rnc_extent result) {
    return SIZE_MAX;
}

static size_t run_matvec(const rnc_mat *left, rnc_extent result) {
    return left->cols;
}

static size_t run_transpose(const rnc_mat *left, rnc_extent result) {
    return left->cols < left->rows ? left->cols : left->rows;
}

static size_t run_correlation_matrix(const rnc_mat *left, rnc_extent result) {
    return SIZE_MAX;
}

static size_t run_convolve2d(const rnc_mat *left, rnc_extent result) {
    return result.cols;
}

/* ---- scratch memory -------------------------------------------------------------------------- */

static size_t scratch_matmul(const rnc_mat *left, rnc_extent result, size_t element_size) {
    return rnc_gemm_scratch(result.rows, result.cols, left->cols, element_size);
}

static size_t scratch_matvec(const rnc_mat *left, rnc_extent result, size_t element_size) {
    return rnc_matvec_scratch(left->cols, element_size);
}

static size_t scratch_transpose(const rnc_mat *left, rnc_extent result, size_t element_size) {
    return 0;
}

static size_t scratch_correlation_matrix(const rnc_mat *left, rnc_extent result,
                                         size_t element_size) {
    return rnc_correlation_scratch(left->rows, left->cols);
}

static size_t scratch_convolve2d(const rnc_mat *left, rnc_extent result, size_t element_size) {
    return 0;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const rnc_matrix_definition definitions[RNC_MATRIX_OP_COUNT] = {
#define MATRIX(name_, binary_, empty_ok_)                                                          \
    [RNC_MATRIX_##name_] = {                                                                       \
        .row = {.name = #name_,                                                                    \
                .span_name = "trueno: Matrix::" #name_,                                            \
                .shape = RNC_MATRIX,                                                               \
                .empty_ok = empty_ok_},                                                            \
        .shape = shape_##name_,                                                                    \
        .run = run_##name_,                                                                        \
        .scratch = scratch_##name_,                                                                \
        .binary = binary_,                                                                         \
    },
#include "compute/matrix/matrix.def"
#undef MATRIX
};

const rnc_matrix_definition *rnc_matrix_define(int index) {
    return index >= 0 && index < RNC_MATRIX_OP_COUNT ? &definitions[index] : NULL;
}
