/* The kernels of matrix times vector, once per instruction set. A float32 product is exact in
 * float64, so fusing it does not change a bit; a float64 product is rounded before it is added, as
 * everywhere. */
#include "compute/kernels/matvec.h"

enum { ROW_CHAINS = RNC_MATVEC_LANES / F64_WIDTH };

SIMD_INLINE f64xn OWN(add_column_f32)(f64xn sum, const float *row, const double *vector) {
    return add_exact_product(sum, load_widened(row), load_f64(vector));
}

SIMD_INLINE f64xn OWN(add_column_f64)(f64xn sum, const double *row, const double *vector) {
    return add_f64(sum, mul_f64(load_f64(row), load_f64(vector)));
}

MATRIX_KERNEL(matvec, f32) {
    STAMP(out);
    const float *row = in->left.data;
    const double *vector = rnc_matvec_widened(in);
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++, row += cols) {
        f64xn sum[ROW_CHAINS];
        double lanes[RNC_MATVEC_LANES];
        size_t c = 0;
#pragma GCC unroll 8
        for (size_t k = 0; k < ROW_CHAINS; k++)
            sum[k] = splat_f64(0);
        for (; c + RNC_MATVEC_LANES <= cols; c += RNC_MATVEC_LANES)
#pragma GCC unroll 8
            for (size_t k = 0; k < ROW_CHAINS; k++)
                sum[k] = OWN(add_column_f32)(sum[k], row + c + F64_WIDTH * k,
                                             vector + c + F64_WIDTH * k);
        size_t vectors = (cols - c) / F64_WIDTH;
#pragma GCC unroll 8
        for (size_t k = 0; k < ROW_CHAINS; k++) {
            if (k < vectors)
                sum[k] = OWN(add_column_f32)(sum[k], row + c + F64_WIDTH * k,
                                             vector + c + F64_WIDTH * k);
            store_f64(lanes + F64_WIDTH * k, sum[k]);
        }
        rnc_matvec_tail_f32(lanes, row, vector, c + F64_WIDTH * vectors, cols);
        rnc_store_f32(out->data, r, (float)rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}

MATRIX_KERNEL(matvec, f64) {
    STAMP(out);
    const double *row = in->left.data, *vector = in->right.data;
    const size_t cols = in->left.cols;
    for (size_t r = 0; r < out->rows; r++, row += cols) {
        f64xn sum[ROW_CHAINS];
        double lanes[RNC_MATVEC_LANES];
        size_t c = 0;
#pragma GCC unroll 8
        for (size_t k = 0; k < ROW_CHAINS; k++)
            sum[k] = splat_f64(0);
        for (; c + RNC_MATVEC_LANES <= cols; c += RNC_MATVEC_LANES)
#pragma GCC unroll 8
            for (size_t k = 0; k < ROW_CHAINS; k++)
                sum[k] = OWN(add_column_f64)(sum[k], row + c + F64_WIDTH * k,
                                             vector + c + F64_WIDTH * k);
        size_t vectors = (cols - c) / F64_WIDTH;
#pragma GCC unroll 8
        for (size_t k = 0; k < ROW_CHAINS; k++) {
            if (k < vectors)
                sum[k] = OWN(add_column_f64)(sum[k], row + c + F64_WIDTH * k,
                                             vector + c + F64_WIDTH * k);
            store_f64(lanes + F64_WIDTH * k, sum[k]);
        }
        rnc_matvec_tail_f64(lanes, row, vector, c + F64_WIDTH * vectors, cols);
        rnc_store_f64(out->data, r, rnc_fold(lanes, RNC_MATVEC_LANES));
    }
}
