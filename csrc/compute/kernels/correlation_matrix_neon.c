/* NEON: columns are centred one number at a time, which is a small part of the work; the products
 * are made by the float64 tile of gemm_neon.h. */
#include "compute/kernels/correlation.h"

#if RNC_AARCH64
#include "compute/kernels/gemm_neon.h"

static void multiply_neon(const double *centred, size_t rows, size_t cols, double *products,
                          bool add, char *scratch) {
    rnc_correlation_by_tile(&tile_f64, centred, rows, cols, products, add, scratch);
}

void rnc_correlation_matrix_f32_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    rnc_correlation_run(in, out, sizeof(float), multiply_neon);
}

void rnc_correlation_matrix_f64_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    rnc_correlation_run(in, out, sizeof(double), multiply_neon);
}

#endif
