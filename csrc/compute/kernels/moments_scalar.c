/* The specification of the moments family: the lanes of one block. Blocks and their merging are the
 * same code for every instruction set, in moments.h. A square is multiplied, rounded, then added,
 * never fused, so that every instruction set can do the same. */
#include "compute/kernels/moments.h"

static void block_f32(const void *data, size_t length, double scale, double shift, double *sums,
                      double *squares) {
    for (size_t lane = 0; lane < RNC_MOMENTS_LANES; lane++)
        sums[lane] = squares[lane] = 0;
    for (size_t i = 0; i < length; i++) {
        double distance = (double)rnc_load_f32(data, i) - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
    }
}

static void block_f64(const void *data, size_t length, double scale, double shift, double *sums,
                      double *squares) {
    for (size_t lane = 0; lane < RNC_MOMENTS_LANES; lane++)
        sums[lane] = squares[lane] = 0;
    for (size_t i = 0; i < length; i++) {
        double distance = rnc_load_f64(data, i) * scale - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
    }
}

void rnc_moments_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    rnc_moments_run(in, sizeof(float), (double)rnc_load_f32(in->data, 0), block_f32, out);
}

void rnc_moments_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    rnc_moments_run(in, sizeof(double), rnc_load_f64(in->data, 0) * in->scale, block_f64, out);
}
