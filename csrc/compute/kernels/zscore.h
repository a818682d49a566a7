/* The zscore family's loops, once per instruction set. */
KERNEL(zscore, f32) {
    STAMP(out);
    const float *data = in->data;
    float *scores = in->out;
    size_t length = in->length, i = 0;
    const f64xn shift = splat_f64(in->shift), factor = splat_f64(in->factor);
    for (; i + 4 * F64_WIDTH <= length; i += 4 * F64_WIDTH) {
#pragma GCC unroll 4
        for (size_t k = 0; k < 4; k++)
            store_narrowed(
                scores + i + F64_WIDTH * k,
                mul_f64(sub_aside(load_widened(data + i + F64_WIDTH * k), shift), factor));
    }
    for (; i < length; i++)
        rnc_store_f32(scores, i, (float)(((double)rnc_load_f32(data, i) - in->shift) * in->factor));
}

KERNEL(zscore, f64) {
    STAMP(out);
    const double *data = in->data;
    double *scores = in->out;
    size_t length = in->length, i = 0;
    const f64xn shift = splat_f64(in->shift), factor = splat_f64(in->factor);
    const f64xn scale = splat_f64(in->scale);
    for (; i + 2 * F64_WIDTH <= length; i += 2 * F64_WIDTH) {
#pragma GCC unroll 2
        for (size_t k = 0; k < 2; k++) {
            f64xn element = mul_f64(load_f64(data + i + F64_WIDTH * k), scale);
            store_f64(scores + i + F64_WIDTH * k, mul_f64(sub_f64(element, shift), factor));
        }
    }
    for (; i < length; i++)
        rnc_store_f64(scores, i, (rnc_load_f64(data, i) * in->scale - in->shift) * in->factor);
}
