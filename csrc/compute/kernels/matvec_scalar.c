/* The specification of matrix times vector: each row is summed in the lanes of matvec.h, products
 * and sums in float64, and rounded once to the elements' type. A product of two float32 is exact
 * there. */
#include "compute/kernels/matvec.h"

void rnc_matvec_f32_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    const float *matrix = in->left.data, *vector = in->right.data;
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++) {
        double lanes[RNC_MATVEC_LANES] = {0};
        for (size_t c = 0; c < cols; c++)
            lanes[c % RNC_MATVEC_LANES] +=
                (double)rnc_load_f32(matrix, r * cols + c) * (double)rnc_load_f32(vector, c);
        rnc_store_f32(out->data, r, (float)rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}

void rnc_matvec_f64_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    const double *matrix = in->left.data, *vector = in->right.data;
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++) {
        double lanes[RNC_MATVEC_LANES] = {0};
        for (size_t c = 0; c < cols; c++)
            lanes[c % RNC_MATVEC_LANES] +=
                rnc_load_f64(matrix, r * cols + c) * rnc_load_f64(vector, c);
        rnc_store_f64(out->data, r, rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}
