/* SSE2: eight chains of two float64, half of the registers; the other half holds what is widened
 * and multiplied. */
#include "compute/kernels/matvec.h"

#if RNC_X86_64
#include <emmintrin.h>

#define CHAINS (RNC_MATVEC_LANES / 2)

static inline __m128d widened(const float *two) {
    return _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)two)));
}

static inline __m128d add_widened(__m128d sum_f64x2, const float *row, const double *vector) {
    return _mm_add_pd(sum_f64x2, _mm_mul_pd(widened(row), _mm_loadu_pd(vector)));
}

static inline __m128d add_product(__m128d sum_f64x2, const double *row, const double *vector) {
    return _mm_add_pd(sum_f64x2, _mm_mul_pd(_mm_loadu_pd(row), _mm_loadu_pd(vector)));
}

void rnc_matvec_f32_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    const float *row = in->left.data;
    const double *vector = rnc_matvec_widened(in);
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++, row += cols) {
        __m128d sum_f64x2[CHAINS];
        double lanes[RNC_MATVEC_LANES];
        size_t c = 0;
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++)
            sum_f64x2[k] = _mm_setzero_pd();
        for (; c + RNC_MATVEC_LANES <= cols; c += RNC_MATVEC_LANES)
#pragma GCC unroll 8
            for (size_t k = 0; k < CHAINS; k++)
                sum_f64x2[k] = add_widened(sum_f64x2[k], row + c + 2 * k, vector + c + 2 * k);
        size_t vectors = (cols - c) / 2;
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++) {
            if (k < vectors)
                sum_f64x2[k] = add_widened(sum_f64x2[k], row + c + 2 * k, vector + c + 2 * k);
            _mm_storeu_pd(lanes + 2 * k, sum_f64x2[k]);
        }
        rnc_matvec_tail_f32(lanes, row, vector, c + 2 * vectors, cols);
        rnc_store_f32(out->data, r, (float)rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}

void rnc_matvec_f64_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    const double *row = in->left.data, *vector = in->right.data;
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++, row += cols) {
        __m128d sum_f64x2[CHAINS];
        double lanes[RNC_MATVEC_LANES];
        size_t c = 0;
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++)
            sum_f64x2[k] = _mm_setzero_pd();
        for (; c + RNC_MATVEC_LANES <= cols; c += RNC_MATVEC_LANES)
#pragma GCC unroll 8
            for (size_t k = 0; k < CHAINS; k++)
                sum_f64x2[k] = add_product(sum_f64x2[k], row + c + 2 * k, vector + c + 2 * k);
        size_t vectors = (cols - c) / 2;
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++) {
            if (k < vectors)
                sum_f64x2[k] = add_product(sum_f64x2[k], row + c + 2 * k, vector + c + 2 * k);
            _mm_storeu_pd(lanes + 2 * k, sum_f64x2[k]);
        }
        rnc_matvec_tail_f64(lanes, row, vector, c + 2 * vectors, cols);
        rnc_store_f64(out->data, r, rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}

#endif
