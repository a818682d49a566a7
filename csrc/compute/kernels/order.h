/* The order of elements: numbers as usual, -0 below +0, and NaN wins every comparison, so that one
 * NaN anywhere is the result. */
#ifndef RNC_COMPUTE_KERNELS_ORDER_H
#define RNC_COMPUTE_KERNELS_ORDER_H

#include <math.h>

static inline float rnc_smaller_f32(float a, float b) {
    if (a < b || isnan(a))
        return a;
    if (b < a || isnan(b))
        return b;
    return signbit(a) ? a : b;
}

static inline double rnc_smaller_f64(double a, double b) {
    if (a < b || isnan(a))
        return a;
    if (b < a || isnan(b))
        return b;
    return signbit(a) ? a : b;
}

static inline float rnc_larger_f32(float a, float b) {
    if (a > b || isnan(a))
        return a;
    if (b > a || isnan(b))
        return b;
    return signbit(a) ? b : a;
}

static inline double rnc_larger_f64(double a, double b) {
    if (a > b || isnan(a))
        return a;
    if (b > a || isnan(b))
        return b;
    return signbit(a) ? b : a;
}

#endif
