/* The argmin and argmax families' kernels, once per instruction set. */
#include "compute/kernels/place.h"

static size_t OWN(find_f32)(const void *data, size_t length, double wanted) {
    size_t i = 0;
    for (; i + F32_WIDTH <= length; i += F32_WIDTH) {
        if (!any_match_f32((const float *)data + i, (float)wanted))
            continue;
        for (size_t lane = 0; lane < F32_WIDTH; lane++)
            if (rnc_is_same((double)rnc_load_f32(data, i + lane), wanted))
                return i + lane;
    }
    for (; i + 1 < length; i++)
        if (rnc_is_same((double)rnc_load_f32(data, i), wanted))
            return i;
    return length - 1;
}

static size_t OWN(find_f64)(const void *data, size_t length, double wanted) {
    size_t i = 0;
    for (; i + F64_WIDTH <= length; i += F64_WIDTH) {
        if (!any_match_f64((const double *)data + i, wanted))
            continue;
        for (size_t lane = 0; lane < F64_WIDTH; lane++)
            if (rnc_is_same(rnc_load_f64(data, i + lane), wanted))
                return i + lane;
    }
    for (; i + 1 < length; i++)
        if (rnc_is_same(rnc_load_f64(data, i), wanted))
            return i;
    return length - 1;
}

KERNEL(argmin, f32) {
    STAMP(out);
    rnc_place_run(in, sizeof(float), OWN(rnc_min_f32), rnc_is_less, OWN(find_f32), out);
}

KERNEL(argmin, f64) {
    STAMP(out);
    rnc_place_run(in, sizeof(double), OWN(rnc_min_f64), rnc_is_less, OWN(find_f64), out);
}

KERNEL(argmax, f32) {
    STAMP(out);
    rnc_place_run(in, sizeof(float), OWN(rnc_max_f32), rnc_is_greater, OWN(find_f32), out);
}

KERNEL(argmax, f64) {
    STAMP(out);
    rnc_place_run(in, sizeof(double), OWN(rnc_max_f64), rnc_is_greater, OWN(find_f64), out);
}
