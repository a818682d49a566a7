/* AVX2 + FMA: four chains of four float64. A float32 product is exact in float64, so fusing it does
 * not change a bit; a float64 product is rounded before it is added, as everywhere. */
#include "compute/kernels/matvec.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#define CHAINS (RNC_MATVEC_LANES / 4)

static inline __m256d add_widened(__m256d sum_f64x4, const float *row, const double *vector) {
    return _mm256_fmadd_pd(_mm256_cvtps_pd(_mm_loadu_ps(row)), _mm256_loadu_pd(vector), sum_f64x4);
}

static inline __m256d add_product(__m256d sum_f64x4, const double *row, const double *vector) {
    return _mm256_add_pd(sum_f64x4, _mm256_mul_pd(_mm256_loadu_pd(row), _mm256_loadu_pd(vector)));
}

void rnc_matvec_f32_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    const float *row = in->left.data;
    const double *vector = rnc_matvec_widened(in);
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++, row += cols) {
        __m256d sum_f64x4[CHAINS];
        double lanes[RNC_MATVEC_LANES];
        size_t c = 0;
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            sum_f64x4[k] = _mm256_setzero_pd();
        for (; c + RNC_MATVEC_LANES <= cols; c += RNC_MATVEC_LANES)
#pragma GCC unroll 4
            for (size_t k = 0; k < CHAINS; k++)
                sum_f64x4[k] = add_widened(sum_f64x4[k], row + c + 4 * k, vector + c + 4 * k);
        size_t vectors = (cols - c) / 4;
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++) {
            if (k < vectors)
                sum_f64x4[k] = add_widened(sum_f64x4[k], row + c + 4 * k, vector + c + 4 * k);
            _mm256_storeu_pd(lanes + 4 * k, sum_f64x4[k]);
        }
        rnc_matvec_tail_f32(lanes, row, vector, c + 4 * vectors, cols);
        rnc_store_f32(out->data, r, (float)rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}

void rnc_matvec_f64_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    const double *row = in->left.data, *vector = in->right.data;
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++, row += cols) {
        __m256d sum_f64x4[CHAINS];
        double lanes[RNC_MATVEC_LANES];
        size_t c = 0;
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            sum_f64x4[k] = _mm256_setzero_pd();
        for (; c + RNC_MATVEC_LANES <= cols; c += RNC_MATVEC_LANES)
#pragma GCC unroll 4
            for (size_t k = 0; k < CHAINS; k++)
                sum_f64x4[k] = add_product(sum_f64x4[k], row + c + 4 * k, vector + c + 4 * k);
        size_t vectors = (cols - c) / 4;
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++) {
            if (k < vectors)
                sum_f64x4[k] = add_product(sum_f64x4[k], row + c + 4 * k, vector + c + 4 * k);
            _mm256_storeu_pd(lanes + 4 * k, sum_f64x4[k]);
        }
        rnc_matvec_tail_f64(lanes, row, vector, c + 4 * vectors, cols);
        rnc_store_f64(out->data, r, rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}

#pragma GCC pop_options
#endif
