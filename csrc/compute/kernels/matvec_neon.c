/* NEON: eight chains of two float64. A float32 product is exact in float64; a float64 one is
 * rounded before it is added, as everywhere. */
#include "compute/kernels/matvec.h"

#if RNC_AARCH64
#include <arm_neon.h>

#define CHAINS (RNC_MATVEC_LANES / 2)

static inline float64x2_t widened(const float *two) {
    return vcvt_f64_f32(vld1_f32(two));
}

static inline float64x2_t add_widened(float64x2_t sum_f64x2, const float *row,
                                      const double *vector) {
    return vaddq_f64(sum_f64x2, vmulq_f64(widened(row), vld1q_f64(vector)));
}

static inline float64x2_t add_product(float64x2_t sum_f64x2, const double *row,
                                      const double *vector) {
    return vaddq_f64(sum_f64x2, vmulq_f64(vld1q_f64(row), vld1q_f64(vector)));
}

void rnc_matvec_f32_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    const float *row = in->left.data;
    const double *vector = rnc_matvec_widened(in);
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++, row += cols) {
        float64x2_t sum_f64x2[CHAINS];
        double lanes[RNC_MATVEC_LANES];
        size_t c = 0;
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++)
            sum_f64x2[k] = vdupq_n_f64(0);
        for (; c + RNC_MATVEC_LANES <= cols; c += RNC_MATVEC_LANES)
#pragma GCC unroll 8
            for (size_t k = 0; k < CHAINS; k++)
                sum_f64x2[k] = add_widened(sum_f64x2[k], row + c + 2 * k, vector + c + 2 * k);
        size_t vectors = (cols - c) / 2;
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++) {
            if (k < vectors)
                sum_f64x2[k] = add_widened(sum_f64x2[k], row + c + 2 * k, vector + c + 2 * k);
            vst1q_f64(lanes + 2 * k, sum_f64x2[k]);
        }
        rnc_matvec_tail_f32(lanes, row, vector, c + 2 * vectors, cols);
        rnc_store_f32(out->data, r, (float)rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}

void rnc_matvec_f64_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    const double *row = in->left.data, *vector = in->right.data;
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++, row += cols) {
        float64x2_t sum_f64x2[CHAINS];
        double lanes[RNC_MATVEC_LANES];
        size_t c = 0;
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++)
            sum_f64x2[k] = vdupq_n_f64(0);
        for (; c + RNC_MATVEC_LANES <= cols; c += RNC_MATVEC_LANES)
#pragma GCC unroll 8
            for (size_t k = 0; k < CHAINS; k++)
                sum_f64x2[k] = add_product(sum_f64x2[k], row + c + 2 * k, vector + c + 2 * k);
        size_t vectors = (cols - c) / 2;
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++) {
            if (k < vectors)
                sum_f64x2[k] = add_product(sum_f64x2[k], row + c + 2 * k, vector + c + 2 * k);
            vst1q_f64(lanes + 2 * k, sum_f64x2[k]);
        }
        rnc_matvec_tail_f64(lanes, row, vector, c + 2 * vectors, cols);
        rnc_store_f64(out->data, r, rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}

#endif
