/* The describe family's blocks, once per instruction set: the moments family's arithmetic, with the
 * least and the greatest element beside it. Those are found by plain comparisons, which lose NaNs
 * and the order of zeros; where either may have mattered, the min and max families say it. */
#include <math.h>

#include "compute/kernels/moments.h"

enum { MOMENT_CHAINS = RNC_MOMENTS_LANES / F64_WIDTH };

/* Chains of extremes: one for each vector of a round, so that none waits for another. */
enum { EXTREME_CHAINS = RNC_MOMENTS_LANES / F32_WIDTH };

typedef struct OWN(chains) {
    f64xn sum[MOMENT_CHAINS], square[MOMENT_CHAINS];
} OWN(chains);

SIMD_INLINE void OWN(add_distance)(OWN(chains) * chains, size_t k, f64xn distance) {
    chains->sum[k] = add_aside(chains->sum[k], distance);
    chains->square[k] = add_f64(chains->square[k], mul_f64(distance, distance));
}

SIMD_INLINE void OWN(clear_chains)(OWN(chains) * chains) {
#pragma GCC unroll 8
    for (size_t k = 0; k < MOMENT_CHAINS; k++)
        chains->sum[k] = chains->square[k] = splat_f64(0);
}

SIMD_INLINE void OWN(store_chains)(const OWN(chains) * chains, double *sums, double *squares) {
#pragma GCC unroll 8
    for (size_t k = 0; k < MOMENT_CHAINS; k++) {
        store_f64(sums + F64_WIDTH * k, chains->sum[k]);
        store_f64(squares + F64_WIDTH * k, chains->square[k]);
    }
}

static void OWN(describe_block_f32)(const float *data, size_t length, double shift, double *sums,
                                    double *squares, float *least_lanes, float *greatest_lanes) {
    const f64xn shift_f64xn = splat_f64(shift);
    f32xn least[EXTREME_CHAINS], greatest[EXTREME_CHAINS];
#pragma GCC unroll 4
    for (size_t k = 0; k < EXTREME_CHAINS; k++) {
        least[k] = load_f32(least_lanes + F32_WIDTH * k);
        greatest[k] = load_f32(greatest_lanes + F32_WIDTH * k);
    }
    OWN(chains) chains;
    OWN(clear_chains)(&chains);
    size_t i = 0;
    for (; i + RNC_MOMENTS_LANES <= length; i += RNC_MOMENTS_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < MOMENT_CHAINS; k++)
            OWN(add_distance)(&chains, k,
                              sub_aside(load_widened(data + i + F64_WIDTH * k), shift_f64xn));
#pragma GCC unroll 4
        for (size_t k = 0; k < EXTREME_CHAINS; k++) {
            f32xn element = load_f32(data + i + F32_WIDTH * k);
            least[k] = lesser_f32(element, least[k]);
            greatest[k] = greater_f32(element, greatest[k]);
        }
    }
    OWN(store_chains)(&chains, sums, squares);
#pragma GCC unroll 4
    for (size_t k = 0; k < EXTREME_CHAINS; k++) {
        store_f32(least_lanes + F32_WIDTH * k, least[k]);
        store_f32(greatest_lanes + F32_WIDTH * k, greatest[k]);
    }
    for (; i < length; i++) {
        float element = rnc_load_f32(data, i);
        double distance = (double)element - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
        least_lanes[0] = element < least_lanes[0] ? element : least_lanes[0];
        greatest_lanes[0] = element > greatest_lanes[0] ? element : greatest_lanes[0];
    }
}

static void OWN(describe_block_f64)(const double *data, size_t length, double scale, double shift,
                                    double *sums, double *squares, double *least_lanes,
                                    double *greatest_lanes) {
    const f64xn shift_f64xn = splat_f64(shift), scale_f64xn = splat_f64(scale);
    f64xn least = load_f64(least_lanes), greatest = load_f64(greatest_lanes);
    OWN(chains) chains;
    OWN(clear_chains)(&chains);
    size_t i = 0;
    for (; i + RNC_MOMENTS_LANES <= length; i += RNC_MOMENTS_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < MOMENT_CHAINS; k++) {
            f64xn element = load_f64(data + i + F64_WIDTH * k);
            least = lesser_f64(element, least);
            greatest = greater_f64(element, greatest);
            OWN(add_distance)(&chains, k, sub_f64(mul_f64(element, scale_f64xn), shift_f64xn));
        }
    }
    OWN(store_chains)(&chains, sums, squares);
    store_f64(least_lanes, least);
    store_f64(greatest_lanes, greatest);
    for (; i < length; i++) {
        double element = rnc_load_f64(data, i), distance = element * scale - shift;
        sums[i % RNC_MOMENTS_LANES] += distance;
        squares[i % RNC_MOMENTS_LANES] += distance * distance;
        least_lanes[0] = element < least_lanes[0] ? element : least_lanes[0];
        greatest_lanes[0] = element > greatest_lanes[0] ? element : greatest_lanes[0];
    }
}

SIMD_INLINE void OWN(settle_extremes)(const rnc_input *in, rnc_kernel *min, rnc_kernel *max,
                                      double least, double greatest, rnc_result *out) {
    rnc_result found;
    out->value[2] = least;
    out->value[3] = greatest;
    if (isnan(out->value[0]) || least == 0) {
        min(in, &found);
        out->value[2] = found.value[0];
    }
    if (isnan(out->value[0]) || greatest == 0) {
        max(in, &found);
        out->value[3] = found.value[0];
    }
}

KERNEL(describe, f32) {
    STAMP(out);
    const float *data = in->data;
    rnc_moments so_far = {.mean = (double)rnc_load_f32(data, 0)};
    float least[RNC_MOMENTS_LANES], greatest[RNC_MOMENTS_LANES];
    for (size_t lane = 0; lane < RNC_MOMENTS_LANES; lane++)
        least[lane] = greatest[lane] = rnc_load_f32(data, 0);
    while (so_far.count < in->length) {
        double sums[RNC_MOMENTS_LANES], squares[RNC_MOMENTS_LANES];
        size_t length = rnc_moments_block_length(&so_far, in->length - so_far.count);
        OWN(describe_block_f32)(data + so_far.count, length, so_far.mean, sums, squares, least,
                                greatest);
        rnc_moments_merge(&so_far, length, rnc_fold(sums, RNC_MOMENTS_LANES),
                          rnc_fold(squares, RNC_MOMENTS_LANES));
    }
    for (size_t lane = 1; lane < RNC_MOMENTS_LANES; lane++) {
        least[0] = least[lane] < least[0] ? least[lane] : least[0];
        greatest[0] = greatest[lane] > greatest[0] ? greatest[lane] : greatest[0];
    }
    out->value[0] = so_far.mean;
    out->value[1] = so_far.squares;
    OWN(settle_extremes)(in, OWN(rnc_min_f32), OWN(rnc_max_f32), (double)least[0],
                         (double)greatest[0], out);
}

KERNEL(describe, f64) {
    STAMP(out);
    const double *data = in->data;
    rnc_moments so_far = {.mean = rnc_load_f64(data, 0) * in->scale};
    double least[F64_WIDTH], greatest[F64_WIDTH];
    for (size_t lane = 0; lane < F64_WIDTH; lane++)
        least[lane] = greatest[lane] = rnc_load_f64(data, 0);
    while (so_far.count < in->length) {
        double sums[RNC_MOMENTS_LANES], squares[RNC_MOMENTS_LANES];
        size_t length = rnc_moments_block_length(&so_far, in->length - so_far.count);
        OWN(describe_block_f64)(data + so_far.count, length, in->scale, so_far.mean, sums, squares,
                                least, greatest);
        rnc_moments_merge(&so_far, length, rnc_fold(sums, RNC_MOMENTS_LANES),
                          rnc_fold(squares, RNC_MOMENTS_LANES));
    }
    for (size_t lane = 1; lane < F64_WIDTH; lane++) {
        least[0] = least[lane] < least[0] ? least[lane] : least[0];
        greatest[0] = greatest[lane] > greatest[0] ? greatest[lane] : greatest[0];
    }
    out->value[0] = so_far.mean;
    out->value[1] = so_far.squares;
    OWN(settle_extremes)(in, OWN(rnc_min_f64), OWN(rnc_max_f64), least[0], greatest[0], out);
}
