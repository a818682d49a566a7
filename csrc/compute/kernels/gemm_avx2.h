/* The register tiles of AVX2 + FMA: six rows by two vectors make twelve accumulators, which cover
 * four cycles of latency on two pipes; two more registers hold the panel's row and the last two
 * what is broadcast from the sliver, so each step costs twelve multiply-adds for eight loads. */
#ifndef RNC_COMPUTE_KERNELS_GEMM_AVX2_H
#define RNC_COMPUTE_KERNELS_GEMM_AVX2_H

#include <immintrin.h>

#include "compute/kernels/gemm.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#define TILE_ROWS 6

static void tile_f32_avx2(size_t depth, const void *left, const void *right, void *out,
                          size_t stride, bool add) {
    const float *sliver = left, *panel = right;
    float *rows = out;
    __m256 sum_f32x8[TILE_ROWS][2];
#pragma GCC unroll 6
    for (size_t r = 0; r < TILE_ROWS; r++)
        sum_f32x8[r][0] = sum_f32x8[r][1] = _mm256_setzero_ps();
    for (size_t p = 0; p < depth; p++, sliver += TILE_ROWS, panel += 16) {
        __m256 low_f32x8 = _mm256_loadu_ps(panel), high_f32x8 = _mm256_loadu_ps(panel + 8);
#pragma GCC unroll 6
        for (size_t r = 0; r < TILE_ROWS; r++) {
            __m256 element_f32x8 = _mm256_broadcast_ss(sliver + r);
            sum_f32x8[r][0] = _mm256_fmadd_ps(element_f32x8, low_f32x8, sum_f32x8[r][0]);
            sum_f32x8[r][1] = _mm256_fmadd_ps(element_f32x8, high_f32x8, sum_f32x8[r][1]);
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 2
        for (size_t half = 0; half < 2; half++) {
            float *place = rows + r * stride + 8 * half;
            __m256 sum = sum_f32x8[r][half];
            _mm256_storeu_ps(place, add ? _mm256_add_ps(_mm256_loadu_ps(place), sum) : sum);
        }
}

static void tile_f64_avx2(size_t depth, const void *left, const void *right, void *out,
                          size_t stride, bool add) {
    const double *sliver = left, *panel = right;
    double *rows = out;
    __m256d sum_f64x4[TILE_ROWS][2];
#pragma GCC unroll 6
    for (size_t r = 0; r < TILE_ROWS; r++)
        sum_f64x4[r][0] = sum_f64x4[r][1] = _mm256_setzero_pd();
    for (size_t p = 0; p < depth; p++, sliver += TILE_ROWS, panel += 8) {
        __m256d low_f64x4 = _mm256_loadu_pd(panel), high_f64x4 = _mm256_loadu_pd(panel + 4);
#pragma GCC unroll 6
        for (size_t r = 0; r < TILE_ROWS; r++) {
            __m256d element_f64x4 = _mm256_broadcast_sd(sliver + r);
            sum_f64x4[r][0] = _mm256_fmadd_pd(element_f64x4, low_f64x4, sum_f64x4[r][0]);
            sum_f64x4[r][1] = _mm256_fmadd_pd(element_f64x4, high_f64x4, sum_f64x4[r][1]);
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 2
        for (size_t half = 0; half < 2; half++) {
            double *place = rows + r * stride + 4 * half;
            __m256d sum = sum_f64x4[r][half];
            _mm256_storeu_pd(place, add ? _mm256_add_pd(_mm256_loadu_pd(place), sum) : sum);
        }
}

#pragma GCC pop_options

__attribute__((unused)) static const rnc_gemm_tile tile_f32 = {TILE_ROWS, 16, sizeof(float),
                                                               tile_f32_avx2};
static const rnc_gemm_tile tile_f64 = {TILE_ROWS, 8, sizeof(double), tile_f64_avx2};

#endif
