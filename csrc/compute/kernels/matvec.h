/* What the kernels of matrix times vector share. Column c belongs to virtual lane c mod LANES, as
 * in lanes.h, so the result is the same bits on every instruction set. */
#ifndef RNC_COMPUTE_KERNELS_MATVEC_H
#define RNC_COMPUTE_KERNELS_MATVEC_H

#include "compute/kernels/lanes.h"
#include "compute/matrix/kernel.h"

#define RNC_MATVEC_LANES 16

/* The columns from `column` on, past the last whole vector. */
static inline void rnc_matvec_tail_f32(double *lanes, const float *row, const float *vector,
                                       size_t column, size_t cols) {
    for (; column < cols; column++)
        lanes[column % RNC_MATVEC_LANES] +=
            (double)rnc_load_f32(row, column) * (double)rnc_load_f32(vector, column);
}

static inline void rnc_matvec_tail_f64(double *lanes, const double *row, const double *vector,
                                       size_t column, size_t cols) {
    for (; column < cols; column++)
        lanes[column % RNC_MATVEC_LANES] +=
            rnc_load_f64(row, column) * rnc_load_f64(vector, column);
}

#endif
