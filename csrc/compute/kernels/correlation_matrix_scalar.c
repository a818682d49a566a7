/* The specification of the correlation matrix: correlation.h, with a product as the sum of its
 * blocks of rows, and a block as the sum of its rows, in order. */
#include "compute/kernels/correlation.h"

static void add_row_scalar(const rnc_mat *in, const rnc_columns *columns, size_t row, size_t size) {
    rnc_columns_add(in, columns, row, 0, size);
}

static void centre_row_scalar(const rnc_mat *in, const rnc_columns *columns, size_t row,
                              size_t size, double *centred) {
    rnc_columns_centre(in, columns, row, 0, size, centred);
}

static void multiply_scalar(const double *centred, size_t rows, size_t cols, double *products,
                            bool add, char *scratch) {
    for (size_t i = 0; i < cols; i++)
        for (size_t j = i; j < cols; j++) {
            double sum = 0;
            for (size_t r = 0; r < rows; r++)
                sum += centred[r * cols + i] * centred[r * cols + j];
            products[i * cols + j] = add ? products[i * cols + j] + sum : sum;
        }
}

void rnc_correlation_matrix_f32_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    rnc_correlation_run(in, out, sizeof(float), add_row_scalar, centre_row_scalar, multiply_scalar);
}

void rnc_correlation_matrix_f64_scalar(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, Scalar);
    rnc_correlation_run(in, out, sizeof(double), add_row_scalar, centre_row_scalar,
                        multiply_scalar);
}
