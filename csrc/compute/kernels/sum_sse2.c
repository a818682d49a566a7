/* SSE2, in every x86-64 CPU: two float64 a vector and sixteen registers, so the lanes live in
 * memory beside the registers; the loads and stores overlap with the additions. Conversion reads
 * two floats (cvtps2pd with an 8-byte operand). */
#include "compute/kernel.h"

#if RNC_X86_64
#include <emmintrin.h>

#include "compute/kernels/lanes.h"

#define CHAINS_F32 (RNC_SUM_F32_LANES / 2)
#define CHAINS_F64 (RNC_SUM_F64_LANES / 2)

static inline __m128d load_widened(const float *two) {
    return _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)two)));
}

void rnc_sum_f32_sse2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, SSE2);
    const float *data = in->data;
    size_t length = in->length, i = 0;
    __m128d sum_f64x2[CHAINS_F32];
    for (size_t k = 0; k < CHAINS_F32; k++)
        sum_f64x2[k] = _mm_setzero_pd();
    for (; i + RNC_SUM_F32_LANES <= length; i += RNC_SUM_F32_LANES) {
#pragma GCC unroll 16
        for (size_t k = 0; k < CHAINS_F32; k++)
            sum_f64x2[k] = _mm_add_pd(sum_f64x2[k], load_widened(data + i + 2 * k));
    }
    for (size_t k = 0; i + 2 <= length; k++, i += 2)
        sum_f64x2[k] = _mm_add_pd(sum_f64x2[k], load_widened(data + i));
    double lanes[RNC_SUM_F32_LANES];
    for (size_t k = 0; k < CHAINS_F32; k++)
        _mm_storeu_pd(lanes + 2 * k, sum_f64x2[k]);
    for (; i < length; i++)
        lanes[i % RNC_SUM_F32_LANES] += (double)rnc_load_f32(data, i);
    out->value[0] = rnc_fold(lanes, RNC_SUM_F32_LANES);
    out->value[1] = 0;
}

static inline void two_sum_f64x2(__m128d *sum, __m128d *error, __m128d addend) {
    __m128d total = _mm_add_pd(*sum, addend);
    __m128d taken = _mm_sub_pd(total, *sum);
    __m128d lost =
        _mm_add_pd(_mm_sub_pd(*sum, _mm_sub_pd(total, taken)), _mm_sub_pd(addend, taken));
    *error = _mm_add_pd(*error, lost);
    *sum = total;
}

void rnc_sum_f64_sse2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, SSE2);
    const double *data = in->data;
    size_t length = in->length, i = 0;
    const __m128d scale = _mm_set1_pd(in->scale);
    __m128d sum_f64x2[CHAINS_F64], error_f64x2[CHAINS_F64];
    for (size_t k = 0; k < CHAINS_F64; k++)
        sum_f64x2[k] = error_f64x2[k] = _mm_setzero_pd();
    for (; i + RNC_SUM_F64_LANES <= length; i += RNC_SUM_F64_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS_F64; k++)
            two_sum_f64x2(&sum_f64x2[k], &error_f64x2[k],
                          _mm_mul_pd(_mm_loadu_pd(data + i + 2 * k), scale));
    }
    for (size_t k = 0; i + 2 <= length; k++, i += 2)
        two_sum_f64x2(&sum_f64x2[k], &error_f64x2[k], _mm_mul_pd(_mm_loadu_pd(data + i), scale));
    double sums[RNC_SUM_F64_LANES], errors[RNC_SUM_F64_LANES];
    for (size_t k = 0; k < CHAINS_F64; k++) {
        _mm_storeu_pd(sums + 2 * k, sum_f64x2[k]);
        _mm_storeu_pd(errors + 2 * k, error_f64x2[k]);
    }
    for (; i < length; i++) {
        size_t lane = i % RNC_SUM_F64_LANES;
        rnc_two_sum(&sums[lane], &errors[lane], rnc_load_f64(data, i) * in->scale);
    }
    rnc_fold_compensated(sums, errors, RNC_SUM_F64_LANES);
    out->value[0] = sums[0];
    out->value[1] = errors[0];
}

#endif
