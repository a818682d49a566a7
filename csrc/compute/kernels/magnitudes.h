/* The magnitudes family's loops, once per instruction set: the sum family's over absolute values,
 * with their maximum beside. */
#include "compute/kernels/lanes.h"

KERNEL(magnitudes, f32) {
    STAMP(out);
    enum { CHAINS = RNC_SUM_F32_LANES / F64_WIDTH };
    const float *data = in->data;
    size_t length = in->length, i = 0;
    f64xn sum[CHAINS], greatest[2] = {splat_f64(0), splat_f64(0)};
#pragma GCC unroll 16
    for (size_t k = 0; k < CHAINS; k++)
        sum[k] = splat_f64(0);
    for (; i + RNC_SUM_F32_LANES <= length; i += RNC_SUM_F32_LANES) {
#pragma GCC unroll 16
        for (size_t k = 0; k < CHAINS; k++) {
            f64xn magnitude = abs_f64(load_widened(data + i + F64_WIDTH * k));
            sum[k] = add_aside(sum[k], magnitude);
            greatest[k % 2] = greater_f64(greatest[k % 2], magnitude);
        }
    }
    size_t vectors = (length - i) / F64_WIDTH;
#pragma GCC unroll 16
    for (size_t k = 0; k < CHAINS; k++)
        if (k < vectors) {
            f64xn magnitude = abs_f64(load_widened(data + i + F64_WIDTH * k));
            sum[k] = add_aside(sum[k], magnitude);
            greatest[0] = greater_f64(greatest[0], magnitude);
        }
    double lanes[RNC_SUM_F32_LANES], maxima[F64_WIDTH];
#pragma GCC unroll 16
    for (size_t k = 0; k < CHAINS; k++)
        store_f64(lanes + F64_WIDTH * k, sum[k]);
    store_f64(maxima, greater_f64(greatest[0], greatest[1]));
    for (i += F64_WIDTH * vectors; i < length; i++) {
        double magnitude = fabs((double)rnc_load_f32(data, i));
        lanes[i % RNC_SUM_F32_LANES] += magnitude;
        maxima[0] = magnitude > maxima[0] ? magnitude : maxima[0];
    }
    out->value[0] = rnc_fold(lanes, RNC_SUM_F32_LANES);
    out->value[1] = 0;
    out->value[2] = rnc_greatest(maxima, F64_WIDTH);
}

KERNEL(magnitudes, f64) {
    STAMP(out);
    enum { CHAINS = RNC_SUM_F64_LANES / F64_WIDTH };
    const double *data = in->data;
    size_t length = in->length, i = 0;
    const f64xn scale = splat_f64(in->scale);
    f64xn sum[CHAINS], error[CHAINS], greatest = splat_f64(0);
#pragma GCC unroll 8
    for (size_t k = 0; k < CHAINS; k++)
        sum[k] = error[k] = splat_f64(0);
    for (; i + F64_WIDTH <= length; i += RNC_SUM_F64_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++) {
            if (i + F64_WIDTH * (k + 1) > length)
                break;
            f64xn magnitude = abs_f64(load_f64(data + i + F64_WIDTH * k));
            f64xn addend = mul_f64(magnitude, scale);
            f64xn total = add_f64(sum[k], addend);
            f64xn taken = sub_f64(total, sum[k]);
            error[k] = add_f64(
                error[k], add_f64(sub_f64(sum[k], sub_f64(total, taken)), sub_f64(addend, taken)));
            sum[k] = total;
            greatest = greater_f64(greatest, magnitude);
        }
    }
    double sums[RNC_SUM_F64_LANES], errors[RNC_SUM_F64_LANES], maxima[F64_WIDTH];
#pragma GCC unroll 8
    for (size_t k = 0; k < CHAINS; k++) {
        store_f64(sums + F64_WIDTH * k, sum[k]);
        store_f64(errors + F64_WIDTH * k, error[k]);
    }
    store_f64(maxima, greatest);
    for (i = length / F64_WIDTH * F64_WIDTH; i < length; i++) {
        size_t lane = i % RNC_SUM_F64_LANES;
        double magnitude = fabs(rnc_load_f64(data, i));
        rnc_two_sum(&sums[lane], &errors[lane], magnitude * in->scale);
        maxima[0] = magnitude > maxima[0] ? magnitude : maxima[0];
    }
    rnc_fold_compensated(sums, errors, RNC_SUM_F64_LANES);
    out->value[0] = sums[0];
    out->value[1] = errors[0];
    out->value[2] = rnc_greatest(maxima, F64_WIDTH);
}
