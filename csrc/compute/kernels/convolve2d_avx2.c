/* AVX2: a weight is broadcast once for four vectors of the result. Multiplied, then added: fusing
 * the two would save little, for loads bound the loop, and change bits. */
#include "compute/kernels/convolve.h"

#if RNC_X86_64
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#define CHAINS 4 /* vectors of one row of the result, side by side */

/* `chains` vectors of the result from `place` on, where the image's first elements for them lie. */
static inline __attribute__((always_inline)) void
vectors_f32(const float *image, const rnc_matrix_input *in, float *place, size_t chains) {
    const float *weights = in->right.data;
    size_t weight = in->right.rows * in->right.cols;
    __m256 sum_f32x8[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < chains; k++)
        sum_f32x8[k] = _mm256_setzero_ps();
    for (size_t a = 0; a < in->right.rows; a++, image += in->left.cols)
        for (size_t b = 0; b < in->right.cols; b++) {
            __m256 weight_f32x8 = _mm256_set1_ps(rnc_load_f32(weights, --weight));
#pragma GCC unroll 4
            for (size_t k = 0; k < chains; k++)
                sum_f32x8[k] = _mm256_add_ps(
                    sum_f32x8[k], _mm256_mul_ps(_mm256_loadu_ps(image + b + 8 * k), weight_f32x8));
        }
#pragma GCC unroll 4
    for (size_t k = 0; k < chains; k++)
        _mm256_storeu_ps(place + 8 * k, sum_f32x8[k]);
}

void rnc_convolve2d_f32_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    const float *image = in->left.data;
    float *row = out->data;
    for (size_t i = 0; i < out->rows; i++, image += in->left.cols, row += out->cols) {
        size_t j = 0;
        for (; j + 8 * CHAINS <= out->cols; j += 8 * CHAINS)
            vectors_f32(image + j, in, row + j, CHAINS);
        for (; j + 8 <= out->cols; j += 8)
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
    __m256d sum_f64x4[CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < chains; k++)
        sum_f64x4[k] = _mm256_setzero_pd();
    for (size_t a = 0; a < in->right.rows; a++, image += in->left.cols)
        for (size_t b = 0; b < in->right.cols; b++) {
            __m256d weight_f64x4 = _mm256_set1_pd(rnc_load_f64(weights, --weight));
#pragma GCC unroll 4
            for (size_t k = 0; k < chains; k++)
                sum_f64x4[k] = _mm256_add_pd(
                    sum_f64x4[k], _mm256_mul_pd(_mm256_loadu_pd(image + b + 4 * k), weight_f64x4));
        }
#pragma GCC unroll 4
    for (size_t k = 0; k < chains; k++)
        _mm256_storeu_pd(place + 4 * k, sum_f64x4[k]);
}

void rnc_convolve2d_f64_avx2(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, AVX2);
    const double *image = in->left.data;
    double *row = out->data;
    for (size_t i = 0; i < out->rows; i++, image += in->left.cols, row += out->cols) {
        size_t j = 0;
        for (; j + 4 * CHAINS <= out->cols; j += 4 * CHAINS)
            vectors_f64(image + j, in, row + j, CHAINS);
        for (; j + 4 <= out->cols; j += 4)
            vectors_f64(image + j, in, row + j, 1);
        for (; j < out->cols; j++)
            rnc_store_f64(row, j, rnc_convolve_f64(in, i, j));
    }
}

#pragma GCC pop_options
#endif
