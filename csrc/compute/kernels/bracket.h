/* Selection by bracketing (after Floyd and Rivest, 1975), once per element type: the file that
 * includes it defines
 *     NAME(stem)   function names          KEY, KEY_MIN, KEY_MAX  the signed key type
 *     ELEMENT      float or double         LANES                  keys in a vector
 *     BROADCAST(key), GREATER(a, b), ADD_MASK(counts, mask)       on __m256i
 *     LOAD_KEYS(elements, unordered)       a vector of keys from elements, NaNs noted
 *     LOWER(a, b), UPPER(a, b)             lane by lane
 *     MIRROR(a, lanes), SWAP(a, lanes)     each group of lanes reversed; its halves exchanged
 *     UPPER_HALVES(a, b, lanes)            a with the upper half of each group of lanes from b
 *
 * A sample gives two keys, lo and hi, that the rank very likely lies between. One pass counts what
 * is below and keeps what is inside, a few percent of the data, and the search goes on in that. A
 * wrong guess costs another pass over the side that the rank is on. After ROUNDS_MAX rounds radix
 * selection ends it, so the time is linear for any data. */

typedef struct NAME(band) {
    size_t below;  /* keys < lo */
    size_t inside; /* lo <= keys <= hi, in order of their places */
    bool unordered;
} NAME(band);

static inline KEY NAME(key_at)(const void *source, bool raw, size_t index) {
    KEY bits;
    memcpy(&bits, (const KEY *)source + index, sizeof bits);
    return raw ? bits ^ ((bits >> (sizeof bits * 8 - 1)) & KEY_MAX) : bits;
}

/* Writes the keys inside [lo, hi] to `kept`, and up to LANES - 1 more after them. */
static inline __attribute__((always_inline)) NAME(band)
    NAME(scan_block)(const void *source, bool raw, size_t length, KEY lo, KEY hi, KEY *kept) {
    const ELEMENT *elements = source;
    const KEY *keys = source;
    const __m256i lowest = BROADCAST(lo), highest = BROADCAST(hi);
    __m256i below_counts = _mm256_setzero_si256(), unordered = _mm256_setzero_si256();
    KEY *next = kept;
    size_t i = 0;
    for (; i + LANES <= length; i += LANES) {
        __m256i key = raw ? LOAD_KEYS(elements + i, &unordered)
                          : _mm256_loadu_si256((const __m256i *)(keys + i));
        __m256i below = GREATER(lowest, key);
        __m256i outside = _mm256_or_si256(below, GREATER(key, highest));
        below_counts = ADD_MASK(below_counts, below);
        next = (KEY *)compress((uint32_t *)next, key, outside);
    }
    KEY counts[LANES];
    _mm256_storeu_si256((__m256i *)counts, below_counts);
    NAME(band) band = {.unordered = !_mm256_testz_si256(unordered, unordered)};
    for (size_t lane = 0; lane < LANES; lane++)
        band.below += (size_t)counts[lane];
    for (; i < length; i++) {
        KEY key = NAME(key_at)(source, raw, i);
        if (raw)
            band.unordered |= isnan(NAME(load)(elements, i));
        band.below += key < lo;
        *next = key;
        next += key >= lo && key <= hi;
    }
    band.inside = (size_t)(next - kept);
    return band;
}

/* In blocks, so that no count of a lane overflows. */
static NAME(band)
    NAME(scan)(const void *source, bool raw, size_t length, KEY lo, KEY hi, KEY *kept) {
    NAME(band) total = {0};
    for (size_t done = 0; done < length; done += BLOCK_LENGTH) {
        size_t left = length - done, block = left < BLOCK_LENGTH ? left : BLOCK_LENGTH;
        const KEY *from = (const KEY *)source + done;
        NAME(band)
        band = raw ? NAME(scan_block)(from, true, block, lo, hi, kept + total.inside)
                   : NAME(scan_block)(from, false, block, lo, hi, kept + total.inside);
        total.below += band.below;
        total.inside += band.inside;
        total.unordered |= band.unordered;
    }
    return total;
}

static KEY NAME(least_above)(const void *source, bool raw, size_t length, KEY bound) {
    KEY least = KEY_MAX;
    for (size_t i = 0; i < length; i++) {
        KEY key = NAME(key_at)(source, raw, i);
        if (key > bound && key < least)
            least = key;
    }
    return least;
}

#include "compute/kernels/sort.h"

/* The keys of few elements, in order; `out` has room for SORT_ROOM(length). */
static NAME(sorted)
    NAME(sort_few)(const void *source, bool raw, size_t length, KEY *out, bool *unordered) {
    __m256i unordered_lanes = _mm256_setzero_si256();
    const ELEMENT *elements = source;
    size_t i = 0;
    for (; raw && i + LANES <= length; i += LANES)
        _mm256_storeu_si256((__m256i *)(out + i), LOAD_KEYS(elements + i, &unordered_lanes));
    bool found = !_mm256_testz_si256(unordered_lanes, unordered_lanes);
    for (; raw && i < length; i++) {
        out[i] = NAME(key_at)(source, raw, i);
        found |= isnan(NAME(load)(elements, i));
    }
    if (!raw)
        memcpy(out, source, length * sizeof(KEY));
    if (unordered)
        *unordered |= found;
    return NAME(sort)(out, length);
}

/* wide: memory for `length` 8-byte keys. */
static void NAME(select_by_radix)(const KEY *keys, size_t length, size_t rank, KEY above,
                                  uint64_t *wide, KEY pair[2]) {
    const unsigned unused = 64 - 8 * sizeof(KEY);
    uint64_t found[2];
    for (size_t i = 0; i < length; i++)
        wide[i] = (uint64_t)((int64_t)keys[i] ^ (int64_t)KEY_MIN) << unused;
    rnc_radix_select(wide, length, rank, unused, found);
    pair[0] = (KEY)(found[0] >> unused) ^ KEY_MIN;
    pair[1] = rank + 1 < length ? (KEY)(found[1] >> unused) ^ KEY_MIN : above;
}

/* A stratified sample, sorted; count is a power of two, of a vector at least. */
static NAME(sorted)
    NAME(sample_of)(const void *source, bool raw, size_t length, size_t count, KEY *sample) {
    size_t step = length / count;
    for (size_t i = 0; i < count; i++) {
        uint32_t noise = (uint32_t)i * 2654435769u;
        noise = (noise ^ (noise >> 15)) * 2246822519u;
        sample[i] = NAME(key_at)(source, raw, i * step + (((size_t)(noise >> 8) * step) >> 24));
    }
    return NAME(sort)(sample, count);
}

/* Two keys of the data around the rank, or its ends; equal ones when `narrow`. */
static void NAME(bracket)(const void *source, bool raw, size_t length, size_t rank, bool narrow,
                          KEY *lo, KEY *hi) {
    KEY keys[SAMPLE_LARGEST];
    size_t count = sample_length(length);
    NAME(sorted) sample = NAME(sample_of)(source, raw, length, count, keys);
    double part = ((double)rank + 0.5) / (double)length;
    double centre = part * (double)count;
    double margin = narrow ? 0 : deviations(count) * sqrt((double)count * part * (1 - part)) + 1;
    double low = floor(centre - margin), high = floor(centre + margin);
    *lo = low < 0 ? KEY_MIN : NAME(at)(sample, (size_t)low);
    *hi = high >= (double)count ? KEY_MAX : NAME(at)(sample, (size_t)high);
}

/* scratch: 16 * stride bytes, of which the keys that are left move between the first two arrays of
 * `stride` keys. unordered: NULL unless raw. */
static void NAME(select)(const void *source, bool raw, size_t length, size_t rank, void *scratch,
                         size_t stride, KEY pair[2], bool *unordered) {
    KEY above = KEY_MAX, *target = scratch, *other = target + stride;
    bool narrow = false;
    for (int round = 0; length > FEW && round < ROUNDS_MAX; round++) {
        KEY lo, hi;
        NAME(bracket)(source, raw, length, rank, narrow, &lo, &hi);
        NAME(band) band = NAME(scan)(source, raw, length, lo, hi, target);
        if (unordered && round == 0)
            *unordered = band.unordered;
        size_t up_to = band.below + band.inside;
        narrow = false;
        if (rank < band.below) {
            NAME(scan)(source, raw, length, KEY_MIN, lo - 1, target);
            above = lo;
            length = band.below;
        } else if (rank >= up_to) {
            NAME(scan)(source, raw, length, hi + 1, KEY_MAX, target);
            rank -= up_to;
            length -= up_to;
        } else {
            if (rank + 1 == up_to && up_to < length)
                above = NAME(least_above)(source, raw, length, hi);
            rank -= band.below;
            if (lo == hi) {
                pair[0] = lo;
                pair[1] = rank + 1 < band.inside ? lo : above;
                return;
            }
            narrow = band.inside > length / 2;
            length = band.inside;
        }
        KEY *written = target;
        target = other;
        other = written;
        source = written;
        raw = false;
    }
    if (length <= FEW) {
        KEY keys[SORT_ROOM(FEW)];
        NAME(sorted) few = NAME(sort_few)(source, raw, length, keys, unordered);
        pair[0] = NAME(at)(few, rank);
        pair[1] = rank + 1 < length ? NAME(at)(few, rank + 1) : above;
        return;
    }
    void *wide = sizeof(KEY) == sizeof(uint64_t) ? target : (KEY *)scratch + 2 * stride;
    NAME(select_by_radix)(source, length, rank, above, wide, pair);
}

#include "compute/kernels/bands.h"

#undef NAME
#undef KEY
#undef KEY_MIN
#undef KEY_MAX
#undef ELEMENT
#undef LANES
#undef BROADCAST
#undef GREATER
#undef ADD_MASK
#undef LOAD_KEYS
#undef LOWER
#undef UPPER
#undef MIRROR
#undef SWAP
#undef UPPER_HALVES
