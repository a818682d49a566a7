/* The specification of the dot family: the sum family's lanes over products. A product of two
 * float32 is exact in float64; one of two float64 keeps its rounding error. */
#include "compute/kernel.h"
#include "compute/kernels/lanes.h"

void rnc_dot_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const float *x = in->data, *y = in->other;
    double lanes[RNC_SUM_F32_LANES] = {0};
    for (size_t i = 0; i < in->length; i++)
        lanes[i % RNC_SUM_F32_LANES] += (double)rnc_load_f32(x, i) * (double)rnc_load_f32(y, i);
    out->value[0] = rnc_fold(lanes, RNC_SUM_F32_LANES);
    out->value[1] = 0;
}

void rnc_dot_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const double *x = in->data, *y = in->other;
    double sums[RNC_SUM_F64_LANES] = {0}, errors[RNC_SUM_F64_LANES] = {0};
    for (size_t i = 0; i < in->length; i++) {
        size_t lane = i % RNC_SUM_F64_LANES;
        rnc_add_product(&sums[lane], &errors[lane], rnc_load_f64(x, i) * in->scale,
                        rnc_load_f64(y, i) * in->other_scale);
    }
    rnc_fold_compensated(sums, errors, RNC_SUM_F64_LANES);
    out->value[0] = sums[0];
    out->value[1] = errors[0];
}
