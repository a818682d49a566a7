/* The dot family's loops, once per instruction set. Products of float32 are exact in float64;
 * float64 keeps the rounding error of each product and each addition (Ogita, Rump and Oishi,
 * 2005). */
#include "compute/kernels/lanes.h"

KERNEL(dot, f32) {
    STAMP(out);
    enum { CHAINS = RNC_SUM_F32_LANES / F64_WIDTH };
    const float *x = in->data, *y = in->other;
    size_t length = in->length, i = 0;
    f64xn sum[CHAINS];
#pragma GCC unroll 16
    for (size_t k = 0; k < CHAINS; k++)
        sum[k] = splat_f64(0);
    for (; i + RNC_SUM_F32_LANES <= length; i += RNC_SUM_F32_LANES) {
#pragma GCC unroll 16
        for (size_t k = 0; k < CHAINS; k++)
            sum[k] = add_exact_product(sum[k], load_widened(x + i + F64_WIDTH * k),
                                       load_widened(y + i + F64_WIDTH * k));
    }
    size_t vectors = (length - i) / F64_WIDTH;
#pragma GCC unroll 16
    for (size_t k = 0; k < CHAINS; k++)
        if (k < vectors)
            sum[k] = add_exact_product(sum[k], load_widened(x + i + F64_WIDTH * k),
                                       load_widened(y + i + F64_WIDTH * k));
    double lanes[RNC_SUM_F32_LANES];
#pragma GCC unroll 16
    for (size_t k = 0; k < CHAINS; k++)
        store_f64(lanes + F64_WIDTH * k, sum[k]);
    for (i += F64_WIDTH * vectors; i < length; i++)
        lanes[i % RNC_SUM_F32_LANES] += (double)rnc_load_f32(x, i) * (double)rnc_load_f32(y, i);
    out->value[0] = rnc_fold(lanes, RNC_SUM_F32_LANES);
    out->value[1] = 0;
}

SIMD_INLINE void OWN(add_compensated)(f64xn *sum, f64xn *error, f64xn x, f64xn y) {
    f64xn product = mul_f64(x, y);
    f64xn total = add_f64(*sum, product);
    f64xn taken = sub_f64(total, *sum);
    f64xn lost = add_f64(sub_f64(*sum, sub_f64(total, taken)), sub_f64(product, taken));
    *error = add_f64(add_f64(*error, lost), product_error(x, y, product));
    *sum = total;
}

KERNEL(dot, f64) {
    STAMP(out);
    enum { CHAINS = RNC_SUM_F64_LANES / F64_WIDTH };
    const double *x = in->data, *y = in->other;
    size_t length = in->length, i = 0;
    const f64xn x_scale = splat_f64(in->scale), y_scale = splat_f64(in->other_scale);
    f64xn sum[CHAINS], error[CHAINS];
#pragma GCC unroll 8
    for (size_t k = 0; k < CHAINS; k++)
        sum[k] = error[k] = splat_f64(0);
    for (; i + RNC_SUM_F64_LANES <= length; i += RNC_SUM_F64_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS; k++)
            OWN(add_compensated)(&sum[k], &error[k],
                                 mul_f64(load_f64(x + i + F64_WIDTH * k), x_scale),
                                 mul_f64(load_f64(y + i + F64_WIDTH * k), y_scale));
    }
    size_t vectors = (length - i) / F64_WIDTH;
#pragma GCC unroll 8
    for (size_t k = 0; k < CHAINS; k++)
        if (k < vectors)
            OWN(add_compensated)(&sum[k], &error[k],
                                 mul_f64(load_f64(x + i + F64_WIDTH * k), x_scale),
                                 mul_f64(load_f64(y + i + F64_WIDTH * k), y_scale));
    double sums[RNC_SUM_F64_LANES], errors[RNC_SUM_F64_LANES];
#pragma GCC unroll 8
    for (size_t k = 0; k < CHAINS; k++) {
        store_f64(sums + F64_WIDTH * k, sum[k]);
        store_f64(errors + F64_WIDTH * k, error[k]);
    }
    for (i += F64_WIDTH * vectors; i < length; i++) {
        size_t lane = i % RNC_SUM_F64_LANES;
        rnc_add_product(&sums[lane], &errors[lane], rnc_load_f64(x, i) * in->scale,
                        rnc_load_f64(y, i) * in->other_scale);
    }
    rnc_fold_compensated(sums, errors, RNC_SUM_F64_LANES);
    out->value[0] = sums[0];
    out->value[1] = errors[0];
}
