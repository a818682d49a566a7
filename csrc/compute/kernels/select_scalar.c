/* The specification of the select family: radix selection over keys whose unsigned order is the
 * elements'. Each round counts one digit, keeps the bucket that holds the rank and drops the rest;
 * a key has six digits at most, so the time is linear whatever the data. */
#include <math.h>

#include "compute/kernels/keys.h"
#include "compute/kernels/radix.h"

void rnc_select_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const float *data = in->data;
    uint64_t *keys = in->scratch, pair[2];
    bool unordered = false;
    for (size_t i = 0; i < in->length; i++) {
        unordered |= isnan(rnc_load_f32(data, i));
        keys[i] = (uint64_t)rnc_key_f32(data, i) << 32;
    }
    out->value[0] = out->value[1] = (double)NAN;
    if (unordered)
        return;
    rnc_radix_select(keys, in->length, in->rank, 32, pair);
    out->value[0] = rnc_element_f32((uint32_t)(pair[0] >> 32));
    out->value[1] = rnc_element_f32((uint32_t)(pair[1] >> 32));
}

void rnc_select_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const double *data = in->data;
    uint64_t *keys = in->scratch, pair[2];
    bool unordered = false;
    for (size_t i = 0; i < in->length; i++) {
        unordered |= isnan(rnc_load_f64(data, i));
        keys[i] = rnc_key_f64(data, i);
    }
    out->value[0] = out->value[1] = (double)NAN;
    if (unordered)
        return;
    rnc_radix_select(keys, in->length, in->rank, 0, pair);
    out->value[0] = rnc_element_f64(pair[0]);
    out->value[1] = rnc_element_f64(pair[1]);
}
