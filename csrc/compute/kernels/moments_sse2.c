/* SSE2: sixteen accumulators of two float64 are all the registers there are, so the lanes live in
 * memory beside them; loads and stores overlap with the arithmetic. */
#include "compute/kernels/moments.h"

#if RNC_X86_64
#include <emmintrin.h>

#define CHAINS (RNC_MOMENTS_LANES / 2)

static inline __m128d load_widened(const float *two) {
    return _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)two)));
}

static inline void add_distance(double *sums, double *squares, __m128d distance) {
    _mm_storeu_pd(sums, _mm_add_pd(_mm_loadu_pd(sums), distance));
    _mm_storeu_pd(squares, _mm_add_pd(_mm_loadu_pd(squares), _mm_mul_pd(distance, distance)));
}

static void block_f32(const void *data, size_t length, double scale, double shift, double *sums,
                      double *squares) {
    const float *elements = data;
    const __m128d shift_f64x2 = _mm_set1_pd(shift);
    size_t i = 0;
    for (size_t lane = 0; lane < RNC_MOMENTS_LANES; lane++)
        sums[lane] = squares[lane] = 0;
    for (; i + RNC_MOMENTS_LANES <= length; i += RNC_MOMENTS_LANES) {
#pragma GCC unroll 8
        for (size_t lane = 0; lane < RNC_MOMENTS_LANES; lane += 2)
            add_distance(sums + lane, squares + lane,
                         _mm_sub_pd(load_widened(elements + i + lane), shift_f64x2));
    }
    for (size_t lane = 0; i + 2 <= length; lane += 2, i += 2)
        add_distance(sums + lane, squares + lane,
                     _mm_sub_pd(load_widened(elements + i), shift_f64x2));
    for (; i < length; i++) {
        double distance = (double)rnc_load_f32(elements, i) - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
    }
}

static void block_f64(const void *data, size_t length, double scale, double shift, double *sums,
                      double *squares) {
    const double *elements = data;
    const __m128d shift_f64x2 = _mm_set1_pd(shift), scale_f64x2 = _mm_set1_pd(scale);
    size_t i = 0;
    for (size_t lane = 0; lane < RNC_MOMENTS_LANES; lane++)
        sums[lane] = squares[lane] = 0;
    for (; i + RNC_MOMENTS_LANES <= length; i += RNC_MOMENTS_LANES) {
#pragma GCC unroll 8
        for (size_t lane = 0; lane < RNC_MOMENTS_LANES; lane += 2) {
            __m128d element = _mm_mul_pd(_mm_loadu_pd(elements + i + lane), scale_f64x2);
            add_distance(sums + lane, squares + lane, _mm_sub_pd(element, shift_f64x2));
        }
    }
    for (size_t lane = 0; i + 2 <= length; lane += 2, i += 2) {
        __m128d element = _mm_mul_pd(_mm_loadu_pd(elements + i), scale_f64x2);
        add_distance(sums + lane, squares + lane, _mm_sub_pd(element, shift_f64x2));
    }
    for (; i < length; i++) {
        double distance = rnc_load_f64(elements, i) * scale - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
    }
}

void rnc_moments_f32_sse2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, SSE2);
    rnc_moments_run(in, sizeof(float), (double)rnc_load_f32(in->data, 0), block_f32, out);
}

void rnc_moments_f64_sse2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, SSE2);
    rnc_moments_run(in, sizeof(double), rnc_load_f64(in->data, 0) * in->scale, block_f64, out);
}

#endif
