/* AVX2. The maximum is the negated minimum of the negated elements: one XOR more than min_avx2.c,
 * whose reasoning holds here, and -0, +0 and NaN fall into place. The negation is in the loads; the
 * chains hold negated elements. */
#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#include "compute/kernels/order.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#define CHAINS 4

static inline __m256 load_negated_f32x8(const float *elements) {
    return _mm256_xor_ps(_mm256_loadu_ps(elements), _mm256_set1_ps(-0.0f));
}

static inline __m256 smaller_f32x8(__m256 a, __m256 b) {
    return _mm256_or_ps(_mm256_min_ps(a, b), _mm256_min_ps(b, a));
}

void rnc_max_f32_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    const float *data = in->data;
    size_t length = in->length, i = 0;
    __m256 least_f32x8[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        least_f32x8[k] = load_negated_f32x8(data);
    for (; i + 8 * CHAINS <= length; i += 8 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            least_f32x8[k] = smaller_f32x8(least_f32x8[k], load_negated_f32x8(data + i + 8 * k));
    }
    for (; i + 8 <= length; i += 8)
        least_f32x8[0] = smaller_f32x8(least_f32x8[0], load_negated_f32x8(data + i));
    least_f32x8[1] = smaller_f32x8(least_f32x8[1], load_negated_f32x8(data + length - 8));
    __m256 folded = smaller_f32x8(smaller_f32x8(least_f32x8[0], least_f32x8[1]),
                                  smaller_f32x8(least_f32x8[2], least_f32x8[3]));
    float lanes[8];
    _mm256_storeu_ps(lanes, folded);
    for (size_t lane = 1; lane < 8; lane++)
        lanes[0] = rnc_smaller_f32(lanes[0], lanes[lane]);
    out->value[0] = -(double)lanes[0];
}

static inline __m256d load_negated_f64x4(const double *elements) {
    return _mm256_xor_pd(_mm256_loadu_pd(elements), _mm256_set1_pd(-0.0));
}

static inline __m256d smaller_f64x4(__m256d a, __m256d b) {
    return _mm256_or_pd(_mm256_min_pd(a, b), _mm256_min_pd(b, a));
}

void rnc_max_f64_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    const double *data = in->data;
    size_t length = in->length, i = 0;
    __m256d least_f64x4[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        least_f64x4[k] = load_negated_f64x4(data);
    for (; i + 4 * CHAINS <= length; i += 4 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            least_f64x4[k] = smaller_f64x4(least_f64x4[k], load_negated_f64x4(data + i + 4 * k));
    }
    for (; i + 4 <= length; i += 4)
        least_f64x4[0] = smaller_f64x4(least_f64x4[0], load_negated_f64x4(data + i));
    least_f64x4[1] = smaller_f64x4(least_f64x4[1], load_negated_f64x4(data + length - 4));
    __m256d folded = smaller_f64x4(smaller_f64x4(least_f64x4[0], least_f64x4[1]),
                                   smaller_f64x4(least_f64x4[2], least_f64x4[3]));
    double lanes[4];
    _mm256_storeu_pd(lanes, folded);
    for (size_t lane = 1; lane < 4; lane++)
        lanes[0] = rnc_smaller_f64(lanes[0], lanes[lane]);
    out->value[0] = -lanes[0];
}

#pragma GCC pop_options
#endif
