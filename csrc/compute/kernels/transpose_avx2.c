/* AVX2: rows are loaded as halves of vectors, so that what crosses the halves is done by the loads
 * and the rest by unpacks and shuffles, one a cycle and more. */
#include "compute/kernels/transpose.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

/* Four elements of a row below, four of the fourth row after it above. */
static inline __m256 halves_f32(const float *low, const float *high) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
}

static inline __m256d halves_f64(const double *low, const double *high) {
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(low)), _mm_loadu_pd(high), 1);
}

static void tile_f32_avx2(const void *in, size_t in_stride, void *out, size_t out_stride) {
    const float *rows = in;
    float *columns = out;
#pragma GCC unroll 2
    for (size_t half = 0; half < 8; half += 4) {
        __m256 row_f32x8[4], pair_f32x8[4];
#pragma GCC unroll 4
        for (size_t r = 0; r < 4; r++)
            row_f32x8[r] =
                halves_f32(rows + r * in_stride + half, rows + (r + 4) * in_stride + half);
        pair_f32x8[0] = _mm256_unpacklo_ps(row_f32x8[0], row_f32x8[1]);
        pair_f32x8[1] = _mm256_unpackhi_ps(row_f32x8[0], row_f32x8[1]);
        pair_f32x8[2] = _mm256_unpacklo_ps(row_f32x8[2], row_f32x8[3]);
        pair_f32x8[3] = _mm256_unpackhi_ps(row_f32x8[2], row_f32x8[3]);
        float *column = columns + half * out_stride;
        _mm256_storeu_ps(column, _mm256_shuffle_ps(pair_f32x8[0], pair_f32x8[2], 0x44));
        _mm256_storeu_ps(column + out_stride,
                         _mm256_shuffle_ps(pair_f32x8[0], pair_f32x8[2], 0xee));
        _mm256_storeu_ps(column + 2 * out_stride,
                         _mm256_shuffle_ps(pair_f32x8[1], pair_f32x8[3], 0x44));
        _mm256_storeu_ps(column + 3 * out_stride,
                         _mm256_shuffle_ps(pair_f32x8[1], pair_f32x8[3], 0xee));
    }
}

static void tile_f64_avx2(const void *in, size_t in_stride, void *out, size_t out_stride) {
    const double *rows = in;
    double *columns = out;
#pragma GCC unroll 2
    for (size_t half = 0; half < 4; half += 2) {
        __m256d even_f64x4 = halves_f64(rows + half, rows + 2 * in_stride + half);
        __m256d odd_f64x4 = halves_f64(rows + in_stride + half, rows + 3 * in_stride + half);
        double *column = columns + half * out_stride;
        _mm256_storeu_pd(column, _mm256_unpacklo_pd(even_f64x4, odd_f64x4));
        _mm256_storeu_pd(column + out_stride, _mm256_unpackhi_pd(even_f64x4, odd_f64x4));
    }
}

void rnc_transpose_f32_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    rnc_transpose_run(in, out, sizeof(float), 8, tile_f32_avx2);
}

void rnc_transpose_f64_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    rnc_transpose_run(in, out, sizeof(double), 4, tile_f64_avx2);
}

#pragma GCC pop_options
#endif
