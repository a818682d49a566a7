/* The specification of the sum family: which lane an element goes to, and what is done with it.
 * float32 is widened to float64, where its additions are all but exact; float64 keeps each
 * addition's rounding error beside the sum. */
#include "compute/kernel.h"
#include "compute/kernels/lanes.h"

void rnc_sum_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const float *data = in->data;
    double lanes[RNC_SUM_F32_LANES];
    size_t reached = rnc_lanes_reached(in->length, RNC_SUM_F32_LANES);
    for (size_t lane = 0; lane < reached; lane++)
        lanes[lane] = 0;
    for (size_t i = 0; i < in->length; i++)
        lanes[i % RNC_SUM_F32_LANES] += (double)rnc_load_f32(data, i);
    out->value[0] = rnc_fold(lanes, reached);
    out->value[1] = 0;
}

void rnc_sum_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const double *data = in->data;
    double sums[RNC_SUM_F64_LANES] = {0}, errors[RNC_SUM_F64_LANES] = {0};
    for (size_t i = 0; i < in->length; i++) {
        size_t lane = i % RNC_SUM_F64_LANES;
        rnc_two_sum(&sums[lane], &errors[lane], rnc_load_f64(data, i) * in->scale);
    }
    rnc_fold_compensated(sums, errors, RNC_SUM_F64_LANES);
    out->value[0] = sums[0];
    out->value[1] = errors[0];
}
