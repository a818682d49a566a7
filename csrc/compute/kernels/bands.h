/* Selection of several ranks, part of bracket.h. One pass over the data keeps what lies in any of
 * the ranks' bands; each band's keys, which are few, are then taken out of that and searched. A
 * band that missed a rank costs a search of its own for each of its ranks. */

typedef struct NAME(bands) {
    size_t count;      /* disjoint, rising */
    KEY lo[BANDS_MAX]; /* both ends belong to a band */
    KEY hi[BANDS_MAX];
    size_t below[BANDS_MAX]; /* keys < lo */
    bool unordered;
} NAME(bands);

/* The elements from `begin` on, fewer than a vector; returns where the next key would go. */
static inline KEY *NAME(scan_tail)(const void *source, bool raw, size_t begin, size_t end,
                                   NAME(bands) * bands, KEY *next) {
    for (size_t i = begin; i < end; i++) {
        KEY key = NAME(key_at)(source, raw, i);
        if (raw)
            bands->unordered |= isnan(NAME(load)(source, i));
        for (size_t band = 0; band < bands->count; band++) {
            bands->below[band] += key < bands->lo[band];
            *next = key;
            next += key >= bands->lo[band] && key <= bands->hi[band];
        }
    }
    return next;
}

#if LANES == 8

/* Vectors after which the bytes that count classes must be emptied. */
#define CLASS_COUNT_MAX 255

/* A key's class is how many bands lie above it, lo and all: the sum of the comparisons, negated. It
 * looks up the upper end of the one band the key can be in, and the byte that counts it. Writes the
 * keys inside any band to `kept`, and up to LANES - 1 more; returns how many. */
static inline __attribute__((always_inline)) size_t NAME(scan_bands)(const void *source,
                                                                     const bool raw, size_t length,
                                                                     NAME(bands) * bands,
                                                                     const size_t count,
                                                                     KEY *kept) {
    const ELEMENT *elements = source;
    const KEY *keys = source;
    __m256i lowest[BANDS_MAX], unordered = _mm256_setzero_si256();
    KEY upper_ends[LANES] = {0}, bytes[LANES] = {0};
    for (size_t above = 0; above <= count; above++) {
        size_t place = (LANES - above) % LANES;
        upper_ends[place] = above == count ? KEY_MIN : bands->hi[count - above - 1];
        bytes[place] = above ? (KEY)(1u << (8 * (above - 1))) : 0;
    }
    const __m256i highest = _mm256_loadu_si256((const __m256i *)upper_ends);
    const __m256i byte_of = _mm256_loadu_si256((const __m256i *)bytes);
#pragma GCC unroll 4
    for (size_t band = 0; band < count; band++)
        lowest[band] = BROADCAST(bands->lo[band]);
    KEY *next = kept;
    size_t i = 0, classes[BANDS_MAX] = {0};
    while (i + LANES <= length) {
        size_t vectors = (length - i) / LANES;
        size_t end = i + LANES * (vectors < CLASS_COUNT_MAX ? vectors : CLASS_COUNT_MAX);
        __m256i class_counts = _mm256_setzero_si256();
        for (; i < end; i += LANES) {
            __m256i key = raw ? LOAD_KEYS(elements + i, &unordered)
                              : _mm256_loadu_si256((const __m256i *)(keys + i));
            __m256i class = GREATER(lowest[0], key);
#pragma GCC unroll 4
            for (size_t band = 1; band < count; band++)
                class = _mm256_add_epi32(class, GREATER(lowest[band], key));
            class_counts =
                _mm256_add_epi32(class_counts, _mm256_permutevar8x32_epi32(byte_of, class));
            __m256i outside = GREATER(key, _mm256_permutevar8x32_epi32(highest, class));
            next = (KEY *)compress((uint32_t *)next, key, outside);
        }
        uint32_t lanes[LANES];
        _mm256_storeu_si256((__m256i *)lanes, class_counts);
        for (size_t lane = 0; lane < LANES; lane++)
            for (size_t above = 0; above < count; above++)
                classes[above] += (lanes[lane] >> (8 * above)) & CLASS_COUNT_MAX;
    }
    bands->unordered |= !_mm256_testz_si256(unordered, unordered);
    for (size_t above = count; above; above--)
        for (size_t band = count - above; band < count; band++)
            bands->below[band] += classes[above - 1];
    return (size_t)(NAME(scan_tail)(source, raw, i, length, bands, next) - kept);
}

#else

/* Writes the keys inside any band to `kept`, and up to LANES - 1 more; returns how many. */
static inline __attribute__((always_inline)) size_t NAME(scan_bands)(const void *source,
                                                                     const bool raw, size_t length,
                                                                     NAME(bands) * bands,
                                                                     const size_t count,
                                                                     KEY *kept) {
    const ELEMENT *elements = source;
    const KEY *keys = source;
    __m256i lowest[BANDS_MAX], highest[BANDS_MAX], below_counts[BANDS_MAX];
    __m256i unordered = _mm256_setzero_si256();
#pragma GCC unroll 4
    for (size_t band = 0; band < count; band++) {
        lowest[band] = BROADCAST(bands->lo[band]);
        highest[band] = BROADCAST(bands->hi[band]);
        below_counts[band] = _mm256_setzero_si256();
    }
    KEY *next = kept;
    size_t i = 0;
    for (; i + LANES <= length; i += LANES) {
        __m256i key = raw ? LOAD_KEYS(elements + i, &unordered)
                          : _mm256_loadu_si256((const __m256i *)(keys + i));
        __m256i outside = _mm256_set1_epi64x(-1);
#pragma GCC unroll 4
        for (size_t band = 0; band < count; band++) {
            __m256i below = GREATER(lowest[band], key);
            below_counts[band] = ADD_MASK(below_counts[band], below);
            outside =
                _mm256_and_si256(outside, _mm256_or_si256(below, GREATER(key, highest[band])));
        }
        next = (KEY *)compress((uint32_t *)next, key, outside);
    }
    bands->unordered |= !_mm256_testz_si256(unordered, unordered);
#pragma GCC unroll 4
    for (size_t band = 0; band < count; band++) {
        KEY counts[LANES];
        _mm256_storeu_si256((__m256i *)counts, below_counts[band]);
        for (size_t lane = 0; lane < LANES; lane++)
            bands->below[band] += (size_t)counts[lane];
    }
    return (size_t)(NAME(scan_tail)(source, raw, i, length, bands, next) - kept);
}

#endif

static inline
    __attribute__((always_inline)) size_t NAME(scan_count)(const void *source, const bool raw,
                                                           size_t length, NAME(bands) * bands,
                                                           KEY *kept) {
    return bands->count == 1   ? NAME(scan_bands)(source, raw, length, bands, 1, kept)
           : bands->count == 2 ? NAME(scan_bands)(source, raw, length, bands, 2, kept)
           : bands->count == 3 ? NAME(scan_bands)(source, raw, length, bands, 3, kept)
                               : NAME(scan_bands)(source, raw, length, bands, 4, kept);
}

/* In blocks, so that no count of a lane overflows, by a loop for each number of bands. */
static size_t NAME(keep_bands)(const void *source, bool raw, size_t length, NAME(bands) * bands,
                               KEY *kept) {
    size_t inside = 0;
    for (size_t done = 0; done < length; done += BLOCK_LENGTH) {
        size_t left = length - done, block = left < BLOCK_LENGTH ? left : BLOCK_LENGTH;
        const KEY *from = (const KEY *)source + done;
        inside += raw ? NAME(scan_count)(from, true, block, bands, kept + inside)
                      : NAME(scan_count)(from, false, block, bands, kept + inside);
    }
    return inside;
}

/* Bands around the ranks, overlapping ones made one, or single keys when `narrow`; band_of[i] is
 * that of ranks[i]. */
static void NAME(bands_around)(const KEY *sample, size_t sampled, size_t length,
                               const size_t *ranks, size_t count, bool narrow, NAME(bands) * bands,
                               size_t *band_of) {
    memset(bands, 0, sizeof *bands);
    for (size_t i = 0; i < count; i++) {
        double part = ((double)ranks[i] + 0.5) / (double)length;
        double centre = part * (double)sampled, spread = sqrt(centre * (1 - part));
        double margin = narrow ? 0 : bands_deviations(sampled) * spread + 1;
        double low = floor(centre - margin), high = floor(centre + margin);
        KEY lo = low < 0 ? KEY_MIN : sample[(size_t)low];
        KEY hi = high >= (double)sampled ? KEY_MAX : sample[(size_t)high];
        if (bands->count && lo <= bands->hi[bands->count - 1]) {
            if (hi > bands->hi[bands->count - 1])
                bands->hi[bands->count - 1] = hi;
        } else {
            bands->lo[bands->count] = lo;
            bands->hi[bands->count++] = hi;
        }
        band_of[i] = bands->count - 1;
    }
}

static void NAME(select_ranks)(const void *source, bool raw, size_t length, const size_t *ranks,
                               size_t count, void *scratch, KEY pairs[][2], bool *unordered);

/* Where the next keys may go: 8-byte aligned, past what a vector store wrote after `count`. */
static inline KEY *NAME(after)(KEY *keys, size_t count) {
    return keys + ((count + LANES + 1) & ~(size_t)1);
}

/* The ranks of one band, all from the data's begin, in the keys that are kept of all bands. Returns
 * false when one of them is not in the band, or the band is too much of the data. */
static bool NAME(select_in_band)(const NAME(bands) * bands, size_t band, KEY *kept, size_t inside,
                                 size_t length, const size_t *ranks, size_t count, KEY pairs[][2]) {
    KEY lo = bands->lo[band], hi = bands->hi[band], *keys = kept, *rest = NAME(after)(kept, inside);
    size_t own = inside, below = bands->below[band], local[BANDS_MAX];
    if (bands->count > 1) {
        own = NAME(scan)(kept, false, inside, lo, hi, rest).inside;
        keys = rest;
        rest = NAME(after)(keys, own);
    }
    bool last_is_in = ranks[count - 1] + 1 < below + own || below + own == length;
    if (ranks[0] < below || ranks[count - 1] >= below + own || !last_is_in)
        return false;
    for (size_t i = 0; i < count; i++) {
        pairs[i][0] = pairs[i][1] = lo;
        local[i] = ranks[i] - below;
    }
    if (lo == hi)
        return true;
    if (2 * own > length || inside + 3 * own + 4 * LANES > 2 * length)
        return false;
    if (count == 1)
        NAME(select)(keys, false, own, local[0], rest, own + RNC_SCRATCH_SLACK, pairs[0], NULL);
    else
        NAME(select_ranks)(keys, false, own, local, count, rest, pairs, NULL);
    return true;
}

/* At most BANDS_MAX ranks, in what of the data lies around them, and so on until that is little.
 * Each step halves the data or ends, and where a band missed a rank its ranks are searched alone,
 * so the time is linear. scratch: RNC_SCRATCH_BYTES(length); what is kept lies in front and leaves
 * the rest to the search in it. */
static void NAME(select_ranks)(const void *source, bool raw, size_t length, const size_t *ranks,
                               size_t count, void *scratch, KEY pairs[][2], bool *unordered) {
    KEY *kept = scratch;
    if (length <= FEW_FOR_RANKS) {
        NAME(sort_few)(source, raw, length, kept, unordered);
        for (size_t i = 0; i < count; i++) {
            pairs[i][0] = kept[ranks[i]];
            pairs[i][1] = kept[ranks[i] + 1 < length ? ranks[i] + 1 : ranks[i]];
        }
        return;
    }
    NAME(bands) bands = {0};
    size_t inside = length, sampled = bands_sample_length(length), band_of[BANDS_MAX];
    for (int narrow = 0; narrow < 2 && bands.count < 2 && 2 * inside > length; narrow++) {
        NAME(sample_of)(source, raw, length, sampled, kept);
        NAME(bands_around)(kept, sampled, length, ranks, count, narrow, &bands, band_of);
        inside = NAME(keep_bands)(source, raw, length, &bands, kept);
        if (bands.unordered) {
            *unordered = true;
            return;
        }
    }
    bool missed[BANDS_MAX];
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && band_of[end] == band_of[i];)
            end++;
        bool found = NAME(select_in_band)(&bands, band_of[i], kept, inside, length, ranks + i,
                                          end - i, pairs + i);
        for (size_t k = i; k < end; k++)
            missed[k] = !found;
    }
    for (size_t i = 0; i < count; i++)
        if (missed[i])
            NAME(select)(source, raw, length, ranks[i], scratch, length + RNC_SCRATCH_SLACK,
                         pairs[i], NULL);
}

/* Writes the bits of the keys of each rank and the next one to in->pairs; returns whether any
 * element is NaN. */
static bool NAME(select_all)(const rnc_input *in) {
    bool unordered = false;
    for (size_t done = 0, count; done < in->rank_count && !unordered; done += count) {
        const size_t *ranks = in->ranks + done;
        size_t left = in->rank_count - done;
        KEY pairs[BANDS_MAX][2];
        count = left < BANDS_MAX ? left : BANDS_MAX;
        if (count == 1)
            NAME(select)(in->data, true, in->length, *ranks, in->scratch,
                         in->length + RNC_SCRATCH_SLACK, pairs[0], &unordered);
        else
            NAME(select_ranks)(in->data, true, in->length, ranks, count, in->scratch, pairs,
                               &unordered);
        for (size_t i = 0; i < 2 * count; i++)
            memcpy(in->pairs + 2 * done + i, &pairs[i / 2][i % 2], sizeof(KEY));
    }
    return unordered;
}
