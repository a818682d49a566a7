/* The specification of the comoments family: the lanes of one block. Blocks and their merging are
 * the same code for every instruction set, in comoments_merge.h. */
#include "compute/kernels/comoments_merge.h"

static void block_f32(const rnc_input *in, size_t begin, size_t length, const double shift[2],
                      double sums[RNC_COMOMENT_SUMS][RNC_COMOMENTS_LANES]) {
    const float *x = (const float *)in->data + begin, *y = (const float *)in->other + begin;
    memset(sums, 0, sizeof(double) * RNC_COMOMENT_SUMS * RNC_COMOMENTS_LANES);
    for (size_t i = 0; i < length; i++)
        rnc_comoments_add(sums, i % RNC_COMOMENTS_LANES, (double)rnc_load_f32(x, i) - shift[0],
                          (double)rnc_load_f32(y, i) - shift[1]);
}

static void block_f64(const rnc_input *in, size_t begin, size_t length, const double shift[2],
                      double sums[RNC_COMOMENT_SUMS][RNC_COMOMENTS_LANES]) {
    const double *x = (const double *)in->data + begin, *y = (const double *)in->other + begin;
    memset(sums, 0, sizeof(double) * RNC_COMOMENT_SUMS * RNC_COMOMENTS_LANES);
    for (size_t i = 0; i < length; i++)
        rnc_comoments_add(sums, i % RNC_COMOMENTS_LANES, rnc_load_f64(x, i) * in->scale - shift[0],
                          rnc_load_f64(y, i) * in->other_scale - shift[1]);
}

void rnc_comoments_f32_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    rnc_comoments_run(in, (double)rnc_load_f32(in->data, 0), (double)rnc_load_f32(in->other, 0),
                      block_f32, out);
}

void rnc_comoments_f64_scalar(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, Scalar);
    rnc_comoments_run(in, rnc_load_f64(in->data, 0) * in->scale,
                      rnc_load_f64(in->other, 0) * in->other_scale, block_f64, out);
}
