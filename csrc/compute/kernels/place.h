/* The argmin and argmax families: the extremum block by block, by the min and max families' kernel
 * of the same instruction set, then its place inside the one block that has it. The first NaN ends
 * the search. */
#ifndef RNC_COMPUTE_KERNELS_PLACE_H
#define RNC_COMPUTE_KERNELS_PLACE_H

#include <math.h>

#include "compute/kernel.h"

#define RNC_PLACE_BLOCK 4096

/* Does a stand before b in the order whose least element is searched? */
typedef bool rnc_precedes(double a, double b);

static inline bool rnc_is_less(double a, double b) {
    return a < b || (a == b && signbit(a) && !signbit(b));
}

static inline bool rnc_is_greater(double a, double b) {
    return rnc_is_less(b, a);
}

/* The same number, zeros told apart; or both NaN. */
static inline bool rnc_is_same(double a, double b) {
    return a == b ? signbit(a) == signbit(b) : isnan(a) && isnan(b);
}

/* The first place of `wanted`, which is there unless another thread has overwritten it: then the
 * last place or any other, but inside. */
typedef size_t rnc_find(const void *data, size_t length, double wanted);

static inline __attribute__((always_inline)) void
rnc_place_run(const rnc_input *in, size_t element_size, rnc_kernel *extremum,
              rnc_precedes *precedes, rnc_find *find, rnc_result *out) {
    double best = 0;
    size_t best_at = 0, best_length = 0, length;
    /* The last block is never shorter than a whole one, unless it is the only one. */
    for (size_t at = 0; at < in->length; at += length) {
        size_t left = in->length - at;
        length = left < 2 * RNC_PLACE_BLOCK ? left : RNC_PLACE_BLOCK;
        rnc_input block = {.data = (const char *)in->data + at * element_size, .length = length};
        rnc_result found;
        extremum(&block, &found);
        if (at == 0 || isnan(found.value[0]) || precedes(found.value[0], best)) {
            best = found.value[0];
            best_at = at;
            best_length = length;
        }
        if (isnan(best))
            break;
    }
    const char *block = (const char *)in->data + best_at * element_size;
    out->value[0] = (double)(best_at + find(block, best_length, best));
}

#endif
