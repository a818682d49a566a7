/* The register tiles of SSE2: four rows by two vectors make eight accumulators; the product needs a
 * register of its own, for there is no fused multiply-add, and the rest hold the panel's row and
 * what is broadcast from the sliver. */
#ifndef RNC_COMPUTE_KERNELS_GEMM_SSE2_H
#define RNC_COMPUTE_KERNELS_GEMM_SSE2_H

#include <emmintrin.h>

#include "compute/kernels/gemm.h"

#define TILE_ROWS 4

static void tile_f32_sse2(size_t depth, const void *left, const void *right, void *out,
                          size_t stride, bool add) {
    const float *sliver = left, *panel = right;
    float *rows = out;
    __m128 sum_f32x4[TILE_ROWS][2];
#pragma GCC unroll 4
    for (size_t r = 0; r < TILE_ROWS; r++)
        sum_f32x4[r][0] = sum_f32x4[r][1] = _mm_setzero_ps();
    for (size_t p = 0; p < depth; p++, sliver += TILE_ROWS, panel += 8) {
        __m128 low_f32x4 = _mm_loadu_ps(panel), high_f32x4 = _mm_loadu_ps(panel + 4);
#pragma GCC unroll 4
        for (size_t r = 0; r < TILE_ROWS; r++) {
            __m128 element_f32x4 = _mm_set1_ps(sliver[r]);
            sum_f32x4[r][0] = _mm_add_ps(sum_f32x4[r][0], _mm_mul_ps(element_f32x4, low_f32x4));
            sum_f32x4[r][1] = _mm_add_ps(sum_f32x4[r][1], _mm_mul_ps(element_f32x4, high_f32x4));
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 2
        for (size_t half = 0; half < 2; half++) {
            float *place = rows + r * stride + 4 * half;
            __m128 sum = sum_f32x4[r][half];
            _mm_storeu_ps(place, add ? _mm_add_ps(_mm_loadu_ps(place), sum) : sum);
        }
}

static void tile_f64_sse2(size_t depth, const void *left, const void *right, void *out,
                          size_t stride, bool add) {
    const double *sliver = left, *panel = right;
    double *rows = out;
    __m128d sum_f64x2[TILE_ROWS][2];
#pragma GCC unroll 4
    for (size_t r = 0; r < TILE_ROWS; r++)
        sum_f64x2[r][0] = sum_f64x2[r][1] = _mm_setzero_pd();
    for (size_t p = 0; p < depth; p++, sliver += TILE_ROWS, panel += 4) {
        __m128d low_f64x2 = _mm_loadu_pd(panel), high_f64x2 = _mm_loadu_pd(panel + 2);
#pragma GCC unroll 4
        for (size_t r = 0; r < TILE_ROWS; r++) {
            __m128d element_f64x2 = _mm_set1_pd(sliver[r]);
            sum_f64x2[r][0] = _mm_add_pd(sum_f64x2[r][0], _mm_mul_pd(element_f64x2, low_f64x2));
            sum_f64x2[r][1] = _mm_add_pd(sum_f64x2[r][1], _mm_mul_pd(element_f64x2, high_f64x2));
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 2
        for (size_t half = 0; half < 2; half++) {
            double *place = rows + r * stride + 2 * half;
            __m128d sum = sum_f64x2[r][half];
            _mm_storeu_pd(place, add ? _mm_add_pd(_mm_loadu_pd(place), sum) : sum);
        }
}

__attribute__((unused)) static const rnc_gemm_tile tile_f32 = {TILE_ROWS, 8, sizeof(float),
                                                               tile_f32_sse2};
static const rnc_gemm_tile tile_f64 = {TILE_ROWS, 4, sizeof(double), tile_f64_sse2};

#endif
