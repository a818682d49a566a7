/* SSE2. minps gives its second operand when one is NaN or both are zeros, so the OR of both operand
 * orders makes -0 win over +0 and keeps a NaN for good, with no comparison of its own: two
 * minimums and an OR a vector. Four chains cover the latency of that pair. The last vector overlaps
 * the one before it: an element may be taken twice. */
#include "compute/kernel.h"

#if RNC_X86_64
#include <emmintrin.h>

#include "compute/kernels/order.h"

#define CHAINS 4

static inline __m128 smaller_f32x4(__m128 a, __m128 b) {
    return _mm_or_ps(_mm_min_ps(a, b), _mm_min_ps(b, a));
}

void rnc_min_f32_sse2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, SSE2);
    const float *data = in->data;
    size_t length = in->length, i = 0;
    __m128 least_f32x4[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        least_f32x4[k] = _mm_loadu_ps(data);
    for (; i + 4 * CHAINS <= length; i += 4 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            least_f32x4[k] = smaller_f32x4(least_f32x4[k], _mm_loadu_ps(data + i + 4 * k));
    }
    for (; i + 4 <= length; i += 4)
        least_f32x4[0] = smaller_f32x4(least_f32x4[0], _mm_loadu_ps(data + i));
    least_f32x4[1] = smaller_f32x4(least_f32x4[1], _mm_loadu_ps(data + length - 4));
    __m128 folded = smaller_f32x4(smaller_f32x4(least_f32x4[0], least_f32x4[1]),
                                  smaller_f32x4(least_f32x4[2], least_f32x4[3]));
    float lanes[4];
    _mm_storeu_ps(lanes, folded);
    for (size_t lane = 1; lane < 4; lane++)
        lanes[0] = rnc_smaller_f32(lanes[0], lanes[lane]);
    out->value[0] = (double)lanes[0];
}

static inline __m128d smaller_f64x2(__m128d a, __m128d b) {
    return _mm_or_pd(_mm_min_pd(a, b), _mm_min_pd(b, a));
}

void rnc_min_f64_sse2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, SSE2);
    const double *data = in->data;
    size_t length = in->length, i = 0;
    __m128d least_f64x2[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        least_f64x2[k] = _mm_loadu_pd(data);
    for (; i + 2 * CHAINS <= length; i += 2 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            least_f64x2[k] = smaller_f64x2(least_f64x2[k], _mm_loadu_pd(data + i + 2 * k));
    }
    for (; i + 2 <= length; i += 2)
        least_f64x2[0] = smaller_f64x2(least_f64x2[0], _mm_loadu_pd(data + i));
    least_f64x2[1] = smaller_f64x2(least_f64x2[1], _mm_loadu_pd(data + length - 2));
    __m128d folded = smaller_f64x2(smaller_f64x2(least_f64x2[0], least_f64x2[1]),
                                   smaller_f64x2(least_f64x2[2], least_f64x2[3]));
    double lanes[2];
    _mm_storeu_pd(lanes, folded);
    for (size_t lane = 1; lane < 2; lane++)
        lanes[0] = rnc_smaller_f64(lanes[0], lanes[lane]);
    out->value[0] = lanes[0];
}

#endif
