/* Transposition by square tiles as wide as one vector, in blocks of tiles that stay in the
 * first-level cache whichever way they are walked. */
#ifndef RNC_COMPUTE_KERNELS_TRANSPOSE_H
#define RNC_COMPUTE_KERNELS_TRANSPOSE_H

#include "compute/matrix/kernel.h"

#define RNC_TRANSPOSE_BLOCK 32 /* elements; a multiple of every tile's width */

/* A whole tile: strides in elements. */
typedef void rnc_transpose_tile(const void *in, size_t in_stride, void *out, size_t out_stride);

static inline __attribute__((always_inline)) void
rnc_transpose_elements(const char *in, size_t in_stride, char *out, size_t out_stride, size_t rows,
                       size_t cols, size_t size) {
    for (size_t c = 0; c < cols; c++)
        for (size_t r = 0; r < rows; r++)
            memcpy(out + (c * out_stride + r) * size, in + (r * in_stride + c) * size, size);
}

static inline __attribute__((always_inline)) void
rnc_transpose_block(const char *in, size_t in_stride, char *out, size_t out_stride, size_t rows,
                    size_t cols, size_t size, size_t width, rnc_transpose_tile *tile) {
    for (size_t r = 0; r < rows; r += width)
        for (size_t c = 0; c < cols; c += width) {
            const char *from = in + (r * in_stride + c) * size;
            char *to = out + (c * out_stride + r) * size;
            size_t height = rows - r < width ? rows - r : width;
            size_t breadth = cols - c < width ? cols - c : width;
            if (RNC_LIKELY(height == width && breadth == width))
                tile(from, in_stride, to, out_stride);
            else
                rnc_transpose_elements(from, in_stride, to, out_stride, height, breadth, size);
        }
}

static inline __attribute__((always_inline)) void rnc_transpose_run(const rnc_matrix_input *in,
                                                                    rnc_matrix_output *out,
                                                                    size_t size, size_t width,
                                                                    rnc_transpose_tile *tile) {
    const size_t rows = in->left.rows, cols = in->left.cols, block = RNC_TRANSPOSE_BLOCK;
    for (size_t r = 0; r < rows; r += block)
        for (size_t c = 0; c < cols; c += block)
            rnc_transpose_block((const char *)in->left.data + (r * cols + c) * size, cols,
                                (char *)out->data + (c * rows + r) * size, rows,
                                rows - r < block ? rows - r : block,
                                cols - c < block ? cols - c : block, size, width, tile);
}

#endif
