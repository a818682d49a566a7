/* SSE2. The maximum is the negated minimum of the negated elements: one XOR more than min_sse2.c,
 * whose reasoning holds here, and -0, +0 and NaN fall into place. The negation is in the loads; the
 * chains hold negated elements. */
#include "compute/kernel.h"

#if RNC_X86_64
#include <emmintrin.h>

#include "compute/kernels/order.h"

#define CHAINS 4

static inline __m128 load_negated_f32x4(const float *elements) {
    return _mm_xor_ps(_mm_loadu_ps(elements), _mm_set1_ps(-0.0f));
}

static inline __m128 smaller_f32x4(__m128 a, __m128 b) {
    return _mm_or_ps(_mm_min_ps(a, b), _mm_min_ps(b, a));
}

void rnc_max_f32_sse2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, SSE2);
    const float *data = in->data;
    size_t length = in->length, i = 0;
    __m128 least_f32x4[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        least_f32x4[k] = load_negated_f32x4(data);
    for (; i + 4 * CHAINS <= length; i += 4 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            least_f32x4[k] = smaller_f32x4(least_f32x4[k], load_negated_f32x4(data + i + 4 * k));
    }
    for (; i + 4 <= length; i += 4)
        least_f32x4[0] = smaller_f32x4(least_f32x4[0], load_negated_f32x4(data + i));
    least_f32x4[1] = smaller_f32x4(least_f32x4[1], load_negated_f32x4(data + length - 4));
    __m128 folded = smaller_f32x4(smaller_f32x4(least_f32x4[0], least_f32x4[1]),
                                  smaller_f32x4(least_f32x4[2], least_f32x4[3]));
    float lanes[4];
    _mm_storeu_ps(lanes, folded);
    for (size_t lane = 1; lane < 4; lane++)
        lanes[0] = rnc_smaller_f32(lanes[0], lanes[lane]);
    out->value[0] = -(double)lanes[0];
}

static inline __m128d load_negated_f64x2(const double *elements) {
    return _mm_xor_pd(_mm_loadu_pd(elements), _mm_set1_pd(-0.0));
}

static inline __m128d smaller_f64x2(__m128d a, __m128d b) {
    return _mm_or_pd(_mm_min_pd(a, b), _mm_min_pd(b, a));
}

void rnc_max_f64_sse2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, SSE2);
    const double *data = in->data;
    size_t length = in->length, i = 0;
    __m128d least_f64x2[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        least_f64x2[k] = load_negated_f64x2(data);
    for (; i + 2 * CHAINS <= length; i += 2 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            least_f64x2[k] = smaller_f64x2(least_f64x2[k], load_negated_f64x2(data + i + 2 * k));
    }
    for (; i + 2 <= length; i += 2)
        least_f64x2[0] = smaller_f64x2(least_f64x2[0], load_negated_f64x2(data + i));
    least_f64x2[1] = smaller_f64x2(least_f64x2[1], load_negated_f64x2(data + length - 2));
    __m128d folded = smaller_f64x2(smaller_f64x2(least_f64x2[0], least_f64x2[1]),
                                   smaller_f64x2(least_f64x2[2], least_f64x2[3]));
    double lanes[2];
    _mm_storeu_pd(lanes, folded);
    for (size_t lane = 1; lane < 2; lane++)
        lanes[0] = rnc_smaller_f64(lanes[0], lanes[lane]);
    out->value[0] = -lanes[0];
}

#endif
