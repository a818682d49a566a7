/* Radix selection over unsigned keys: linear whatever the data. The specification of the select
 * family, and the guard behind its faster kernels. */
#ifndef RNC_COMPUTE_KERNELS_RADIX_H
#define RNC_COMPUTE_KERNELS_RADIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RNC_RADIX_BITS    11
#define RNC_RADIX_BUCKETS (1u << RNC_RADIX_BITS)
#define RNC_RADIX_SORTED  32

static inline unsigned rnc_radix_digit(uint64_t key, unsigned shift) {
    return (key >> shift) & (RNC_RADIX_BUCKETS - 1);
}

static inline void rnc_radix_sort(uint64_t *keys, size_t count) {
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t hole = i;
        for (; hole && keys[hole - 1] > key; hole--)
            keys[hole] = keys[hole - 1];
        keys[hole] = key;
    }
}

/* The bucket that holds *rank, which becomes the rank inside it. */
static inline unsigned rnc_radix_find(const uint64_t *keys, size_t count, unsigned shift,
                                      size_t *rank) {
    size_t counts[RNC_RADIX_BUCKETS] = {0};
    for (size_t i = 0; i < count; i++)
        counts[rnc_radix_digit(keys[i], shift)]++;
    unsigned bucket = 0;
    for (; *rank >= counts[bucket]; bucket++)
        *rank -= counts[bucket];
    return bucket;
}

/* Keeps the keys of one bucket and returns how many; *above becomes the least key over it. */
static inline size_t rnc_radix_keep(uint64_t *keys, size_t count, unsigned shift, unsigned bucket,
                                    uint64_t *above) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = keys[i];
        unsigned own = rnc_radix_digit(key, shift);
        if (own > bucket && key < *above)
            *above = key;
        keys[kept] = key;
        kept += own == bucket;
    }
    return kept;
}

/* The keys of rank and rank + 1, in that order. Bits below `lowest` are equal in all keys. */
static inline void rnc_radix_select(uint64_t *keys, size_t count, size_t rank, unsigned lowest,
                                    uint64_t pair[2]) {
    uint64_t above = UINT64_MAX;
    for (unsigned shift = 64 - RNC_RADIX_BITS; count > RNC_RADIX_SORTED;) {
        unsigned bucket = rnc_radix_find(keys, count, shift, &rank);
        count = rnc_radix_keep(keys, count, shift, bucket, &above);
        if (shift == lowest)
            break;
        shift = shift > lowest + RNC_RADIX_BITS ? shift - RNC_RADIX_BITS : lowest;
    }
    if (count <= RNC_RADIX_SORTED)
        rnc_radix_sort(keys, count);
    pair[0] = keys[rank];
    pair[1] = rank + 1 < count ? keys[rank + 1] : above;
}

/* Sorts keys by the bits from `lowest` up, a digit at a time; `other` has room for as many. Returns
 * which of the two is sorted. */
static inline uint64_t *rnc_radix_sort_all(uint64_t *keys, uint64_t *other, size_t count,
                                           unsigned lowest) {
    for (unsigned shift = lowest; shift < 64; shift += RNC_RADIX_BITS) {
        size_t next[RNC_RADIX_BUCKETS] = {0}, before = 0;
        for (size_t i = 0; i < count; i++)
            next[rnc_radix_digit(keys[i], shift)]++;
        for (unsigned bucket = 0; bucket < RNC_RADIX_BUCKETS; bucket++) {
            size_t own = next[bucket];
            next[bucket] = before;
            before += own;
        }
        for (size_t i = 0; i < count; i++)
            other[next[rnc_radix_digit(keys[i], shift)]++] = keys[i];
        uint64_t *sorted = other;
        other = keys;
        keys = sorted;
    }
    return keys;
}

#endif
