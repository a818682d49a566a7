/* The specification of the describe family: the moments family's results and the min and max
 * families', of which every other instruction set makes one pass. */
#include "compute/kernel.h"

static void describe(const rnc_input *in, rnc_kernel *moments, rnc_kernel *min, rnc_kernel *max,
                     rnc_result *out) {
    rnc_result least, greatest;
    moments(in, out);
    min(in, &least);
    max(in, &greatest);
    out->value[2] = least.value[0];
    out->value[3] = greatest.value[0];
}

void rnc_describe_f32_scalar(const rnc_input *in, rnc_result *out) {
    describe(in, rnc_moments_f32_scalar, rnc_min_f32_scalar, rnc_max_f32_scalar, out);
    RNC_STAMP(out, Scalar);
}

void rnc_describe_f64_scalar(const rnc_input *in, rnc_result *out) {
    describe(in, rnc_moments_f64_scalar, rnc_min_f64_scalar, rnc_max_f64_scalar, out);
    RNC_STAMP(out, Scalar);
}
