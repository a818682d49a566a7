/* The specification of the zscore family: each element's distance from `shift`, times `factor`, in
 * float64 until it is stored. The output may be the input. */
#include "compute/kernel.h"

void rnc_zscore_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    for (size_t i = 0; i < in->length; i++)
        rnc_store_f32(in->out, i,
                      (float)(((double)rnc_load_f32(in->data, i) - in->shift) * in->factor));
}

void rnc_zscore_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    for (size_t i = 0; i < in->length; i++)
        rnc_store_f64(in->out, i, (rnc_load_f64(in->data, i) * in->scale - in->shift) * in->factor);
}
