/* The one layout that sums share on every instruction set, so that their results are the same bits:
 * element i belongs to virtual lane i mod LANES, a lane adds its elements in order, and the lanes
 * are folded in halves. */
#ifndef RNC_COMPUTE_KERNELS_LANES_H
#define RNC_COMPUTE_KERNELS_LANES_H

#include <math.h>
#include <stddef.h>

#define RNC_SUM_F32_LANES 32 /* eight AVX2 accumulators hide an addition's latency */
#define RNC_SUM_F64_LANES 16 /* a sum and its rounding errors each: twice the registers a lane */
#define RNC_MOMENTS_LANES 16 /* a sum and a sum of squares each */

/* How many lanes are worth folding: those past an input's end, zeros, change no bit. A power of
 * two, as `lanes` is. */
static inline size_t rnc_lanes_reached(size_t length, size_t lanes) {
    while (lanes > 1 && lanes / 2 >= length)
        lanes /= 2;
    return lanes;
}

static inline double rnc_fold(double *lanes, size_t count) {
    for (size_t half = count / 2; half; half /= 2)
        for (size_t lane = 0; lane < half; lane++)
            lanes[lane] += lanes[lane + half];
    return lanes[0];
}

/* Of numbers that are not NaN. */
static inline double rnc_greatest(const double *lanes, size_t count) {
    double greatest = lanes[0];
    for (size_t lane = 1; lane < count; lane++)
        greatest = lanes[lane] > greatest ? lanes[lane] : greatest;
    return greatest;
}

/* A sum and the rounding errors made on the way. *sum + *error is exact when the errors' own sum is
 * (Knuth's TwoSum; no order of magnitudes is assumed). Of no use once *sum is not finite. */
static inline void rnc_two_sum(double *sum, double *error, double addend) {
    double total = *sum + addend;
    double taken = total - *sum;
    *error += (*sum - (total - taken)) + (addend - taken);
    *sum = total;
}

/* The same for a product, whose own rounding error is exact too. */
static inline void rnc_add_product(double *sum, double *error, double x, double y) {
    double product = x * y;
    rnc_two_sum(sum, error, product);
    *error += fma(x, y, -product);
}

static inline void rnc_fold_compensated(double *sums, double *errors, size_t count) {
    for (size_t half = count / 2; half; half /= 2)
        for (size_t lane = 0; lane < half; lane++) {
            rnc_two_sum(&sums[lane], &errors[lane], sums[lane + half]);
            errors[lane] += errors[lane + half];
        }
}

#endif
