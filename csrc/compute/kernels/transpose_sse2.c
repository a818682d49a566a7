/* SSE2: unpacks pair two rows, and moves between low and high halves pair the pairs. */
#include "compute/kernels/transpose.h"

#if RNC_X86_64
#include <emmintrin.h>

static void tile_f32_sse2(const void *in, size_t in_stride, void *out, size_t out_stride) {
    const float *rows = in;
    float *columns = out;
    __m128 row0_f32x4 = _mm_loadu_ps(rows), row1_f32x4 = _mm_loadu_ps(rows + in_stride);
    __m128 row2_f32x4 = _mm_loadu_ps(rows + 2 * in_stride);
    __m128 row3_f32x4 = _mm_loadu_ps(rows + 3 * in_stride);
    __m128 top_low_f32x4 = _mm_unpacklo_ps(row0_f32x4, row1_f32x4);
    __m128 top_high_f32x4 = _mm_unpackhi_ps(row0_f32x4, row1_f32x4);
    __m128 bottom_low_f32x4 = _mm_unpacklo_ps(row2_f32x4, row3_f32x4);
    __m128 bottom_high_f32x4 = _mm_unpackhi_ps(row2_f32x4, row3_f32x4);
    _mm_storeu_ps(columns, _mm_movelh_ps(top_low_f32x4, bottom_low_f32x4));
    _mm_storeu_ps(columns + out_stride, _mm_movehl_ps(bottom_low_f32x4, top_low_f32x4));
    _mm_storeu_ps(columns + 2 * out_stride, _mm_movelh_ps(top_high_f32x4, bottom_high_f32x4));
    _mm_storeu_ps(columns + 3 * out_stride, _mm_movehl_ps(bottom_high_f32x4, top_high_f32x4));
}

static void tile_f64_sse2(const void *in, size_t in_stride, void *out, size_t out_stride) {
    const double *rows = in;
    double *columns = out;
    __m128d even_f64x2 = _mm_loadu_pd(rows), odd_f64x2 = _mm_loadu_pd(rows + in_stride);
    _mm_storeu_pd(columns, _mm_unpacklo_pd(even_f64x2, odd_f64x2));
    _mm_storeu_pd(columns + out_stride, _mm_unpackhi_pd(even_f64x2, odd_f64x2));
}

void rnc_transpose_f32_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    rnc_transpose_run(in, out, sizeof(float), 4, tile_f32_sse2);
}

void rnc_transpose_f64_sse2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, SSE2);
    rnc_transpose_run(in, out, sizeof(double), 2, tile_f64_sse2);
}

#endif
