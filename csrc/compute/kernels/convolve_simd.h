/* The kernels of the two-dimensional convolution, once per instruction set. A weight is broadcast
 * once for several vectors of the result. Multiplied, then added: fusing the two would save little,
 * for loads bound the loop, and change bits. */
#include "compute/kernels/convolve.h"

enum { SIDE_BY_SIDE = 4 }; /* vectors of one row of the result */

/* `count` vectors of the result from `place` on, where the image's first elements for them lie. */
SIMD_INLINE void OWN(convolve_f32)(const float *image, const rnc_matrix_input *in, float *place,
                                   const size_t count) {
    const float *weights = in->right.data;
    size_t weight = in->right.rows * in->right.cols;
    f32xn sum[SIDE_BY_SIDE];
#pragma GCC unroll 4
    for (size_t k = 0; k < count; k++)
        sum[k] = splat_f32(0);
    for (size_t a = 0; a < in->right.rows; a++, image += in->left.cols)
        for (size_t b = 0; b < in->right.cols; b++) {
            f32xn factor = splat_f32(rnc_load_f32(weights, --weight));
#pragma GCC unroll 4
            for (size_t k = 0; k < count; k++)
                sum[k] = add_f32(sum[k], mul_f32(load_f32(image + b + F32_WIDTH * k), factor));
        }
#pragma GCC unroll 4
    for (size_t k = 0; k < count; k++)
        store_f32(place + F32_WIDTH * k, sum[k]);
}

SIMD_INLINE void OWN(convolve_f64)(const double *image, const rnc_matrix_input *in, double *place,
                                   const size_t count) {
    const double *weights = in->right.data;
    size_t weight = in->right.rows * in->right.cols;
    f64xn sum[SIDE_BY_SIDE];
#pragma GCC unroll 4
    for (size_t k = 0; k < count; k++)
        sum[k] = splat_f64(0);
    for (size_t a = 0; a < in->right.rows; a++, image += in->left.cols)
        for (size_t b = 0; b < in->right.cols; b++) {
            f64xn factor = splat_f64(rnc_load_f64(weights, --weight));
#pragma GCC unroll 4
            for (size_t k = 0; k < count; k++)
                sum[k] = add_f64(sum[k], mul_f64(load_f64(image + b + F64_WIDTH * k), factor));
        }
#pragma GCC unroll 4
    for (size_t k = 0; k < count; k++)
        store_f64(place + F64_WIDTH * k, sum[k]);
}

MATRIX_KERNEL(convolve2d, f32) {
    STAMP(out);
    const float *image = in->left.data;
    float *row = out->data;
    for (size_t i = 0; i < out->rows; i++, image += in->left.cols, row += out->cols) {
        size_t j = 0;
        for (; j + F32_WIDTH * SIDE_BY_SIDE <= out->cols; j += F32_WIDTH * SIDE_BY_SIDE)
            OWN(convolve_f32)(image + j, in, row + j, SIDE_BY_SIDE);
        for (; j + F32_WIDTH <= out->cols; j += F32_WIDTH)
            OWN(convolve_f32)(image + j, in, row + j, 1);
        for (; j < out->cols; j++)
            rnc_store_f32(row, j, rnc_convolve_f32(in, i, j));
    }
}

MATRIX_KERNEL(convolve2d, f64) {
    STAMP(out);
    const double *image = in->left.data;
    double *row = out->data;
    for (size_t i = 0; i < out->rows; i++, image += in->left.cols, row += out->cols) {
        size_t j = 0;
        for (; j + F64_WIDTH * SIDE_BY_SIDE <= out->cols; j += F64_WIDTH * SIDE_BY_SIDE)
            OWN(convolve_f64)(image + j, in, row + j, SIDE_BY_SIDE);
        for (; j + F64_WIDTH <= out->cols; j += F64_WIDTH)
            OWN(convolve_f64)(image + j, in, row + j, 1);
        for (; j < out->cols; j++)
            rnc_store_f64(row, j, rnc_convolve_f64(in, i, j));
    }
}
