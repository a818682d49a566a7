/* The specification of the min family: the order of order.h, element by element. */
#include "compute/kernel.h"
#include "compute/kernels/order.h"

void rnc_min_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const float *data = in->data;
    float smaller = rnc_load_f32(data, 0);
    for (size_t i = 1; i < in->length; i++)
        smaller = rnc_smaller_f32(smaller, rnc_load_f32(data, i));
    out->value[0] = (double)smaller;
}

void rnc_min_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const double *data = in->data;
    double smaller = rnc_load_f64(data, 0);
    for (size_t i = 1; i < in->length; i++)
        smaller = rnc_smaller_f64(smaller, rnc_load_f64(data, i));
    out->value[0] = smaller;
}
