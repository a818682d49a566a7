/* The comoments family's blocks, once per instruction set. */
#include "compute/kernels/comoments_merge.h"

enum { PAIR_CHAINS = RNC_COMOMENTS_LANES / F64_WIDTH };

typedef struct OWN(pair_sums) {
    f64xn of[RNC_COMOMENT_SUMS][PAIR_CHAINS];
} OWN(pair_sums);

SIMD_INLINE void OWN(clear_pairs)(OWN(pair_sums) * sums) {
#pragma GCC unroll 5
    for (int kind = 0; kind < RNC_COMOMENT_SUMS; kind++)
#pragma GCC unroll 4
        for (size_t k = 0; k < PAIR_CHAINS; k++)
            sums->of[kind][k] = splat_f64(0);
}

SIMD_INLINE void OWN(add_pair)(OWN(pair_sums) * sums, size_t k, f64xn x, f64xn y) {
    sums->of[RNC_SUM_X][k] = add_aside(sums->of[RNC_SUM_X][k], x);
    sums->of[RNC_SUM_Y][k] = add_aside(sums->of[RNC_SUM_Y][k], y);
    sums->of[RNC_SUM_XX][k] = add_f64(sums->of[RNC_SUM_XX][k], mul_f64(x, x));
    sums->of[RNC_SUM_YY][k] = add_f64(sums->of[RNC_SUM_YY][k], mul_f64(y, y));
    sums->of[RNC_SUM_XY][k] = add_f64(sums->of[RNC_SUM_XY][k], mul_f64(x, y));
}

SIMD_INLINE void OWN(store_pairs)(const OWN(pair_sums) * sums,
                                  double out[RNC_COMOMENT_SUMS][RNC_COMOMENTS_LANES]) {
#pragma GCC unroll 5
    for (int kind = 0; kind < RNC_COMOMENT_SUMS; kind++)
#pragma GCC unroll 4
        for (size_t k = 0; k < PAIR_CHAINS; k++)
            store_f64(out[kind] + F64_WIDTH * k, sums->of[kind][k]);
}

static void OWN(pairs_f32)(const rnc_input *in, size_t begin, size_t length, const double shift[2],
                           double out[RNC_COMOMENT_SUMS][RNC_COMOMENTS_LANES]) {
    const float *x = (const float *)in->data + begin, *y = (const float *)in->other + begin;
    const f64xn x_shift = splat_f64(shift[0]), y_shift = splat_f64(shift[1]);
    OWN(pair_sums) sums;
    OWN(clear_pairs)(&sums);
    size_t i = 0;
    for (; i + RNC_COMOMENTS_LANES <= length; i += RNC_COMOMENTS_LANES) {
#pragma GCC unroll 4
        for (size_t k = 0; k < PAIR_CHAINS; k++)
            OWN(add_pair)(&sums, k, sub_aside(load_widened(x + i + F64_WIDTH * k), x_shift),
                          sub_f64(load_widened(y + i + F64_WIDTH * k), y_shift));
    }
    OWN(store_pairs)(&sums, out);
    for (; i < length; i++)
        rnc_comoments_add(out, i % RNC_COMOMENTS_LANES, (double)rnc_load_f32(x, i) - shift[0],
                          (double)rnc_load_f32(y, i) - shift[1]);
}

static void OWN(pairs_f64)(const rnc_input *in, size_t begin, size_t length, const double shift[2],
                           double out[RNC_COMOMENT_SUMS][RNC_COMOMENTS_LANES]) {
    const double *x = (const double *)in->data + begin, *y = (const double *)in->other + begin;
    const f64xn x_shift = splat_f64(shift[0]), y_shift = splat_f64(shift[1]);
    const f64xn x_scale = splat_f64(in->scale), y_scale = splat_f64(in->other_scale);
    OWN(pair_sums) sums;
    OWN(clear_pairs)(&sums);
    size_t i = 0;
    for (; i + RNC_COMOMENTS_LANES <= length; i += RNC_COMOMENTS_LANES) {
#pragma GCC unroll 4
        for (size_t k = 0; k < PAIR_CHAINS; k++)
            OWN(add_pair)(&sums, k,
                          sub_f64(mul_f64(load_f64(x + i + F64_WIDTH * k), x_scale), x_shift),
                          sub_f64(mul_f64(load_f64(y + i + F64_WIDTH * k), y_scale), y_shift));
    }
    OWN(store_pairs)(&sums, out);
    for (; i < length; i++)
        rnc_comoments_add(out, i % RNC_COMOMENTS_LANES, rnc_load_f64(x, i) * in->scale - shift[0],
                          rnc_load_f64(y, i) * in->other_scale - shift[1]);
}

KERNEL(comoments, f32) {
    STAMP(out);
    rnc_comoments_run(in, (double)rnc_load_f32(in->data, 0), (double)rnc_load_f32(in->other, 0),
                      OWN(pairs_f32), out);
}

KERNEL(comoments, f64) {
    STAMP(out);
    rnc_comoments_run(in, rnc_load_f64(in->data, 0) * in->scale,
                      rnc_load_f64(in->other, 0) * in->other_scale, OWN(pairs_f64), out);
}
