/* Sorting of a few hundred keys, part of bracket.h: Batcher's bitonic network in its form without
 * descending runs, so the work is the same whatever the data. A vector past the end would hold
 * KEY_MAX and stay where it is, so every exchange with one is left out. */

/* Orders a and b lane by lane. */
static inline __attribute__((always_inline)) void NAME(exchange)(__m256i *a, __m256i *b) {
    __m256i lower = LOWER(*a, *b);
    *b = UPPER(*a, *b);
    *a = lower;
}

static inline KEY *NAME(sort_end)(KEY *keys, size_t length) {
    size_t whole = (length + LANES - 1) / LANES * LANES;
    for (size_t i = length; i < whole; i++)
        keys[i] = KEY_MAX;
    return keys + whole;
}

/* The runs [from, from + width) and up to [.., end), each sorted, into one. Lengths are in keys and
 * multiples of LANES. */
static inline void NAME(merge_runs)(KEY *from, size_t width, const KEY *end) {
    for (KEY *low = from + width - LANES, *high = from + width; low >= from && high < end;
         low -= LANES, high += LANES) {
        __m256i a = _mm256_loadu_si256((const __m256i *)low);
        __m256i b = REVERSE(_mm256_loadu_si256((const __m256i *)high));
        NAME(exchange)(&a, &b);
        _mm256_storeu_si256((__m256i *)low, a);
        _mm256_storeu_si256((__m256i *)high, REVERSE(b));
    }
    for (size_t stride = width / 2; stride >= LANES; stride /= 2)
        for (KEY *block = from; block + stride < end; block += 2 * stride)
            for (KEY *low = block; low < block + stride && low + stride < end; low += LANES) {
                __m256i a = _mm256_loadu_si256((const __m256i *)low);
                __m256i b = _mm256_loadu_si256((const __m256i *)(low + stride));
                NAME(exchange)(&a, &b);
                _mm256_storeu_si256((__m256i *)low, a);
                _mm256_storeu_si256((__m256i *)(low + stride), b);
            }
    for (KEY *key = from; key < end; key += LANES)
        _mm256_storeu_si256((__m256i *)key, MERGE_VECTOR(_mm256_loadu_si256((const __m256i *)key)));
}

/* `keys` has room up to a multiple of LANES. */
static void NAME(sort)(KEY *keys, size_t length) {
    const KEY *end = NAME(sort_end)(keys, length);
    for (KEY *key = keys; key < end; key += LANES)
        _mm256_storeu_si256((__m256i *)key, SORT_VECTOR(_mm256_loadu_si256((const __m256i *)key)));
    size_t whole = (size_t)(end - keys);
    for (size_t width = LANES; width < whole; width *= 2)
        for (size_t run = 0; run + width < whole; run += 2 * width) {
            size_t after = run + 2 * width;
            NAME(merge_runs)(keys + run, width, keys + (after < whole ? after : whole));
        }
}
