/* NEON: a weight is broadcast once for four vectors of the result. */
#include "compute/kernels/convolve.h"

#if RNC_AARCH64
#include <arm_neon.h>

#define CHAINS 4 /* vectors of one row of the result, side by side */

/* `chains` vectors of the result from `place` on, where the image's first elements for them lie. */
static inline __attribute__((always_inline)) void
vectors_f32(const float *image, const rnc_matrix_input *in, float *place, size_t chains) {
    const float *weights = in->right.data;
    size_t weight = in->right.rows * in->right.cols;
    float32x4_t sum_f32x4[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < chains; k++)
        sum_f32x4[k] = vdupq_n_f32(0);
    for (size_t a = 0; a < in->right.rows; a++, image += in->left.cols)
        for (size_t b = 0; b < in->right.cols; b++) {
            float32x4_t weight_f32x4 = vdupq_n_f32(rnc_load_f32(weights, --weight));
#pragma GCC unroll 4
            for (size_t k = 0; k < chains; k++)
                sum_f32x4[k] =
                    vaddq_f32(sum_f32x4[k], vmulq_f32(vld1q_f32(image + b + 4 * k), weight_f32x4));
        }
#pragma GCC unroll 4
    for (size_t k = 0; k < chains; k++)
        vst1q_f32(place + 4 * k, sum_f32x4[k]);
}

void rnc_convolve2d_f32_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    const float *image = in->left.data;
    float *row = out->data;
    for (size_t i = 0; i < out->rows; i++, image += in->left.cols, row += out->cols) {
        size_t j = 0;
        for (; j + 4 * CHAINS <= out->cols; j += 4 * CHAINS)
            vectors_f32(image + j, in, row + j, CHAINS);
        for (; j + 4 <= out->cols; j += 4)
            vectors_f32(image + j, in, row + j, 1);
        for (; j < out->cols; j++)
            rnc_store_f32(row, j, rnc_convolve_f32(in, i, j));
    }
}

/* `chains` vectors of the result from `place` on, where the image's first elements for them lie. */
static inline __attribute__((always_inline)) void
vectors_f64(const double *image, const rnc_matrix_input *in, double *place, size_t chains) {
    const double *weights = in->right.data;
    size_t weight = in->right.rows * in->right.cols;
    float64x2_t sum_f64x2[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < chains; k++)
        sum_f64x2[k] = vdupq_n_f64(0);
    for (size_t a = 0; a < in->right.rows; a++, image += in->left.cols)
        for (size_t b = 0; b < in->right.cols; b++) {
            float64x2_t weight_f64x2 = vdupq_n_f64(rnc_load_f64(weights, --weight));
#pragma GCC unroll 4
            for (size_t k = 0; k < chains; k++)
                sum_f64x2[k] =
                    vaddq_f64(sum_f64x2[k], vmulq_f64(vld1q_f64(image + b + 2 * k), weight_f64x2));
        }
#pragma GCC unroll 4
    for (size_t k = 0; k < chains; k++)
        vst1q_f64(place + 2 * k, sum_f64x2[k]);
}

void rnc_convolve2d_f64_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    const double *image = in->left.data;
    double *row = out->data;
    for (size_t i = 0; i < out->rows; i++, image += in->left.cols, row += out->cols) {
        size_t j = 0;
        for (; j + 2 * CHAINS <= out->cols; j += 2 * CHAINS)
            vectors_f64(image + j, in, row + j, CHAINS);
        for (; j + 2 <= out->cols; j += 2)
            vectors_f64(image + j, in, row + j, 1);
        for (; j < out->cols; j++)
            rnc_store_f64(row, j, rnc_convolve_f64(in, i, j));
    }
}

#endif
