/* AVX2 + FMA. What is added or subtracted on the multiply pipes, as fma(x, 1, y), is chosen to load
 * both kinds evenly, beside a multiplication on these, and on the add pipes an addition and
 * float32's conversion; every rounding is the specification's. Four chains of sums and four of
 * squares. */
#include "compute/kernels/moments.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#define CHAINS (RNC_MOMENTS_LANES / 4)

static inline void add_distance(__m256d *sum_f64x4, __m256d *square_f64x4, __m256d distance) {
    *sum_f64x4 = _mm256_fmadd_pd(distance, _mm256_set1_pd(1.0), *sum_f64x4);
    *square_f64x4 = _mm256_add_pd(*square_f64x4, _mm256_mul_pd(distance, distance));
}

/* The next four elements' distances: of every other chain on the multiply pipes. */
static inline __m256d distance_f32(const float *four, size_t chain, __m256d shift_f64x4) {
    __m256d element = _mm256_cvtps_pd(_mm_loadu_ps(four));
    return chain % 2 ? _mm256_fmsub_pd(element, _mm256_set1_pd(1.0), shift_f64x4)
                     : _mm256_sub_pd(element, shift_f64x4);
}

static void block_f32(const void *data, size_t length, double scale, double shift, double *sums,
                      double *squares) {
    const float *elements = data;
    const __m256d shift_f64x4 = _mm256_set1_pd(shift);
    __m256d sum_f64x4[CHAINS], square_f64x4[CHAINS];
    size_t i = 0;
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        sum_f64x4[k] = square_f64x4[k] = _mm256_setzero_pd();
    for (; i + RNC_MOMENTS_LANES <= length; i += RNC_MOMENTS_LANES) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            add_distance(&sum_f64x4[k], &square_f64x4[k],
                         distance_f32(elements + i + 4 * k, k, shift_f64x4));
    }
    size_t vectors = (length - i) / 4;
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        if (k < vectors)
            add_distance(&sum_f64x4[k], &square_f64x4[k],
                         distance_f32(elements + i + 4 * k, k, shift_f64x4));
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++) {
        _mm256_storeu_pd(sums + 4 * k, sum_f64x4[k]);
        _mm256_storeu_pd(squares + 4 * k, square_f64x4[k]);
    }
    for (i += 4 * vectors; i < length; i++) {
        double distance = (double)rnc_load_f32(elements, i) - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
    }
}

static void block_f64(const void *data, size_t length, double scale, double shift, double *sums,
                      double *squares) {
    const double *elements = data;
    const __m256d shift_f64x4 = _mm256_set1_pd(shift), scale_f64x4 = _mm256_set1_pd(scale);
    __m256d sum_f64x4[CHAINS], square_f64x4[CHAINS];
    size_t i = 0;
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        sum_f64x4[k] = square_f64x4[k] = _mm256_setzero_pd();
    for (; i + RNC_MOMENTS_LANES <= length; i += RNC_MOMENTS_LANES) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++) {
            __m256d element = _mm256_mul_pd(_mm256_loadu_pd(elements + i + 4 * k), scale_f64x4);
            add_distance(&sum_f64x4[k], &square_f64x4[k], _mm256_sub_pd(element, shift_f64x4));
        }
    }
    size_t vectors = (length - i) / 4;
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        if (k < vectors) {
            __m256d element = _mm256_mul_pd(_mm256_loadu_pd(elements + i + 4 * k), scale_f64x4);
            add_distance(&sum_f64x4[k], &square_f64x4[k], _mm256_sub_pd(element, shift_f64x4));
        }
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++) {
        _mm256_storeu_pd(sums + 4 * k, sum_f64x4[k]);
        _mm256_storeu_pd(squares + 4 * k, square_f64x4[k]);
    }
    for (i += 4 * vectors; i < length; i++) {
        double distance = rnc_load_f64(elements, i) * scale - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
    }
}

void rnc_moments_f32_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    rnc_moments_run(in, sizeof(float), (double)rnc_load_f32(in->data, 0), block_f32, out);
}

void rnc_moments_f64_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    rnc_moments_run(in, sizeof(double), rnc_load_f64(in->data, 0) * in->scale, block_f64, out);
}

#pragma GCC pop_options
#endif
