/* What the kernels of matrix times vector share. Column c belongs to virtual lane c mod LANES, as
 * in lanes.h, so the result is the same bits on every instruction set. */
#ifndef RNC_COMPUTE_KERNELS_MATVEC_H
#define RNC_COMPUTE_KERNELS_MATVEC_H

#include "compute/kernels/lanes.h"
#include "compute/matrix/kernel.h"

#define RNC_MATVEC_LANES 16

/* Bytes of the vector in float64, which every row is multiplied with. */
static inline size_t rnc_matvec_scratch(size_t cols, size_t element_size) {
    return element_size == sizeof(float) ? cols * sizeof(double) : 0;
}

static inline const double *rnc_matvec_widened(const rnc_matrix_input *in) {
    double *wide = in->scratch;
    for (size_t c = 0; c < in->left.cols; c++)
        wide[c] = (double)rnc_load_f32(in->right.data, c);
    return wide;
}

/* The columns from `column` on, past the last whole vector. */
static inline void rnc_matvec_tail_f32(double *lanes, const float *row, const double *vector,
                                       size_t column, size_t cols) {
    for (; column < cols; column++)
        lanes[column % RNC_MATVEC_LANES] += (double)rnc_load_f32(row, column) * vector[column];
}

static inline void rnc_matvec_tail_f64(double *lanes, const double *row, const double *vector,
                                       size_t column, size_t cols) {
    for (; column < cols; column++)
        lanes[column % RNC_MATVEC_LANES] +=
            rnc_load_f64(row, column) * rnc_load_f64(vector, column);
}

#endif
