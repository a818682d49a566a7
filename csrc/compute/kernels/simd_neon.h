/* The words that kernels shared by several instruction sets are written in, as NEON says them. */
#ifndef RNC_COMPUTE_KERNELS_SIMD_H
#define RNC_COMPUTE_KERNELS_SIMD_H

#include <arm_neon.h>

#define KERNEL(family, dtype)                                                                      \
    void rnc_##family##_##dtype##_neon(const rnc_input *in, rnc_result *out)
#define MATRIX_KERNEL(op, dtype)                                                                   \
    void rnc_##op##_##dtype##_neon(const rnc_matrix_input *in, rnc_matrix_output *out)
#define OWN(stem)   stem##_neon
#define STAMP(out)  RNC_STAMP(out, NEON)
#define F64_WIDTH   2
#define F32_WIDTH   4
#define SIMD_INLINE static inline __attribute__((always_inline, unused))

typedef float64x2_t f64xn;
typedef float32x4_t f32xn;

SIMD_INLINE f64xn splat_f64(double number) {
    return vdupq_n_f64(number);
}
SIMD_INLINE f64xn load_f64(const double *place) {
    return vld1q_f64(place);
}
SIMD_INLINE f64xn load_widened(const float *place) {
    return vcvt_f64_f32(vld1_f32(place));
}
SIMD_INLINE void store_f64(double *place, f64xn vector) {
    vst1q_f64(place, vector);
}
SIMD_INLINE void store_narrowed(float *place, f64xn vector) {
    vst1_f32(place, vcvt_f32_f64(vector));
}
SIMD_INLINE f64xn add_f64(f64xn a, f64xn b) {
    return vaddq_f64(a, b);
}
SIMD_INLINE f64xn sub_f64(f64xn a, f64xn b) {
    return vsubq_f64(a, b);
}
SIMD_INLINE f64xn mul_f64(f64xn a, f64xn b) {
    return vmulq_f64(a, b);
}
SIMD_INLINE f64xn abs_f64(f64xn vector) {
    return vabsq_f64(vector);
}
/* sum + a * b, where a * b is exact: fusing changes no rounding. */
SIMD_INLINE f64xn add_exact_product(f64xn sum, f64xn a, f64xn b) {
    return vfmaq_f64(sum, a, b);
}
SIMD_INLINE f64xn add_aside(f64xn sum, f64xn addend) {
    return vaddq_f64(sum, addend);
}
SIMD_INLINE f64xn sub_aside(f64xn a, f64xn b) {
    return vsubq_f64(a, b);
}
/* What rounding took from product = a * b. */
SIMD_INLINE f64xn product_error(f64xn a, f64xn b, f64xn product) {
    return vfmaq_f64(vnegq_f64(product), a, b);
}
/* Of numbers that are not NaN. */
SIMD_INLINE f64xn lesser_f64(f64xn a, f64xn b) {
    return vminq_f64(a, b);
}
SIMD_INLINE f64xn greater_f64(f64xn a, f64xn b) {
    return vmaxq_f64(a, b);
}
SIMD_INLINE bool any_match_f64(const double *place, double wanted) {
    f64xn element = vld1q_f64(place);
    uint64x2_t other =
        vbicq_u64(vceqq_f64(element, element), vceqq_f64(element, vdupq_n_f64(wanted)));
    return (vgetq_lane_u64(other, 0) & vgetq_lane_u64(other, 1)) == 0;
}

SIMD_INLINE f32xn load_f32(const float *place) {
    return vld1q_f32(place);
}
SIMD_INLINE void store_f32(float *place, f32xn vector) {
    vst1q_f32(place, vector);
}
SIMD_INLINE f32xn splat_f32(float number) {
    return vdupq_n_f32(number);
}
SIMD_INLINE f32xn add_f32(f32xn a, f32xn b) {
    return vaddq_f32(a, b);
}
SIMD_INLINE f32xn mul_f32(f32xn a, f32xn b) {
    return vmulq_f32(a, b);
}
SIMD_INLINE f32xn lesser_f32(f32xn a, f32xn b) {
    return vminq_f32(a, b);
}
SIMD_INLINE f32xn greater_f32(f32xn a, f32xn b) {
    return vmaxq_f32(a, b);
}
/* Is an element equal to `wanted`, or NaN? */
SIMD_INLINE bool any_match_f32(const float *place, float wanted) {
    f32xn element = vld1q_f32(place);
    uint32x4_t other =
        vbicq_u32(vceqq_f32(element, element), vceqq_f32(element, vdupq_n_f32(wanted)));
    return vminvq_u32(other) == 0;
}

/* fmin and fmax order -0 below +0 and let NaN through: the specification in one instruction. */
SIMD_INLINE f32xn to_order_f32(f32xn vector, const bool greatest) {
    return vector;
}
SIMD_INLINE f64xn to_order_f64(f64xn vector, const bool greatest) {
    return vector;
}
SIMD_INLINE f32xn first_f32(f32xn a, f32xn b, const bool greatest) {
    return greatest ? vmaxq_f32(a, b) : vminq_f32(a, b);
}
SIMD_INLINE f64xn first_f64(f64xn a, f64xn b, const bool greatest) {
    return greatest ? vmaxq_f64(a, b) : vminq_f64(a, b);
}

#endif
