/* NEON. fmin orders -0 below +0 and lets NaN through: the specification in one instruction. The
 * last vector overlaps the one before it: an element may be taken twice. */
#include "compute/kernel.h"

#if RNC_AARCH64
#include <arm_neon.h>

#define CHAINS 4

void rnc_min_f32_neon(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, NEON);
    const float *data = in->data;
    size_t length = in->length, i = 0;
    float32x4_t best_f32x4[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        best_f32x4[k] = vld1q_f32(data);
    for (; i + 4 * CHAINS <= length; i += 4 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            best_f32x4[k] = vminq_f32(best_f32x4[k], vld1q_f32(data + i + 4 * k));
    }
    for (; i + 4 <= length; i += 4)
        best_f32x4[0] = vminq_f32(best_f32x4[0], vld1q_f32(data + i));
    best_f32x4[1] = vminq_f32(best_f32x4[1], vld1q_f32(data + length - 4));
    float32x4_t folded =
        vminq_f32(vminq_f32(best_f32x4[0], best_f32x4[1]), vminq_f32(best_f32x4[2], best_f32x4[3]));
    out->value[0] = (double)vminvq_f32(folded);
}

void rnc_min_f64_neon(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, NEON);
    const double *data = in->data;
    size_t length = in->length, i = 0;
    float64x2_t best_f64x2[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS; k++)
        best_f64x2[k] = vld1q_f64(data);
    for (; i + 2 * CHAINS <= length; i += 2 * CHAINS) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS; k++)
            best_f64x2[k] = vminq_f64(best_f64x2[k], vld1q_f64(data + i + 2 * k));
    }
    for (; i + 2 <= length; i += 2)
        best_f64x2[0] = vminq_f64(best_f64x2[0], vld1q_f64(data + i));
    best_f64x2[1] = vminq_f64(best_f64x2[1], vld1q_f64(data + length - 2));
    float64x2_t folded =
        vminq_f64(vminq_f64(best_f64x2[0], best_f64x2[1]), vminq_f64(best_f64x2[2], best_f64x2[3]));
    out->value[0] = vminvq_f64(folded);
}

#endif
