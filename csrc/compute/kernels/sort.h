/* Sorting of a few hundred keys, part of bracket.h: a sorting network, so the work is the same
 * whatever the data. The keys lie in a power of two of rows, a vector each, and come out in order
 * down the first lane, then down the second, and so on: most of the network compares whole rows and
 * moves nothing between lanes. It is Batcher's bitonic merging in its form without descending runs:
 * two runs are compared in mirror image, then each half at ever halved distances. */

typedef struct NAME(sorted) {
    const KEY *keys;
    unsigned row_bits; /* log2 of the number of rows */
} NAME(sorted);

static inline KEY NAME(at)(NAME(sorted) sorted, size_t rank) {
    size_t lane = rank >> sorted.row_bits, row = rank - (lane << sorted.row_bits);
    return sorted.keys[row * LANES + lane];
}

static inline __m256i NAME(row)(const KEY *keys, size_t row) {
    return _mm256_loadu_si256((const __m256i *)(keys + row * LANES));
}

static inline void NAME(put_row)(KEY *keys, size_t row, __m256i vector) {
    _mm256_storeu_si256((__m256i *)(keys + row * LANES), vector);
}

/* Orders a and b lane by lane. */
static inline __attribute__((always_inline)) void NAME(exchange)(__m256i *a, __m256i *b) {
    __m256i lower = LOWER(*a, *b);
    *b = UPPER(*a, *b);
    *a = lower;
}

static inline void NAME(exchange_rows)(KEY *keys, size_t low, size_t high) {
    __m256i a = NAME(row)(keys, low), b = NAME(row)(keys, high);
    NAME(exchange)(&a, &b);
    NAME(put_row)(keys, low, a);
    NAME(put_row)(keys, high, b);
}

/* Orders each lane of eight rows, which are bitonic, or anything when `!bitonic`. */
static inline __attribute__((always_inline)) void NAME(order_eight)(KEY *keys, const bool bitonic) {
    __m256i row[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        row[i] = NAME(row)(keys, i);
#pragma GCC unroll 8
    for (size_t i = 0; i < 8 && !bitonic; i += 2)
        NAME(exchange)(&row[i], &row[i + 1]);
#pragma GCC unroll 8
    for (size_t i = 0; i < 8 && !bitonic; i += 4) {
        NAME(exchange)(&row[i], &row[i + 3]);
        NAME(exchange)(&row[i + 1], &row[i + 2]);
        NAME(exchange)(&row[i], &row[i + 1]);
        NAME(exchange)(&row[i + 2], &row[i + 3]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        NAME(exchange)(&row[i], &row[bitonic ? i + 4 : 7 - i]);
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i += 4) {
        NAME(exchange)(&row[i], &row[i + 2]);
        NAME(exchange)(&row[i + 1], &row[i + 3]);
        NAME(exchange)(&row[i], &row[i + 1]);
        NAME(exchange)(&row[i + 2], &row[i + 3]);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        NAME(put_row)(keys, i, row[i]);
}

/* Orders each lane, which is bitonic. */
static void NAME(order_lanes)(KEY *keys, size_t rows) {
    const size_t least = rows < 8 ? 1 : 8;
    for (size_t stride = rows / 2; stride >= least; stride /= 2)
        for (size_t block = 0; block < rows; block += 2 * stride)
            for (size_t row = block; row < block + stride; row++)
                NAME(exchange_rows)(keys, row, row + stride);
    for (size_t row = 0; row + 8 <= rows; row += 8)
        NAME(order_eight)(keys + row * LANES, true);
}

static void NAME(sort_lanes)(KEY *keys, size_t rows) {
    for (size_t row = 0; row + 8 <= rows; row += 8)
        NAME(order_eight)(keys + row * LANES, false);
    for (size_t run = rows < 8 ? 1 : 8; run < rows; run *= 2)
        for (size_t block = 0; block < rows; block += 2 * run) {
            KEY *first = keys + block * LANES;
            for (size_t row = 0; row < run; row++)
                NAME(exchange_rows)(first, row, 2 * run - 1 - row);
            NAME(order_lanes)(first, run);
            NAME(order_lanes)(first + run * LANES, run);
        }
}

/* Exchanges inside a row, at half the distance each, of groups of `lanes` lanes. */
static inline __attribute__((always_inline)) __m256i NAME(order_row)(__m256i row,
                                                                     const size_t lanes) {
#pragma GCC unroll 2
    for (size_t group = lanes; group > 1; group /= 2) {
        __m256i partner = SWAP(row, group);
        row = UPPER_HALVES(LOWER(row, partner), UPPER(row, partner), group);
    }
    return row;
}

/* Two halves of each group of `lanes` lanes, each in order, into one. */
static inline __attribute__((always_inline)) void NAME(merge_lanes)(KEY *keys, size_t rows,
                                                                    const size_t lanes) {
    for (size_t i = 0; i < (rows + 1) / 2; i++) {
        __m256i a = NAME(row)(keys, i), b = MIRROR(NAME(row)(keys, rows - 1 - i), lanes);
        __m256i lower = LOWER(a, b), upper = UPPER(a, b);
        a = UPPER_HALVES(lower, upper, lanes);
        b = MIRROR(UPPER_HALVES(upper, lower, lanes), lanes);
        NAME(put_row)(keys, rows - 1 - i, NAME(order_row)(b, lanes / 2));
        NAME(put_row)(keys, i, NAME(order_row)(a, lanes / 2));
    }
    NAME(order_lanes)(keys, rows);
}

/* `keys` has room for SORT_ROOM(length) of them. */
static NAME(sorted) NAME(sort)(KEY *keys, size_t length) {
    unsigned row_bits = 0;
    while (((size_t)LANES << row_bits) < length)
        row_bits++;
    size_t rows = (size_t)1 << row_bits;
    for (size_t i = length; i < rows * LANES; i++)
        keys[i] = KEY_MAX;
    NAME(sort_lanes)(keys, rows);
#pragma GCC unroll 3
    for (size_t lanes = 2; lanes <= LANES; lanes *= 2)
        NAME(merge_lanes)(keys, rows, lanes);
    return (NAME(sorted)){keys, row_bits};
}
