/* The specification of matrix multiplication: an element is the sum of its blocks of depth in
 * order, a block the sum of its products in order, each rounded to the elements' type. */
#include "compute/kernels/gemm.h"

void rnc_matmul_f32_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    const float *left = in->left.data, *right = in->right.data;
    const size_t depth = in->left.cols, cols = out->cols;
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < cols; j++) {
            float total = 0;
            for (size_t p = 0; p < depth;) {
                float sum = 0;
                size_t first = p, end = rnc_least(depth, p + RNC_GEMM_DEPTH);
                for (; p < end; p++)
                    sum += rnc_load_f32(left, i * depth + p) * rnc_load_f32(right, p * cols + j);
                total = first ? total + sum : sum;
            }
            rnc_store_f32(out->data, i * cols + j, total);
        }
}

void rnc_matmul_f64_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    const double *left = in->left.data, *right = in->right.data;
    const size_t depth = in->left.cols, cols = out->cols;
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double total = 0;
            for (size_t p = 0; p < depth;) {
                double sum = 0;
                size_t first = p, end = rnc_least(depth, p + RNC_GEMM_DEPTH);
                for (; p < end; p++)
                    sum += rnc_load_f64(left, i * depth + p) * rnc_load_f64(right, p * cols + j);
                total = first ? total + sum : sum;
            }
            rnc_store_f64(out->data, i * cols + j, total);
        }
}
