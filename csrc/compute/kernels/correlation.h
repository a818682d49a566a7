/* The correlation matrix of columns, in float64 whatever the elements are.
 *
 * A float64 column is scaled by a power of two into the middle of the range; each is shifted by its
 * first element (so a constant one becomes exact zeros) and centred by the mean of what that
 * leaves. The squared error of the shift is at most n times the variance, so no digits are lost to
 * a large mean. The centred columns, a block of rows at a time, are multiplied with themselves by
 * the instruction set's own tile; dividing by the square roots of the diagonal is left to the end.
 */
#ifndef RNC_COMPUTE_KERNELS_CORRELATION_H
#define RNC_COMPUTE_KERNELS_CORRELATION_H

#include <math.h>

#include "compute/kernels/gemm.h"

#define RNC_CORRELATION_ROWS RNC_GEMM_DEPTH

/* products (cols x cols) = centred^T * centred, or += with add; only the diagonal and what lies
 * above it need be right. */
typedef void rnc_correlation_multiply(const double *centred, size_t rows, size_t cols,
                                      double *products, bool add, char *scratch);

typedef struct rnc_columns {
    double *scale;
    double *shift; /* of scaled elements */
    double *mean;  /* of shifted ones */
    double *block; /* sums of a block of rows */
    double *centred;
    double *products;
    char *gemm;
} rnc_columns;

static inline size_t rnc_correlation_doubles(size_t rows, size_t cols) {
    size_t doubles = (4 + rnc_least(rows, RNC_CORRELATION_ROWS) + cols) * cols;
    size_t line = RNC_MATRIX_ALIGNMENT / sizeof(double);
    return (doubles + line - 1) / line * line;
}

static inline size_t rnc_correlation_scratch(size_t rows, size_t cols) {
    return rnc_correlation_doubles(rows, cols) * sizeof(double) +
           rnc_gemm_scratch(cols, cols, rows, sizeof(double));
}

RNC_INLINE double rnc_element(const rnc_mat *matrix, size_t index, size_t size) {
    return size == sizeof(float) ? (double)rnc_load_f32(matrix->data, index)
                                 : rnc_load_f64(matrix->data, index);
}

/* The power of two that takes a column's largest magnitude to about 1; 1 for what has none. */
static inline double rnc_column_scale(double largest) {
    if (!(largest > 0) || isinf(largest))
        return 1;
    int exponent = -ilogb(largest);
    return ldexp(1, exponent < 1023 ? exponent : 1023);
}

/* Squares of float32 lie in float64's range as they are. */
RNC_INLINE void rnc_columns_scale(const rnc_mat *in, rnc_columns *columns, size_t size) {
    for (size_t c = 0; c < in->cols; c++)
        columns->scale[c] = 0;
    for (size_t r = 0; size == sizeof(double) && r < in->rows; r++)
        for (size_t c = 0; c < in->cols; c++) {
            double magnitude = fabs(rnc_element(in, r * in->cols + c, size));
            if (magnitude > columns->scale[c])
                columns->scale[c] = magnitude;
        }
    for (size_t c = 0; c < in->cols; c++) {
        columns->scale[c] = rnc_column_scale(columns->scale[c]);
        columns->shift[c] = rnc_element(in, c, size) * columns->scale[c];
    }
}

/* Adds the columns of a row from `column` on, shifted, to the block's sums. */
RNC_INLINE void rnc_columns_add(const rnc_mat *in, const rnc_columns *columns, size_t row,
                                size_t column, size_t size) {
    for (size_t c = column; c < in->cols; c++)
        columns->block[c] +=
            rnc_element(in, row * in->cols + c, size) * columns->scale[c] - columns->shift[c];
}

/* Writes the columns of a row from `column` on, centred. */
RNC_INLINE void rnc_columns_centre(const rnc_mat *in, const rnc_columns *columns, size_t row,
                                   size_t column, size_t size, double *centred) {
    for (size_t c = column; c < in->cols; c++) {
        double element = rnc_element(in, row * in->cols + c, size) * columns->scale[c];
        centred[c] = (element - columns->shift[c]) - columns->mean[c];
    }
}

/* What an instruction set does with a whole row: the two above, and the product. */
typedef void rnc_correlation_add(const rnc_mat *in, const rnc_columns *columns, size_t row,
                                 size_t size);
typedef void rnc_correlation_centre(const rnc_mat *in, const rnc_columns *columns, size_t row,
                                    size_t size, double *centred);

RNC_INLINE void rnc_columns_mean(const rnc_mat *in, rnc_columns *columns, size_t size,
                                 rnc_correlation_add *add_row) {
    for (size_t c = 0; c < in->cols; c++)
        columns->mean[c] = 0;
    for (size_t r = 0; r < in->rows;) {
        size_t end = rnc_least(in->rows, r + RNC_CORRELATION_ROWS);
        for (size_t c = 0; c < in->cols; c++)
            columns->block[c] = 0;
        for (; r < end; r++)
            add_row(in, columns, r, size);
        for (size_t c = 0; c < in->cols; c++)
            columns->mean[c] += columns->block[c];
    }
    for (size_t c = 0; c < in->cols; c++)
        columns->mean[c] /= (double)in->rows;
}

/* A diagonal element is 1, or NaN; the others lie in [-1, 1]. */
static inline double rnc_correlation_of(const double *products, const double *deviation,
                                        size_t cols, size_t r, size_t c) {
    double product = r < c ? products[r * cols + c] : products[c * cols + r];
    double correlation = r == c ? product / product : product / (deviation[r] * deviation[c]);
    return correlation > 1 ? 1 : correlation < -1 ? -1 : correlation;
}

RNC_INLINE void rnc_correlation_finish(const rnc_columns *columns, rnc_matrix_output *out,
                                       size_t size) {
    const size_t cols = out->cols;
    double *deviation = columns->block;
    for (size_t c = 0; c < cols; c++) {
        deviation[c] = sqrt(columns->products[c * cols + c]);
        out->constant |= deviation[c] == 0;
    }
    for (size_t r = 0; r < cols; r++)
        for (size_t c = 0; c < cols; c++) {
            double correlation = rnc_correlation_of(columns->products, deviation, cols, r, c);
            if (size == sizeof(float))
                rnc_store_f32(out->data, r * cols + c, (float)correlation);
            else
                rnc_store_f64(out->data, r * cols + c, correlation);
        }
}

RNC_INLINE void rnc_correlation_run(const rnc_matrix_input *in, rnc_matrix_output *out, size_t size,
                                    rnc_correlation_add *add_row,
                                    rnc_correlation_centre *centre_row,
                                    rnc_correlation_multiply *multiply) {
    const rnc_mat *left = &in->left;
    const size_t cols = left->cols;
    double *next = in->scratch;
    rnc_columns columns = {
        .scale = next,
        .shift = next + cols,
        .mean = next + 2 * cols,
        .block = next + 3 * cols,
        .products = next + 4 * cols,
        .centred = next + 4 * cols + cols * cols,
        .gemm = (char *)(next + rnc_correlation_doubles(left->rows, cols)),
    };
    rnc_columns_scale(left, &columns, size);
    rnc_columns_mean(left, &columns, size, add_row);
    for (size_t r = 0; r < left->rows; r += RNC_CORRELATION_ROWS) {
        size_t rows = rnc_least(RNC_CORRELATION_ROWS, left->rows - r);
        for (size_t i = 0; i < rows; i++)
            centre_row(left, &columns, r + i, size, columns.centred + i * cols);
        multiply(columns.centred, rows, cols, columns.products, r > 0, columns.gemm);
    }
    rnc_correlation_finish(&columns, out, size);
}

/* With an instruction set's float64 tile. */
RNC_INLINE void rnc_correlation_by_tile(const rnc_gemm_tile *tile, const double *centred,
                                        size_t rows, size_t cols, double *products, bool add,
                                        char *scratch) {
    const size_t row_bytes = cols * sizeof(double);
    rnc_gemm_operand left = {(const char *)centred, sizeof(double), row_bytes};
    rnc_gemm_operand right = {(const char *)centred, row_bytes, sizeof(double)};
    rnc_gemm_block(tile, left, right, (char *)products, cols, cols, rows, add, true, scratch);
}

#endif
