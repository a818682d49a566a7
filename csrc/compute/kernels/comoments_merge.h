/* Means, sums of squared distances and sum of products of distances of two vectors: the moments
 * family's blocks and merging, for pairs. Both vectors are shifted by estimates of their means, so
 * by Cauchy and Schwarz the products' error is bounded as the squares' are. */
#ifndef RNC_COMPUTE_KERNELS_COMOMENTS_MERGE_H
#define RNC_COMPUTE_KERNELS_COMOMENTS_MERGE_H

#include "compute/kernels/moments.h"

#define RNC_COMOMENTS_LANES 8 /* five sums each */

enum { RNC_SUM_X, RNC_SUM_Y, RNC_SUM_XX, RNC_SUM_YY, RNC_SUM_XY, RNC_COMOMENT_SUMS };

/* Writes lanes' sums of (x * scale - shift), of y's, of their squares and of their products. */
typedef void rnc_comoments_block(const rnc_input *in, size_t begin, size_t length,
                                 const double shift[2],
                                 double sums[RNC_COMOMENT_SUMS][RNC_COMOMENTS_LANES]);

static inline __attribute__((always_inline)) void rnc_comoments_run(const rnc_input *in,
                                                                    double first_x, double first_y,
                                                                    rnc_comoments_block *block,
                                                                    rnc_result *out) {
    rnc_moments x = {.mean = first_x}, y = {.mean = first_y};
    double products = 0;
    while (x.count < in->length) {
        double sums[RNC_COMOMENT_SUMS][RNC_COMOMENTS_LANES], total[RNC_COMOMENT_SUMS];
        size_t length = rnc_moments_block_length(&x, in->length - x.count);
        block(in, x.count, length, (double[]){x.mean, y.mean}, sums);
        for (int kind = 0; kind < RNC_COMOMENT_SUMS; kind++)
            total[kind] = rnc_fold(sums[kind], RNC_COMOMENTS_LANES);
        double x_offset = total[RNC_SUM_X] / (double)length;
        double y_offset = total[RNC_SUM_Y] / (double)length;
        double share = (double)length / (double)(x.count + length);
        products += total[RNC_SUM_XY] - total[RNC_SUM_X] * y_offset +
                    (x_offset - x.mean_rest) * (y_offset - y.mean_rest) * ((double)x.count * share);
        rnc_moments_merge(&x, length, total[RNC_SUM_X], total[RNC_SUM_XX]);
        rnc_moments_merge(&y, length, total[RNC_SUM_Y], total[RNC_SUM_YY]);
    }
    out->value[0] = x.mean;
    out->value[1] = x.squares;
    out->value[2] = y.mean;
    out->value[3] = y.squares;
    out->value[4] = products;
}

/* One pair into its lane. */
static inline void rnc_comoments_add(double sums[RNC_COMOMENT_SUMS][RNC_COMOMENTS_LANES],
                                     size_t lane, double x, double y) {
    sums[RNC_SUM_X][lane] += x;
    sums[RNC_SUM_Y][lane] += y;
    sums[RNC_SUM_XX][lane] += x * x;
    sums[RNC_SUM_YY][lane] += y * y;
    sums[RNC_SUM_XY][lane] += x * y;
}

#endif
