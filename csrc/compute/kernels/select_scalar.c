/* The specification of the select family: radix selection over keys whose unsigned order is the
 * elements'. Each round counts one digit, keeps the bucket that holds the rank and drops the rest;
 * a key has six digits at most, so the time is linear whatever the data. */
#include <math.h>

#include "compute/kernels/keys.h"

#define DIGIT_BITS          11
#define BUCKETS             (1u << DIGIT_BITS)
#define SORTED_BY_INSERTION 32

static inline unsigned digit(uint64_t key, unsigned shift) {
    return (key >> shift) & (BUCKETS - 1);
}

static void sort(uint64_t *keys, size_t count) {
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t hole = i;
        for (; hole && keys[hole - 1] > key; hole--)
            keys[hole] = keys[hole - 1];
        keys[hole] = key;
    }
}

/* The bucket that holds *rank, which becomes the rank inside it. */
static unsigned find_bucket(const uint64_t *keys, size_t count, unsigned shift, size_t *rank) {
    size_t counts[BUCKETS] = {0};
    for (size_t i = 0; i < count; i++)
        counts[digit(keys[i], shift)]++;
    unsigned bucket = 0;
    for (; *rank >= counts[bucket]; bucket++)
        *rank -= counts[bucket];
    return bucket;
}

/* Keeps the keys of one bucket and returns how many; *above becomes the least key over it. */
static size_t keep_bucket(uint64_t *keys, size_t count, unsigned shift, unsigned bucket,
                          uint64_t *above) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = keys[i];
        unsigned own = digit(key, shift);
        if (own > bucket && key < *above)
            *above = key;
        keys[kept] = key;
        kept += own == bucket;
    }
    return kept;
}

/* The keys of rank and rank + 1, in that order. Bits below `lowest` are equal in all keys. */
static void select_pair(uint64_t *keys, size_t count, size_t rank, unsigned lowest,
                        uint64_t pair[2]) {
    uint64_t above = UINT64_MAX;
    for (unsigned shift = 64 - DIGIT_BITS; count > SORTED_BY_INSERTION;) {
        unsigned bucket = find_bucket(keys, count, shift, &rank);
        count = keep_bucket(keys, count, shift, bucket, &above);
        if (shift == lowest)
            break;
        shift = shift > lowest + DIGIT_BITS ? shift - DIGIT_BITS : lowest;
    }
    if (count <= SORTED_BY_INSERTION)
        sort(keys, count);
    pair[0] = keys[rank];
    pair[1] = rank + 1 < count ? keys[rank + 1] : above;
}

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
    select_pair(keys, in->length, in->rank, 32, pair);
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
    select_pair(keys, in->length, in->rank, 0, pair);
    out->value[0] = rnc_element_f64(pair[0]);
    out->value[1] = rnc_element_f64(pair[1]);
}
