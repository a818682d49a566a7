/* AVX2: columns are centred one number at a time, which is a small part of the work; the products
 * are made by the float64 tile of gemm_avx2.h. */
#include "compute/kernels/correlation.h"

#if RNC_X86_64
#include "compute/kernels/gemm_avx2.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")

static void multiply_avx2(const double *centred, size_t rows, size_t cols, double *products,
                          bool add, char *scratch) {
    rnc_correlation_by_tile(&tile_f64, centred, rows, cols, products, add, scratch);
}

void rnc_correlation_matrix_f32_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    rnc_correlation_run(in, out, sizeof(float), multiply_avx2);
}

void rnc_correlation_matrix_f64_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    rnc_correlation_run(in, out, sizeof(double), multiply_avx2);
}

#pragma GCC pop_options
#endif
