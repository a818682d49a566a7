/* The specification of transposition. */
#include "compute/matrix/kernel.h"

void rnc_transpose_f32_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    for (size_t r = 0; r < out->rows; r++)
        for (size_t c = 0; c < out->cols; c++)
            rnc_store_f32(out->data, r * out->cols + c,
                          rnc_load_f32(in->left.data, c * out->rows + r));
}

void rnc_transpose_f64_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    for (size_t r = 0; r < out->rows; r++)
        for (size_t c = 0; c < out->cols; c++)
            rnc_store_f64(out->data, r * out->cols + c,
                          rnc_load_f64(in->left.data, c * out->rows + r));
}
