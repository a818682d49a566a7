/* NEON: columns are centred two at a time, and multiplied by the float64 tile of gemm_neon.h. */
#include "compute/kernels/correlation.h"

#if RNC_AARCH64
#include "compute/kernels/gemm_neon.h"

RNC_INLINE float64x2_t shifted(const rnc_mat *matrix, const rnc_columns *columns, size_t row,
                               size_t column, size_t size) {
    size_t index = row * matrix->cols + column;
    float64x2_t element_f64x2 = size == sizeof(float)
                                    ? vcvt_f64_f32(vld1_f32((const float *)matrix->data + index))
                                    : vld1q_f64((const double *)matrix->data + index);
    return vsubq_f64(vmulq_f64(element_f64x2, vld1q_f64(columns->scale + column)),
                     vld1q_f64(columns->shift + column));
}

static void add_row_neon(const rnc_mat *in, const rnc_columns *columns, size_t row, size_t size) {
    size_t c = 0;
    for (; c + 2 <= in->cols; c += 2)
        vst1q_f64(columns->block + c,
                  vaddq_f64(vld1q_f64(columns->block + c), shifted(in, columns, row, c, size)));
    rnc_columns_add(in, columns, row, c, size);
}

static void centre_row_neon(const rnc_mat *in, const rnc_columns *columns, size_t row, size_t size,
                            double *centred) {
    size_t c = 0;
    for (; c + 2 <= in->cols; c += 2)
        vst1q_f64(centred + c,
                  vsubq_f64(shifted(in, columns, row, c, size), vld1q_f64(columns->mean + c)));
    rnc_columns_centre(in, columns, row, c, size, centred);
}

static void multiply_neon(const double *centred, size_t rows, size_t cols, double *products,
                          bool add, char *scratch) {
    rnc_correlation_by_tile(&tile_f64, centred, rows, cols, products, add, scratch);
}

void rnc_correlation_matrix_f32_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    rnc_correlation_run(in, out, sizeof(float), add_row_neon, centre_row_neon, multiply_neon);
}

void rnc_correlation_matrix_f64_neon(const rnc_matrix_input *in, rnc_matrix_output *out) {
    RNC_STAMP(out, NEON);
    rnc_correlation_run(in, out, sizeof(double), add_row_neon, centre_row_neon, multiply_neon);
}

#endif
