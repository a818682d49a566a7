/* NEON: trn1 and trn2 of single elements pair two rows, and of 64-bit halves the pairs. */
#include "compute/kernels/transpose.h"

#if RNC_AARCH64
#include <arm_neon.h>

static inline void store_halves(float *even, float *odd, float32x4_t top_f32x4,
                                float32x4_t bottom_f32x4) {
    float64x2_t top = vreinterpretq_f64_f32(top_f32x4);
    float64x2_t bottom = vreinterpretq_f64_f32(bottom_f32x4);
    vst1q_f32(even, vreinterpretq_f32_f64(vtrn1q_f64(top, bottom)));
    vst1q_f32(odd, vreinterpretq_f32_f64(vtrn2q_f64(top, bottom)));
}

static void tile_f32_neon(const void *in, size_t in_stride, void *out, size_t out_stride) {
    const float *rows = in;
    float *columns = out;
    float32x4_t row0_f32x4 = vld1q_f32(rows), row1_f32x4 = vld1q_f32(rows + in_stride);
    float32x4_t row2_f32x4 = vld1q_f32(rows + 2 * in_stride);
    float32x4_t row3_f32x4 = vld1q_f32(rows + 3 * in_stride);
    store_halves(columns, columns + 2 * out_stride, vtrn1q_f32(row0_f32x4, row1_f32x4),
                 vtrn1q_f32(row2_f32x4, row3_f32x4));
    store_halves(columns + out_stride, columns + 3 * out_stride, vtrn2q_f32(row0_f32x4, row1_f32x4),
                 vtrn2q_f32(row2_f32x4, row3_f32x4));
}

static void tile_f64_neon(const void *in, size_t in_stride, void *out, size_t out_stride) {
    const double *rows = in;
    double *columns = out;
    float64x2_t even_f64x2 = vld1q_f64(rows), odd_f64x2 = vld1q_f64(rows + in_stride);
    vst1q_f64(columns, vtrn1q_f64(even_f64x2, odd_f64x2));
    vst1q_f64(columns + out_stride, vtrn2q_f64(even_f64x2, odd_f64x2));
}

void rnc_transpose_f32_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    rnc_transpose_run(in, out, sizeof(float), 4, tile_f32_neon);
}

void rnc_transpose_f64_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    rnc_transpose_run(in, out, sizeof(double), 2, tile_f64_neon);
}

#endif
