/* The specification of the max family: the order of order.h, element by element. */
#include "compute/kernel.h"
#include "compute/kernels/order.h"

void rnc_max_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const float *data = in->data;
    float larger = rnc_load_f32(data, 0);
    for (size_t i = 1; i < in->length; i++)
        larger = rnc_larger_f32(larger, rnc_load_f32(data, i));
    out->value[0] = (double)larger;
}

void rnc_max_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const double *data = in->data;
    double larger = rnc_load_f64(data, 0);
    for (size_t i = 1; i < in->length; i++)
        larger = rnc_larger_f64(larger, rnc_load_f64(data, i));
    out->value[0] = larger;
}
