/* The min and max families' kernels, once per instruction set. An element may be taken twice: the
 * first vector may overlap the next, which is aligned where the elements are, since a load across
 * two cache lines costs as much as two; and so may the last. */
#include "compute/kernels/order.h"

enum { SEARCH_CHAINS = 4 }; /* cover the latency of x86's minimum */

/* Elements from `data` to the next multiple of a vector's size. */
SIMD_INLINE size_t OWN(unaligned)(const void *data, size_t element_size) {
    return (-(uintptr_t)data & (sizeof(f32xn) - 1)) / element_size;
}

SIMD_INLINE double OWN(extreme_f32)(const float *data, size_t length, const bool greatest) {
    f32xn best[SEARCH_CHAINS];
    size_t i = OWN(unaligned)(data, sizeof(float));
#pragma GCC unroll 4
    for (size_t k = 0; k < SEARCH_CHAINS; k++)
        best[k] = to_order_f32(load_f32(data), greatest);
    for (; i + F32_WIDTH * SEARCH_CHAINS <= length; i += F32_WIDTH * SEARCH_CHAINS)
#pragma GCC unroll 4
        for (size_t k = 0; k < SEARCH_CHAINS; k++)
            best[k] = first_f32(best[k], to_order_f32(load_f32(data + i + F32_WIDTH * k), greatest),
                                greatest);
    for (; i + F32_WIDTH <= length; i += F32_WIDTH)
        best[0] = first_f32(best[0], to_order_f32(load_f32(data + i), greatest), greatest);
    best[1] =
        first_f32(best[1], to_order_f32(load_f32(data + length - F32_WIDTH), greatest), greatest);
    f32xn folded = first_f32(first_f32(best[0], best[1], greatest),
                             first_f32(best[2], best[3], greatest), greatest);
    float lanes[F32_WIDTH];
    store_f32(lanes, to_order_f32(folded, greatest));
    for (size_t lane = 1; lane < F32_WIDTH; lane++)
        lanes[0] = greatest ? rnc_larger_f32(lanes[0], lanes[lane])
                            : rnc_smaller_f32(lanes[0], lanes[lane]);
    return (double)lanes[0];
}

SIMD_INLINE double OWN(extreme_f64)(const double *data, size_t length, const bool greatest) {
    f64xn best[SEARCH_CHAINS];
    size_t i = OWN(unaligned)(data, sizeof(double));
#pragma GCC unroll 4
    for (size_t k = 0; k < SEARCH_CHAINS; k++)
        best[k] = to_order_f64(load_f64(data), greatest);
    for (; i + F64_WIDTH * SEARCH_CHAINS <= length; i += F64_WIDTH * SEARCH_CHAINS)
#pragma GCC unroll 4
        for (size_t k = 0; k < SEARCH_CHAINS; k++)
            best[k] = first_f64(best[k], to_order_f64(load_f64(data + i + F64_WIDTH * k), greatest),
                                greatest);
    for (; i + F64_WIDTH <= length; i += F64_WIDTH)
        best[0] = first_f64(best[0], to_order_f64(load_f64(data + i), greatest), greatest);
    best[1] =
        first_f64(best[1], to_order_f64(load_f64(data + length - F64_WIDTH), greatest), greatest);
    f64xn folded = first_f64(first_f64(best[0], best[1], greatest),
                             first_f64(best[2], best[3], greatest), greatest);
    double lanes[F64_WIDTH];
    store_f64(lanes, to_order_f64(folded, greatest));
    for (size_t lane = 1; lane < F64_WIDTH; lane++)
        lanes[0] = greatest ? rnc_larger_f64(lanes[0], lanes[lane])
                            : rnc_smaller_f64(lanes[0], lanes[lane]);
    return lanes[0];
}

KERNEL(min, f32) {
    STAMP(out);
    out->value[0] = OWN(extreme_f32)(in->data, in->length, false);
}

KERNEL(min, f64) {
    STAMP(out);
    out->value[0] = OWN(extreme_f64)(in->data, in->length, false);
}

KERNEL(max, f32) {
    STAMP(out);
    out->value[0] = OWN(extreme_f32)(in->data, in->length, true);
}

KERNEL(max, f64) {
    STAMP(out);
    out->value[0] = OWN(extreme_f64)(in->data, in->length, true);
}
