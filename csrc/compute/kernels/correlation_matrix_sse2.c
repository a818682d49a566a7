/* SSE2: columns are centred one number at a time, which is a small part of the work; the products
 * are made by the float64 tile of gemm_sse2.h. */
#include "compute/kernels/correlation.h"

#if RNC_X86_64
#include "compute/kernels/gemm_sse2.h"

static void multiply_sse2(const double *centred, size_t rows, size_t cols, double *products,
                          bool add, char *scratch) {
    rnc_correlation_by_tile(&tile_f64, centred, rows, cols, products, add, scratch);
}

void rnc_correlation_matrix_f32_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    rnc_correlation_run(in, out, sizeof(float), multiply_sse2);
}

void rnc_correlation_matrix_f64_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    rnc_correlation_run(in, out, sizeof(double), multiply_sse2);
}

#endif
