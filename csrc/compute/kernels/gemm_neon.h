/* The register tiles of NEON: eight rows by two vectors make sixteen of the thirty-two registers
 * accumulators; a row of the sliver and one of the panel take four to six more, and a fused
 * multiply-add takes its scalar from a lane, so nothing is broadcast. */
#ifndef RNC_COMPUTE_KERNELS_GEMM_NEON_H
#define RNC_COMPUTE_KERNELS_GEMM_NEON_H

#include <arm_neon.h>

#include "compute/kernels/gemm.h"

#define TILE_ROWS 8

#define MULTIPLY_ROW_F32(row, lane, elements)                                                      \
    (sum_f32x4[row][0] = vfmaq_laneq_f32(sum_f32x4[row][0], low_f32x4, elements, lane),            \
     sum_f32x4[row][1] = vfmaq_laneq_f32(sum_f32x4[row][1], high_f32x4, elements, lane))

static void tile_f32_neon(size_t depth, const void *left, const void *right, void *out,
                          size_t stride, bool add) {
    const float *sliver = left, *panel = right;
    float *rows = out;
    float32x4_t sum_f32x4[TILE_ROWS][2];
#pragma GCC unroll 8
    for (size_t r = 0; r < TILE_ROWS; r++)
        sum_f32x4[r][0] = sum_f32x4[r][1] = vdupq_n_f32(0);
    for (size_t p = 0; p < depth; p++, sliver += TILE_ROWS, panel += 8) {
        float32x4_t low_f32x4 = vld1q_f32(panel), high_f32x4 = vld1q_f32(panel + 4);
        float32x4_t top_f32x4 = vld1q_f32(sliver), bottom_f32x4 = vld1q_f32(sliver + 4);
        MULTIPLY_ROW_F32(0, 0, top_f32x4);
        MULTIPLY_ROW_F32(1, 1, top_f32x4);
        MULTIPLY_ROW_F32(2, 2, top_f32x4);
        MULTIPLY_ROW_F32(3, 3, top_f32x4);
        MULTIPLY_ROW_F32(4, 0, bottom_f32x4);
        MULTIPLY_ROW_F32(5, 1, bottom_f32x4);
        MULTIPLY_ROW_F32(6, 2, bottom_f32x4);
        MULTIPLY_ROW_F32(7, 3, bottom_f32x4);
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 2
        for (size_t half = 0; half < 2; half++) {
            float *place = rows + r * stride + 4 * half;
            float32x4_t sum = sum_f32x4[r][half];
            vst1q_f32(place, add ? vaddq_f32(vld1q_f32(place), sum) : sum);
        }
}

#define MULTIPLY_ROW_F64(row, lane, elements)                                                      \
    (sum_f64x2[row][0] = vfmaq_laneq_f64(sum_f64x2[row][0], low_f64x2, elements, lane),            \
     sum_f64x2[row][1] = vfmaq_laneq_f64(sum_f64x2[row][1], high_f64x2, elements, lane))

static void tile_f64_neon(size_t depth, const void *left, const void *right, void *out,
                          size_t stride, bool add) {
    const double *sliver = left, *panel = right;
    double *rows = out;
    float64x2_t sum_f64x2[TILE_ROWS][2];
#pragma GCC unroll 8
    for (size_t r = 0; r < TILE_ROWS; r++)
        sum_f64x2[r][0] = sum_f64x2[r][1] = vdupq_n_f64(0);
    for (size_t p = 0; p < depth; p++, sliver += TILE_ROWS, panel += 4) {
        float64x2_t low_f64x2 = vld1q_f64(panel), high_f64x2 = vld1q_f64(panel + 2);
#pragma GCC unroll 4
        for (size_t pair = 0; pair < TILE_ROWS; pair += 2) {
            float64x2_t elements_f64x2 = vld1q_f64(sliver + pair);
            MULTIPLY_ROW_F64(pair, 0, elements_f64x2);
            MULTIPLY_ROW_F64(pair + 1, 1, elements_f64x2);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 2
        for (size_t half = 0; half < 2; half++) {
            double *place = rows + r * stride + 2 * half;
            float64x2_t sum = sum_f64x2[r][half];
            vst1q_f64(place, add ? vaddq_f64(vld1q_f64(place), sum) : sum);
        }
}

__attribute__((unused)) static const rnc_gemm_tile tile_f32 = {TILE_ROWS, 8, sizeof(float),
                                                               tile_f32_neon};
static const rnc_gemm_tile tile_f64 = {TILE_ROWS, 4, sizeof(double), tile_f64_neon};

#endif
