/* The specification of the two-dimensional convolution: convolve.h, element by element. */
#include "compute/kernels/convolve.h"

void rnc_convolve2d_f32_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < out->cols; j++)
            rnc_store_f32(out->data, i * out->cols + j, rnc_convolve_f32(in, i, j));
}

void rnc_convolve2d_f64_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < out->cols; j++)
            rnc_store_f64(out->data, i * out->cols + j, rnc_convolve_f64(in, i, j));
}
