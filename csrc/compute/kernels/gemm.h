/* Blocked matrix multiplication around a register tile, after Goto and van de Geijn, "Anatomy of
 * high-performance matrix multiplication" (2008).
 *
 * The depth is cut into blocks. In each, a block of the right operand is packed into panels as wide
 * as the tile (one panel fits the first-level cache), and blocks of the left one into slivers as
 * high as it (a block fits the second level); both are padded with zeros to whole tiles. A tile
 * multiplies one sliver by one panel in registers.
 *
 * An element of the result is the sum of its blocks in order, and a block the sum of its products
 * in order, on every instruction set: those that fuse give the same bits, and those that do not
 * too. */
#ifndef RNC_COMPUTE_KERNELS_GEMM_H
#define RNC_COMPUTE_KERNELS_GEMM_H

#include "compute/matrix/kernel.h"

#define RNC_GEMM_DEPTH 256
#define RNC_GEMM_ROWS  120 /* a multiple of every tile's rows */
#define RNC_GEMM_COLS  1024

#define RNC_GEMM_TILE_ROWS 8 /* the most of any tile */
#define RNC_GEMM_TILE_COLS 16

#define RNC_INLINE static inline __attribute__((always_inline))

/* out = left * right, or out += with add: a whole tile, whose rows lie `stride` elements apart. */
typedef void rnc_gemm_multiply(size_t depth, const void *left, const void *right, void *out,
                               size_t stride, bool add);

typedef struct rnc_gemm_tile {
    size_t rows;
    size_t cols;
    size_t element_size;
    rnc_gemm_multiply *multiply;
} rnc_gemm_tile;

/* Any matrix or its transpose: strides in bytes. */
typedef struct rnc_gemm_operand {
    const char *data;
    size_t row_stride;
    size_t col_stride;
} rnc_gemm_operand;

static inline size_t rnc_least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Bytes of the packed left block; those of the packed right one follow them. */
static inline size_t rnc_gemm_left_bytes(size_t rows, size_t depth, size_t element_size) {
    size_t bytes = (rnc_least(rows, RNC_GEMM_ROWS) + RNC_GEMM_TILE_ROWS) *
                   rnc_least(depth, RNC_GEMM_DEPTH) * element_size;
    return (bytes + RNC_MATRIX_ALIGNMENT - 1) / RNC_MATRIX_ALIGNMENT * RNC_MATRIX_ALIGNMENT;
}

static inline size_t rnc_gemm_scratch(size_t rows, size_t cols, size_t depth, size_t element_size) {
    return rnc_gemm_left_bytes(rows, depth, element_size) +
           (rnc_least(cols, RNC_GEMM_COLS) + RNC_GEMM_TILE_COLS) *
               rnc_least(depth, RNC_GEMM_DEPTH) * element_size;
}

RNC_INLINE void rnc_pack_left(const rnc_gemm_tile *tile, rnc_gemm_operand left, size_t rows,
                              size_t depth, char *packed) {
    const size_t size = tile->element_size;
    for (size_t i = 0; i < rows; i += tile->rows) {
        const char *sliver = left.data + i * left.row_stride;
        size_t height = rnc_least(tile->rows, rows - i);
        for (size_t p = 0; p < depth; p++, sliver += left.col_stride, packed += tile->rows * size) {
            if (RNC_LIKELY(height == tile->rows)) {
#pragma GCC unroll 8
                for (size_t r = 0; r < tile->rows; r++)
                    memcpy(packed + r * size, sliver + r * left.row_stride, size);
                continue;
            }
            memset(packed, 0, tile->rows * size);
            for (size_t r = 0; r < height; r++)
                memcpy(packed + r * size, sliver + r * left.row_stride, size);
        }
    }
}

/* The right operand's rows must be contiguous. */
RNC_INLINE void rnc_pack_right(const rnc_gemm_tile *tile, rnc_gemm_operand right, size_t cols,
                               size_t depth, char *packed) {
    const size_t panel = tile->cols * tile->element_size;
    for (size_t j = 0; j < cols; j += tile->cols) {
        const char *row = right.data + j * tile->element_size;
        size_t width = rnc_least(tile->cols, cols - j);
        for (size_t p = 0; p < depth; p++, row += right.row_stride, packed += panel) {
            if (RNC_LIKELY(width == tile->cols)) {
                memcpy(packed, row, panel);
                continue;
            }
            memset(packed, 0, panel);
            memcpy(packed, row, width * tile->element_size);
        }
    }
}

/* The part of a tile that lies inside the result. */
RNC_INLINE void rnc_gemm_merge(const rnc_gemm_tile *tile, const char *sums, char *out,
                               size_t row_bytes, size_t rows, size_t cols, bool add) {
    const size_t size = tile->element_size;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) {
            const char *sum = sums + (r * tile->cols + c) * size;
            char *place = out + r * row_bytes + c * size;
            if (!add)
                memcpy(place, sum, size);
            else if (size == sizeof(float))
                rnc_store_f32((float *)place, 0,
                              rnc_load_f32((float *)place, 0) +
                                  rnc_load_f32((const float *)sum, 0));
            else
                rnc_store_f64((double *)place, 0,
                              rnc_load_f64((double *)place, 0) +
                                  rnc_load_f64((const double *)sum, 0));
        }
}

/* One packed block of the left operand by the packed right one. Tiles that begin `below` columns or
 * more left of their first row are left out: see rnc_gemm_block. */
RNC_INLINE void rnc_gemm_tiles(const rnc_gemm_tile *tile, const char *left, const char *right,
                               size_t depth, char *out, size_t row_bytes, size_t rows, size_t cols,
                               bool add, ptrdiff_t below) {
    const size_t size = tile->element_size;
    _Alignas(
        RNC_MATRIX_ALIGNMENT) char edge[RNC_GEMM_TILE_ROWS * RNC_GEMM_TILE_COLS * sizeof(double)];
    for (size_t j = 0; j < cols; j += tile->cols)
        for (size_t i = 0; i < rows; i += tile->rows) {
            if ((ptrdiff_t)i - (ptrdiff_t)j >= below)
                break;
            char *place = out + i * row_bytes + j * size;
            const char *sliver = left + i * depth * size, *panel = right + j * depth * size;
            if (RNC_LIKELY(i + tile->rows <= rows && j + tile->cols <= cols)) {
                tile->multiply(depth, sliver, panel, place, row_bytes / size, add);
                continue;
            }
            tile->multiply(depth, sliver, panel, edge, tile->cols, false);
            rnc_gemm_merge(tile, edge, place, row_bytes, rnc_least(tile->rows, rows - i),
                           rnc_least(tile->cols, cols - j), add);
        }
}

/* out (rows x cols, contiguous) = left * right, or += with add; depth at most RNC_GEMM_DEPTH.
 * upper: the result is symmetric, and what lies below its diagonal is not wanted. */
RNC_INLINE void rnc_gemm_block(const rnc_gemm_tile *tile, rnc_gemm_operand left,
                               rnc_gemm_operand right, char *out, size_t rows, size_t cols,
                               size_t depth, bool add, bool upper, char *scratch) {
    const size_t size = tile->element_size, row_bytes = cols * size;
    char *packed_right = scratch + rnc_gemm_left_bytes(rows, depth, size);
    for (size_t j = 0; j < cols; j += RNC_GEMM_COLS) {
        size_t block_cols = rnc_least(RNC_GEMM_COLS, cols - j);
        rnc_gemm_operand columns = right;
        columns.data += j * right.col_stride;
        rnc_pack_right(tile, columns, block_cols, depth, packed_right);
        for (size_t i = 0; i < rows; i += RNC_GEMM_ROWS) {
            size_t block_rows = rnc_least(RNC_GEMM_ROWS, rows - i);
            ptrdiff_t below = upper ? (ptrdiff_t)(j + tile->cols) - (ptrdiff_t)i : PTRDIFF_MAX;
            rnc_gemm_operand slivers = left;
            slivers.data += i * left.row_stride;
            rnc_pack_left(tile, slivers, block_rows, depth, scratch);
            rnc_gemm_tiles(tile, scratch, packed_right, depth, out + i * row_bytes + j * size,
                           row_bytes, block_rows, block_cols, add, below);
        }
    }
}

RNC_INLINE void rnc_gemm_run(const rnc_gemm_tile *tile, const rnc_matrix_input *in,
                             rnc_matrix_output *out) {
    const size_t size = tile->element_size, depth = in->left.cols;
    const size_t left_row = in->left.cols * size, right_row = in->right.cols * size;
    if (!depth)
        memset(out->data, 0, out->rows * out->cols * size);
    for (size_t p = 0; p < depth; p += RNC_GEMM_DEPTH) {
        rnc_gemm_operand left = {(const char *)in->left.data + p * size, left_row, size};
        rnc_gemm_operand right = {(const char *)in->right.data + p * right_row, right_row, size};
        rnc_gemm_block(tile, left, right, out->data, out->rows, out->cols,
                       rnc_least(RNC_GEMM_DEPTH, depth - p), p > 0, false, in->scratch);
    }
}

#endif
