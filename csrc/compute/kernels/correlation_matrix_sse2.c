/* SSE2: columns are centred two at a time, and multiplied by the float64 tile of gemm_sse2.h. */
#include "compute/kernels/correlation.h"

#if RNC_X86_64
#include "compute/kernels/gemm_sse2.h"

RNC_INLINE __m128d shifted(const rnc_mat *matrix, const rnc_columns *columns, size_t row,
                           size_t column, size_t size) {
    size_t index = row * matrix->cols + column;
    __m128d element_f64x2 = size == sizeof(float)
                                ? _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64(
                                      (const __m128i *)((const float *)matrix->data + index))))
                                : _mm_loadu_pd((const double *)matrix->data + index);
    return _mm_sub_pd(_mm_mul_pd(element_f64x2, _mm_loadu_pd(columns->scale + column)),
                      _mm_loadu_pd(columns->shift + column));
}

static void add_row_sse2(const rnc_mat *in, const rnc_columns *columns, size_t row, size_t size) {
    size_t c = 0;
    for (; c + 2 <= in->cols; c += 2)
        _mm_storeu_pd(columns->block + c, _mm_add_pd(_mm_loadu_pd(columns->block + c),
                                                     shifted(in, columns, row, c, size)));
    rnc_columns_add(in, columns, row, c, size);
}

static void centre_row_sse2(const rnc_mat *in, const rnc_columns *columns, size_t row, size_t size,
                            double *centred) {
    size_t c = 0;
    for (; c + 2 <= in->cols; c += 2)
        _mm_storeu_pd(centred + c, _mm_sub_pd(shifted(in, columns, row, c, size),
                                              _mm_loadu_pd(columns->mean + c)));
    rnc_columns_centre(in, columns, row, c, size, centred);
}

static void multiply_sse2(const double *centred, size_t rows, size_t cols, double *products,
                          bool add, char *scratch) {
    rnc_correlation_by_tile(&tile_f64, centred, rows, cols, products, add, scratch);
}

void rnc_correlation_matrix_f32_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    rnc_correlation_run(in, out, sizeof(float), add_row_sse2, centre_row_sse2, multiply_sse2);
}

void rnc_correlation_matrix_f64_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    rnc_correlation_run(in, out, sizeof(double), add_row_sse2, centre_row_sse2, multiply_sse2);
}

#endif
