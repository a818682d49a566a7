/* Mean and sum of squared distances, in blocks: inside a block the data is shifted by an estimate
 * of its mean, and blocks are merged by Chan, Golub and LeVeque's formula (1979).
 *
 * The first block is shifted by its first element, so its condition is at most 1 + its length. Each
 * later one is shifted by the mean so far and is no longer than what that mean stands on, so the
 * squares of a block never exceed twice what the block adds to the result: there is no
 * cancellation, whatever the data's order. */
#ifndef RNC_COMPUTE_KERNELS_MOMENTS_H
#define RNC_COMPUTE_KERNELS_MOMENTS_H

#include "compute/kernel.h"
#include "compute/kernels/lanes.h"

#define RNC_MOMENTS_FIRST_BLOCK   128
#define RNC_MOMENTS_LARGEST_BLOCK 8192

typedef struct rnc_moments {
    size_t count;
    double mean;
    double mean_rest; /* what rounding took from the mean */
    double squares;   /* of distances from the mean */
} rnc_moments;

/* Both block sizes are multiples of every lane count. */
static inline size_t rnc_moments_block_length(const rnc_moments *so_far, size_t left) {
    size_t length = so_far->count ? so_far->count : RNC_MOMENTS_FIRST_BLOCK;
    if (length > RNC_MOMENTS_LARGEST_BLOCK)
        length = RNC_MOMENTS_LARGEST_BLOCK;
    return length < left ? length : left;
}

/* sum and squares are those of (element - so_far->mean), over count elements. */
static inline void rnc_moments_merge(rnc_moments *so_far, size_t count, double sum,
                                     double squares) {
    double offset = sum / (double)count;
    double block_squares = squares - sum * offset;
    if (block_squares < 0)
        block_squares = 0;
    double share = (double)count / (double)(so_far->count + count);
    double distance = offset - so_far->mean_rest;
    so_far->squares += block_squares + distance * distance * ((double)so_far->count * share);
    double step = so_far->mean_rest + distance * share;
    so_far->mean_rest = 0;
    rnc_two_sum(&so_far->mean, &so_far->mean_rest, step);
    so_far->count += count;
}

/* Writes lanes' sums of (element * scale - shift) and of their squares. */
typedef void rnc_moments_block(const void *data, size_t length, double scale, double shift,
                               double *sums, double *squares);

static inline __attribute__((always_inline)) void rnc_moments_run(const rnc_input *in,
                                                                  size_t element_size, double first,
                                                                  rnc_moments_block *block,
                                                                  rnc_result *out) {
    rnc_moments so_far = {.mean = first};
    while (so_far.count < in->length) {
        double sums[RNC_MOMENTS_LANES], squares[RNC_MOMENTS_LANES];
        size_t length = rnc_moments_block_length(&so_far, in->length - so_far.count);
        block((const char *)in->data + so_far.count * element_size, length, in->scale, so_far.mean,
              sums, squares);
        rnc_moments_merge(&so_far, length, rnc_fold(sums, RNC_MOMENTS_LANES),
                          rnc_fold(squares, RNC_MOMENTS_LANES));
    }
    out->value[0] = so_far.mean;
    out->value[1] = so_far.squares;
}

#endif
