/* AVX2. minps gives its second operand when one is NaN or both are zeros, so the OR of both operand
 * orders makes -0 win over +0 and keeps a NaN for good, with no comparison of its own: two
 * minimums and an OR a vector. Four chains cover the latency of that pair. The last vector overlaps
 * the one before it: an element may be taken twice. */
#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#include "compute/kernels/order.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#define CHAINS 4

static inline __m256 smaller_f32x8(__m256 a, __m256 b) {
    return _mm256_or_ps(_mm256_min_ps(a, b), _mm256_min_ps(b, a));
}

void rnc_min_f32_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    const float *data = in->data;
    size_t length = in->length, i = 0;
    __m256 least_f32x8[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        least_f32x8[k] = _mm256_loadu_ps(data);
    for (; i + 8 * CHAINS <= length; i += 8 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            least_f32x8[k] = smaller_f32x8(least_f32x8[k], _mm256_loadu_ps(data + i + 8 * k));
    }
    for (; i + 8 <= length; i += 8)
        least_f32x8[0] = smaller_f32x8(least_f32x8[0], _mm256_loadu_ps(data + i));
    least_f32x8[1] = smaller_f32x8(least_f32x8[1], _mm256_loadu_ps(data + length - 8));
    __m256 folded = smaller_f32x8(smaller_f32x8(least_f32x8[0], least_f32x8[1]),
                                  smaller_f32x8(least_f32x8[2], least_f32x8[3]));
    float lanes[8];
    _mm256_storeu_ps(lanes, folded);
    for (size_t lane = 1; lane < 8; lane++)
        lanes[0] = rnc_smaller_f32(lanes[0], lanes[lane]);
    out->value[0] = (double)lanes[0];
}

static inline __m256d smaller_f64x4(__m256d a, __m256d b) {
    return _mm256_or_pd(_mm256_min_pd(a, b), _mm256_min_pd(b, a));
}

void rnc_min_f64_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    const double *data = in->data;
    size_t length = in->length, i = 0;
    __m256d least_f64x4[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        least_f64x4[k] = _mm256_loadu_pd(data);
    for (; i + 4 * CHAINS <= length; i += 4 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            least_f64x4[k] = smaller_f64x4(least_f64x4[k], _mm256_loadu_pd(data + i + 4 * k));
    }
    for (; i + 4 <= length; i += 4)
        least_f64x4[0] = smaller_f64x4(least_f64x4[0], _mm256_loadu_pd(data + i));
    least_f64x4[1] = smaller_f64x4(least_f64x4[1], _mm256_loadu_pd(data + length - 4));
    __m256d folded = smaller_f64x4(smaller_f64x4(least_f64x4[0], least_f64x4[1]),
                                   smaller_f64x4(least_f64x4[2], least_f64x4[3]));
    double lanes[4];
    _mm256_storeu_pd(lanes, folded);
    for (size_t lane = 1; lane < 4; lane++)
        lanes[0] = rnc_smaller_f64(lanes[0], lanes[lane]);
    out->value[0] = lanes[0];
}

#pragma GCC pop_options
#endif
