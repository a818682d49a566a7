/* What the kernels of the two-dimensional convolution share:
 *
 *     result[i][j] = sum over a, b of image[i + a][j + b] * weights[rows - 1 - a][cols - 1 - b],
 *
 * true convolution (the weights are turned by half a circle), only where they lie wholly inside the
 * image. The sum starts at zero and takes its products row by row, each rounded before it is added,
 * so the result is the same bits on every instruction set. */
#ifndef RNC_COMPUTE_KERNELS_CONVOLVE_H
#define RNC_COMPUTE_KERNELS_CONVOLVE_H

#include "compute/matrix/kernel.h"

static inline float rnc_convolve_f32(const rnc_matrix_input *in, size_t row, size_t col) {
    const rnc_mat *image = &in->left, *weights = &in->right;
    size_t weight = weights->rows * weights->cols;
    float sum = 0;
    for (size_t a = 0; a < weights->rows; a++)
        for (size_t b = 0; b < weights->cols; b++)
            sum += rnc_load_f32(image->data, (row + a) * image->cols + col + b) *
                   rnc_load_f32(weights->data, --weight);
    return sum;
}

static inline double rnc_convolve_f64(const rnc_matrix_input *in, size_t row, size_t col) {
    const rnc_mat *image = &in->left, *weights = &in->right;
    size_t weight = weights->rows * weights->cols;
    double sum = 0;
    for (size_t a = 0; a < weights->rows; a++)
        for (size_t b = 0; b < weights->cols; b++)
            sum += rnc_load_f64(image->data, (row + a) * image->cols + col + b) *
                   rnc_load_f64(weights->data, --weight);
    return sum;
}

#endif
