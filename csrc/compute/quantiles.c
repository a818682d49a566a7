#include "compute/quantiles.h"

#include <math.h>
#include <stdlib.h>

/* The order statistic below the percentile, and how far towards the next one it lies, 0 <= t < 1.
 */
typedef struct position {
    size_t rank;
    double t;
} position;

static position position_of(size_t length, double percentile) {
    double place = percentile * (double)(length - 1) / 100;
    size_t rank = (size_t)place;
    if (rank >= length - 1)
        return (position){length - 1, 0};
    return (position){rank, place - (double)rank};
}

static int compare_ranks(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* One block: scratch, pairs, ranks. */
static bool allocate(rnc_input *in, size_t count, size_t **ranks) {
    size_t scratch = RNC_SCRATCH_BYTES(in->length), pairs = 2 * sizeof(double) * count;
    char *memory = malloc(scratch + pairs + sizeof(size_t) * count);
    if (!memory)
        return false;
    in->scratch = memory;
    in->pairs = (double *)(memory + scratch);
    *ranks = (size_t *)(memory + scratch + pairs);
    return true;
}

int rnc_quantiles_prepare(rnc_input *in, const double *percentiles, size_t count,
                          rnc_quantiles_memory *few) {
    size_t *ranks = few->ranks, distinct = 0;
    in->scratch = few->scratch;
    in->pairs = few->pairs;
    if ((in->length > RNC_FEW_ELEMENTS || count > RNC_FEW_PERCENTILES) &&
        !allocate(in, count, &ranks))
        return RNC_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        ranks[i] = position_of(in->length, percentiles[i]).rank;
    if (count > 1)
        qsort(ranks, count, sizeof *ranks, compare_ranks);
    for (size_t i = 0; i < count; i++)
        if (distinct == 0 || ranks[i] != ranks[distinct - 1])
            ranks[distinct++] = ranks[i];
    in->ranks = ranks;
    in->rank_count = distinct;
    return RNC_OK;
}

void rnc_quantiles_release(rnc_input *in, const rnc_quantiles_memory *few) {
    if (in->scratch != few->scratch)
        free(in->scratch);
}

/* Between lower and upper, monotone in t and never outside them. Where both have one sign their
 * difference cannot overflow; where they do not, each product moves one way only. */
static double interpolate(double lower, double upper, double t) {
    if (t == 0 || lower == upper)
        return lower;
    if ((lower <= 0 && upper >= 0) || isinf(lower) || isinf(upper))
        return (1 - t) * lower + t * upper;
    double between = lower + t * (upper - lower);
    return between < upper ? between : upper;
}

double rnc_quantile(const rnc_input *in, double percentile) {
    position position = position_of(in->length, percentile);
    size_t low = 0, high = in->rank_count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (in->ranks[middle] < position.rank)
            low = middle + 1;
        else
            high = middle;
    }
    return interpolate(in->pairs[2 * low], in->pairs[2 * low + 1], position.t);
}
