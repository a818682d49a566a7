/* The specification of the magnitudes family: the sum family over absolute values. The maximum is
 * meaningless when an element is NaN; the sum tells. */
#include "compute/kernel.h"
#include "compute/kernels/lanes.h"

void rnc_magnitudes_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const float *data = in->data;
    double lanes[RNC_SUM_F32_LANES] = {0}, greatest = 0;
    for (size_t i = 0; i < in->length; i++) {
        double magnitude = fabs((double)rnc_load_f32(data, i));
        lanes[i % RNC_SUM_F32_LANES] += magnitude;
        greatest = magnitude > greatest ? magnitude : greatest;
    }
    out->value[0] = rnc_fold(lanes, RNC_SUM_F32_LANES);
    out->value[1] = 0;
    out->value[2] = greatest;
}

void rnc_magnitudes_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const double *data = in->data;
    double sums[RNC_SUM_F64_LANES] = {0}, errors[RNC_SUM_F64_LANES] = {0}, greatest = 0;
    for (size_t i = 0; i < in->length; i++) {
        size_t lane = i % RNC_SUM_F64_LANES;
        double magnitude = fabs(rnc_load_f64(data, i));
        rnc_two_sum(&sums[lane], &errors[lane], magnitude * in->scale);
        greatest = magnitude > greatest ? magnitude : greatest;
    }
    rnc_fold_compensated(sums, errors, RNC_SUM_F64_LANES);
    out->value[0] = sums[0];
    out->value[1] = errors[0];
    out->value[2] = greatest;
}
