/* The specification of the argmax family: the first place of the greatest element, as the max
 * family orders them, or of the first NaN. */
#include "compute/kernels/place.h"

static inline bool replaces(double element, double best) {
    return isnan(element) ? !isnan(best) : rnc_is_greater(element, best);
}

void rnc_argmax_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    size_t place = 0;
    for (size_t i = 1; i < in->length; i++)
        if (replaces((double)rnc_load_f32(in->data, i), (double)rnc_load_f32(in->data, place)))
            place = i;
    out->value[0] = (double)place;
}

void rnc_argmax_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    size_t place = 0;
    for (size_t i = 1; i < in->length; i++)
        if (replaces(rnc_load_f64(in->data, i), rnc_load_f64(in->data, place)))
            place = i;
    out->value[0] = (double)place;
}
