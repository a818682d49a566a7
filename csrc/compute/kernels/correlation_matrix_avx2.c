/* AVX2: columns are centred four at a time, and multiplied by the float64 tile of gemm_avx2.h. */
#include "compute/kernels/correlation.h"

#if RNC_X86_64
#include "compute/kernels/gemm_avx2.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")

RNC_INLINE __m256d shifted(const rnc_mat *matrix, const rnc_columns *columns, size_t row,
                           size_t column, size_t size) {
    size_t index = row * matrix->cols + column;
    __m256d element_f64x4 = size == sizeof(float)
                                ? _mm256_cvtps_pd(_mm_loadu_ps((const float *)matrix->data + index))
                                : _mm256_loadu_pd((const double *)matrix->data + index);
    return _mm256_sub_pd(_mm256_mul_pd(element_f64x4, _mm256_loadu_pd(columns->scale + column)),
                         _mm256_loadu_pd(columns->shift + column));
}

static void add_row_avx2(const rnc_mat *in, const rnc_columns *columns, size_t row, size_t size) {
    size_t c = 0;
    for (; c + 4 <= in->cols; c += 4)
        _mm256_storeu_pd(columns->block + c, _mm256_add_pd(_mm256_loadu_pd(columns->block + c),
                                                           shifted(in, columns, row, c, size)));
    rnc_columns_add(in, columns, row, c, size);
}

static void centre_row_avx2(const rnc_mat *in, const rnc_columns *columns, size_t row, size_t size,
                            double *centred) {
    size_t c = 0;
    for (; c + 4 <= in->cols; c += 4)
        _mm256_storeu_pd(centred + c, _mm256_sub_pd(shifted(in, columns, row, c, size),
                                                    _mm256_loadu_pd(columns->mean + c)));
    rnc_columns_centre(in, columns, row, c, size, centred);
}

static void multiply_avx2(const double *centred, size_t rows, size_t cols, double *products,
                          bool add, char *scratch) {
    rnc_correlation_by_tile(&tile_f64, centred, rows, cols, products, add, scratch);
}

void rnc_correlation_matrix_f32_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    rnc_correlation_run(in, out, sizeof(float), add_row_avx2, centre_row_avx2, multiply_avx2);
}

void rnc_correlation_matrix_f64_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    rnc_correlation_run(in, out, sizeof(double), add_row_avx2, centre_row_avx2, multiply_avx2);
}

#pragma GCC pop_options
#endif
