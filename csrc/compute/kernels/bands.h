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

/* Only one band's upper end matters to a key: that of the last band whose lower end is not above
 * it. Writes the keys inside any band to `kept`, and up to LANES - 1 more; returns how many. */
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
        __m256i below[BANDS_MAX], upper_end = highest[0];
#pragma GCC unroll 4
        for (size_t band = 0; band < count; band++) {
            below[band] = GREATER(lowest[band], key);
            below_counts[band] = ADD_MASK(below_counts[band], below[band]);
            if (band)
                upper_end = _mm256_blendv_epi8(highest[band], upper_end, below[band]);
        }
        __m256i outside = _mm256_or_si256(below[0], GREATER(key, upper_end));
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

static inline __attribute__((always_inline)) size_t NAME(scan_count)(const void *source,
                                                                     const bool raw, size_t length,
                                                                     NAME(bands) * bands,
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

/* Bands around the ranks, or single keys when `narrow`; band_of[i] is that of ranks[i]. Overlapping
 * ones are made one, and so are close ones of which little comes: to keep the keys between them is
 * cheaper than to compare all keys with one band more. */
static void NAME(bands_around)(NAME(sorted) sample, size_t sampled, size_t length,
                               const size_t *ranks, size_t count, bool narrow, NAME(bands) * bands,
                               size_t *band_of) {
    double begin = 0, end = 0; /* of the last band, as places in the sample */
    memset(bands, 0, sizeof *bands);
    for (size_t i = 0; i < count; i++) {
        double part = ((double)ranks[i] + 0.5) / (double)length;
        double centre = part * (double)sampled, spread = sqrt(centre * (1 - part));
        double margin = narrow ? 0 : bands_deviations(sampled) * spread + 1;
        double low = floor(centre - margin), high = floor(centre + margin);
        KEY lo = low < 0 ? KEY_MIN : NAME(at)(sample, (size_t)low);
        KEY hi = high >= (double)sampled ? KEY_MAX : NAME(at)(sample, (size_t)high);
        size_t last = bands->count - 1;
        bool close = low - end <= (double)sampled / 16 && high - begin <= (double)sampled / 4;
        if (bands->count && (close || lo <= bands->hi[last])) {
            if (hi > bands->hi[last])
                bands->hi[last] = hi;
        } else {
            begin = low;
            bands->lo[bands->count] = lo;
            bands->hi[bands->count++] = hi;
        }
        end = high;
        band_of[i] = bands->count - 1;
    }
}

static void NAME(select_ranks)(const void *source, bool raw, size_t length, const size_t *ranks,
                               size_t count, void *scratch, KEY pairs[][2], bool *unordered);

/* Where the next keys may go: 8-byte aligned, past what a vector store wrote after `count`. */
static inline KEY *NAME(after)(KEY *keys, size_t count) {
    return keys + ((count + LANES + 1) & ~(size_t)1);
}

/* Packs the keys below the pivot to the front, in place, and the others to `rest`, and up to
 * LANES - 1 more after either; returns how many are below. */
static size_t NAME(split)(KEY *keys, size_t length, KEY pivot, KEY *rest) {
    const __m256i pivots = BROADCAST(pivot);
    KEY *below = keys;
    size_t i = 0;
    for (; i + LANES <= length; i += LANES) {
        __m256i key = _mm256_loadu_si256((const __m256i *)(keys + i));
        __m256i is_below = GREATER(pivots, key);
        rest = (KEY *)compress((uint32_t *)rest, key, is_below);
        below = (KEY *)compress_inverted((uint32_t *)below, key, is_below);
    }
    for (; i < length; i++) {
        KEY key = keys[i];
        *rest = *below = key;
        rest += key >= pivot;
        below += key < pivot;
    }
    return (size_t)(below - keys);
}

/* Where ranks are searched: the bands, and memory up to `end`. */
typedef struct NAME(search) {
    const NAME(bands) * bands;
    const size_t *ranks, *band_of; /* from the data's begin; rising */
    size_t length;                 /* of the data */
    const KEY *end;
    KEY (*pairs)[2];
    bool *missed; /* the rank is not in its band, or the band is too much of the data */
} NAME(search);

/* The ranks [first, last) of one band, whose keys these are. */
static bool NAME(select_in_band)(const NAME(search) * in, KEY *keys, size_t own, size_t first,
                                 size_t last) {
    size_t band = in->band_of[first], below = in->bands->below[band], local[BANDS_MAX];
    KEY lo = in->bands->lo[band], *rest = NAME(after)(keys, own);
    bool last_is_in = in->ranks[last - 1] + 1 < below + own || below + own == in->length;
    if (in->ranks[first] < below || in->ranks[last - 1] >= below + own || !last_is_in)
        return false;
    for (size_t i = first; i < last; i++) {
        in->pairs[i][0] = in->pairs[i][1] = lo;
        local[i - first] = in->ranks[i] - below;
    }
    if (lo == in->bands->hi[band])
        return true;
    if (2 * own > in->length || (const char *)rest + RNC_SCRATCH_BYTES(own) > (const char *)in->end)
        return false;
    if (last - first == 1)
        NAME(select)(keys, false, own, local[0], rest, own + RNC_SCRATCH_SLACK, in->pairs[first],
                     NULL);
    else
        NAME(select_ranks)(keys, false, own, local, last - first, rest, in->pairs + first, NULL);
    return true;
}

/* The ranks [first, last), in the keys of their bands: halves the bands until one is left. */
static void NAME(select_in_bands)(const NAME(search) * in, KEY *keys, size_t own, size_t first,
                                  size_t last) {
    size_t low = in->band_of[first], high = in->band_of[last - 1], middle = first;
    while (middle < last && in->band_of[middle] <= low + (high - low) / 2)
        middle++;
    KEY *rest = NAME(after)(keys, own);
    if (middle == last) {
        bool found = NAME(select_in_band)(in, keys, own, first, last);
        for (size_t i = first; i < last; i++)
            in->missed[i] = !found;
    } else if (rest + own + LANES > in->end) {
        for (size_t i = first; i < last; i++)
            in->missed[i] = true;
    } else {
        size_t below = NAME(split)(keys, own, in->bands->lo[in->band_of[middle]], rest);
        NAME(select_in_bands)(in, rest, own - below, middle, last);
        NAME(select_in_bands)(in, keys, below, first, middle);
    }
}

/* At most BANDS_MAX ranks, in what of the data lies around them, and so on until that is little.
 * Each step halves the data or ends, and where a band missed a rank its ranks are searched alone,
 * so the time is linear. scratch: RNC_SCRATCH_BYTES(length); what is kept lies in front and leaves
 * the rest to the search in it. */
static void NAME(select_ranks)(const void *source, bool raw, size_t length, const size_t *ranks,
                               size_t count, void *scratch, KEY pairs[][2], bool *unordered) {
    KEY *kept = scratch;
    if (length <= FEW) {
        NAME(sorted) few = NAME(sort_few)(source, raw, length, kept, unordered);
        for (size_t i = 0; i < count; i++) {
            pairs[i][0] = NAME(at)(few, ranks[i]);
            pairs[i][1] = NAME(at)(few, ranks[i] + 1 < length ? ranks[i] + 1 : ranks[i]);
        }
        return;
    }
    NAME(bands) bands = {0};
    size_t inside = length, sampled = bands_sample_length(length), band_of[BANDS_MAX];
    for (int narrow = 0; narrow < 2 && bands.count < 2 && 2 * inside > length; narrow++) {
        NAME(sorted) sample = NAME(sample_of)(source, raw, length, sampled, kept);
        NAME(bands_around)(sample, sampled, length, ranks, count, narrow, &bands, band_of);
        inside = NAME(keep_bands)(source, raw, length, &bands, kept);
        if (bands.unordered) {
            *unordered = true;
            return;
        }
    }
    bool missed[BANDS_MAX];
    const void *end = (const char *)scratch + RNC_SCRATCH_BYTES(length);
    NAME(search) search = {&bands, ranks, band_of, length, end, pairs, missed};
    NAME(select_in_bands)(&search, kept, inside, 0, count);
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
