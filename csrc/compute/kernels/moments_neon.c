/* NEON: eight chains of sums and eight of squares fit its thirty-two registers. The square is
 * multiplied, then added; a fused one would round differently from the specification. */
#include "compute/kernels/moments.h"

#if RNC_AARCH64
#include <arm_neon.h>

#define CHAINS (RNC_MOMENTS_LANES / 2)

static inline void add_distance(float64x2_t *sum, float64x2_t *square, float64x2_t distance) {
    *sum = vaddq_f64(*sum, distance);
    *square = vaddq_f64(*square, vmulq_f64(distance, distance));
}

static void block_f32(const void *data, size_t length, double scale, double shift, double *sums,
                      double *squares) {
    const float *elements = data;
    const float64x2_t shift_f64x2 = vdupq_n_f64(shift);
    float64x2_t sum_f64x2[CHAINS], square_f64x2[CHAINS];
    size_t i = 0;
    for (size_t k = 0; k < CHAINS; k++)
        sum_f64x2[k] = square_f64x2[k] = vdupq_n_f64(0);
    for (; i + RNC_MOMENTS_LANES <= length; i += RNC_MOMENTS_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++)
            add_distance(&sum_f64x2[k], &square_f64x2[k],
                         vsubq_f64(vcvt_f64_f32(vld1_f32(elements + i + 2 * k)), shift_f64x2));
    }
    for (size_t k = 0; i + 2 <= length; k++, i += 2)
        add_distance(&sum_f64x2[k], &square_f64x2[k],
                     vsubq_f64(vcvt_f64_f32(vld1_f32(elements + i)), shift_f64x2));
    for (size_t k = 0; k < CHAINS; k++) {
        vst1q_f64(sums + 2 * k, sum_f64x2[k]);
        vst1q_f64(squares + 2 * k, square_f64x2[k]);
    }
    for (; i < length; i++) {
        double distance = (double)rnc_load_f32(elements, i) - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
    }
}

static void block_f64(const void *data, size_t length, double scale, double shift, double *sums,
                      double *squares) {
    const double *elements = data;
    const float64x2_t shift_f64x2 = vdupq_n_f64(shift), scale_f64x2 = vdupq_n_f64(scale);
    float64x2_t sum_f64x2[CHAINS], square_f64x2[CHAINS];
    size_t i = 0;
    for (size_t k = 0; k < CHAINS; k++)
        sum_f64x2[k] = square_f64x2[k] = vdupq_n_f64(0);
    for (; i + RNC_MOMENTS_LANES <= length; i += RNC_MOMENTS_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++)
            add_distance(
                &sum_f64x2[k], &square_f64x2[k],
                vsubq_f64(vmulq_f64(vld1q_f64(elements + i + 2 * k), scale_f64x2), shift_f64x2));
    }
    for (size_t k = 0; i + 2 <= length; k++, i += 2)
        add_distance(&sum_f64x2[k], &square_f64x2[k],
                     vsubq_f64(vmulq_f64(vld1q_f64(elements + i), scale_f64x2), shift_f64x2));
    for (size_t k = 0; k < CHAINS; k++) {
        vst1q_f64(sums + 2 * k, sum_f64x2[k]);
        vst1q_f64(squares + 2 * k, square_f64x2[k]);
    }
    for (; i < length; i++) {
        double distance = rnc_load_f64(elements, i) * scale - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
    }
}

void rnc_moments_f32_neon(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, NEON);
    rnc_moments_run(in, sizeof(float), (double)rnc_load_f32(in->data, 0), block_f32, out);
}

void rnc_moments_f64_neon(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, NEON);
    rnc_moments_run(in, sizeof(double), rnc_load_f64(in->data, 0) * in->scale, block_f64, out);
}

#endif
