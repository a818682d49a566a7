/* NEON: thirty-two registers hold every accumulator of two float64; fcvtl and fcvtl2 widen the
 * halves of a four-float load. */
#include "compute/kernel.h"

#if RNC_AARCH64
#include <arm_neon.h>

#include "compute/kernels/lanes.h"

#define CHAINS_F32 (RNC_SUM_F32_LANES / 2)
#define CHAINS_F64 (RNC_SUM_F64_LANES / 2)

void rnc_sum_f32_neon(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, NEON);
    const float *data = in->data;
    size_t length = in->length, i = 0;
    float64x2_t sum_f64x2[CHAINS_F32];
    for (size_t k = 0; k < CHAINS_F32; k++)
        sum_f64x2[k] = vdupq_n_f64(0);
    for (; i + RNC_SUM_F32_LANES <= length; i += RNC_SUM_F32_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS_F32; k += 2) {
            float32x4_t four = vld1q_f32(data + i + 2 * k);
            sum_f64x2[k] = vaddq_f64(sum_f64x2[k], vcvt_f64_f32(vget_low_f32(four)));
            sum_f64x2[k + 1] = vaddq_f64(sum_f64x2[k + 1], vcvt_high_f64_f32(four));
        }
    }
    for (size_t k = 0; i + 2 <= length; k++, i += 2)
        sum_f64x2[k] = vaddq_f64(sum_f64x2[k], vcvt_f64_f32(vld1_f32(data + i)));
    double lanes[RNC_SUM_F32_LANES];
    for (size_t k = 0; k < CHAINS_F32; k++)
        vst1q_f64(lanes + 2 * k, sum_f64x2[k]);
    for (; i < length; i++)
        lanes[i % RNC_SUM_F32_LANES] += (double)rnc_load_f32(data, i);
    out->value[0] = rnc_fold(lanes, RNC_SUM_F32_LANES);
    out->value[1] = 0;
}

static inline void two_sum_f64x2(float64x2_t *sum, float64x2_t *error, float64x2_t addend) {
    float64x2_t total = vaddq_f64(*sum, addend);
    float64x2_t taken = vsubq_f64(total, *sum);
    float64x2_t lost =
        vaddq_f64(vsubq_f64(*sum, vsubq_f64(total, taken)), vsubq_f64(addend, taken));
    *error = vaddq_f64(*error, lost);
    *sum = total;
}

void rnc_sum_f64_neon(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, NEON);
    const double *data = in->data;
    size_t length = in->length, i = 0;
    const float64x2_t scale = vdupq_n_f64(in->scale);
    float64x2_t sum_f64x2[CHAINS_F64], error_f64x2[CHAINS_F64];
    for (size_t k = 0; k < CHAINS_F64; k++)
        sum_f64x2[k] = error_f64x2[k] = vdupq_n_f64(0);
    for (; i + RNC_SUM_F64_LANES <= length; i += RNC_SUM_F64_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS_F64; k++)
            two_sum_f64x2(&sum_f64x2[k], &error_f64x2[k],
                          vmulq_f64(vld1q_f64(data + i + 2 * k), scale));
    }
    for (size_t k = 0; i + 2 <= length; k++, i += 2)
        two_sum_f64x2(&sum_f64x2[k], &error_f64x2[k], vmulq_f64(vld1q_f64(data + i), scale));
    double sums[RNC_SUM_F64_LANES], errors[RNC_SUM_F64_LANES];
    for (size_t k = 0; k < CHAINS_F64; k++) {
        vst1q_f64(sums + 2 * k, sum_f64x2[k]);
        vst1q_f64(errors + 2 * k, error_f64x2[k]);
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
