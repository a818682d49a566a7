/* The specification of the select family: radix selection over keys whose unsigned order is the
 * elements'. Each round counts one digit, keeps the bucket that holds the rank and drops the rest;
 * a key has six digits at most, so the time is linear whatever the data. For several ranks the keys
 * are sorted by their digits instead, which is linear too. */
#include <math.h>

#include "compute/kernels/keys.h"
#include "compute/kernels/radix.h"

/* The keys of each rank and of the next one, in in->pairs as bits. */
static void select_keys(const rnc_input *in, unsigned lowest) {
    uint64_t *keys = in->scratch, pair[2];
    if (in->rank_count == 1) {
        rnc_radix_select(keys, in->length, in->ranks[0], lowest, pair);
        memcpy(in->pairs, pair, sizeof pair);
        return;
    }
    keys = rnc_radix_sort_all(keys, keys + in->length, in->length, lowest);
    for (size_t i = 0; i < in->rank_count; i++) {
        size_t rank = in->ranks[i];
        pair[0] = keys[rank];
        pair[1] = keys[rank + 1 < in->length ? rank + 1 : rank];
        memcpy(in->pairs + 2 * i, pair, sizeof pair);
    }
}

static uint64_t key_of(const double *place) {
    uint64_t key;
    memcpy(&key, place, sizeof key);
    return key;
}

void rnc_select_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const float *data = in->data;
    uint64_t *keys = in->scratch;
    bool unordered = false;
    for (size_t i = 0; i < in->length; i++) {
        unordered |= isnan(rnc_load_f32(data, i));
        keys[i] = (uint64_t)rnc_key_f32(data, i) << 32;
    }
    if (!unordered)
        select_keys(in, 32);
    for (size_t i = 0; i < 2 * in->rank_count; i++)
        in->pairs[i] =
            unordered ? (double)NAN : rnc_element_f32((uint32_t)(key_of(in->pairs + i) >> 32));
}

void rnc_select_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    const double *data = in->data;
    uint64_t *keys = in->scratch;
    bool unordered = false;
    for (size_t i = 0; i < in->length; i++) {
        unordered |= isnan(rnc_load_f64(data, i));
        keys[i] = rnc_key_f64(data, i);
    }
    if (!unordered)
        select_keys(in, 0);
    for (size_t i = 0; i < 2 * in->rank_count; i++)
        in->pairs[i] = unordered ? (double)NAN : rnc_element_f64(key_of(in->pairs + i));
}
