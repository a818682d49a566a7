/* The words that kernels shared by several instruction sets are written in, as SSE2 says them. */
#ifndef RNC_COMPUTE_KERNELS_SIMD_H
#define RNC_COMPUTE_KERNELS_SIMD_H

#include <emmintrin.h>

#define KERNEL(family, dtype)                                                                      \
    void rnc_##family##_##dtype##_sse2(const rnc_input *in, rnc_result *out)
#define MATRIX_KERNEL(op, dtype)                                                                   \
    void rnc_##op##_##dtype##_sse2(const rnc_matrix_input *in, rnc_matrix_output *out)
#define OWN(stem)   stem##_sse2
#define STAMP(out)  RNC_STAMP(out, SSE2)
#define F64_WIDTH   2
#define F32_WIDTH   4
#define SIMD_INLINE static inline __attribute__((always_inline, unused))

typedef __m128d f64xn;
typedef __m128 f32xn;

SIMD_INLINE f64xn splat_f64(double number) {
    return _mm_set1_pd(number);
}
SIMD_INLINE f64xn load_f64(const double *place) {
    return _mm_loadu_pd(place);
}
SIMD_INLINE f64xn load_widened(const float *place) {
    return _mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)place)));
}
SIMD_INLINE void store_f64(double *place, f64xn vector) {
    _mm_storeu_pd(place, vector);
}
SIMD_INLINE void store_narrowed(float *place, f64xn vector) {
    _mm_storel_epi64((__m128i *)place, _mm_castps_si128(_mm_cvtpd_ps(vector)));
}
SIMD_INLINE f64xn add_f64(f64xn a, f64xn b) {
    return _mm_add_pd(a, b);
}
SIMD_INLINE f64xn sub_f64(f64xn a, f64xn b) {
    return _mm_sub_pd(a, b);
}
SIMD_INLINE f64xn mul_f64(f64xn a, f64xn b) {
    return _mm_mul_pd(a, b);
}
SIMD_INLINE f64xn abs_f64(f64xn vector) {
    return _mm_andnot_pd(_mm_set1_pd(-0.0), vector);
}
/* sum + a * b, where a * b is exact. */
SIMD_INLINE f64xn add_exact_product(f64xn sum, f64xn a, f64xn b) {
    return _mm_add_pd(sum, _mm_mul_pd(a, b));
}
SIMD_INLINE f64xn add_aside(f64xn sum, f64xn addend) {
    return _mm_add_pd(sum, addend);
}
SIMD_INLINE f64xn sub_aside(f64xn a, f64xn b) {
    return _mm_sub_pd(a, b);
}
/* The upper 26 bits of each element, rounded: what is left fits 26 bits too. By integers, since
 * Veltkamp's multiplication would overflow. */
SIMD_INLINE f64xn upper_half(f64xn vector) {
    __m128i rounded = _mm_add_epi64(_mm_castpd_si128(vector), _mm_set1_epi64x(1 << 26));
    return _mm_castsi128_pd(_mm_and_si128(rounded, _mm_set1_epi64x(-(1 << 27))));
}
/* What rounding took from product = a * b (Dekker, 1971). */
SIMD_INLINE f64xn product_error(f64xn a, f64xn b, f64xn product) {
    f64xn a_upper = upper_half(a), b_upper = upper_half(b);
    f64xn a_lower = _mm_sub_pd(a, a_upper), b_lower = _mm_sub_pd(b, b_upper);
    f64xn rest = _mm_sub_pd(_mm_mul_pd(a_upper, b_upper), product);
    rest = _mm_add_pd(rest, _mm_mul_pd(a_upper, b_lower));
    rest = _mm_add_pd(rest, _mm_mul_pd(a_lower, b_upper));
    return _mm_add_pd(rest, _mm_mul_pd(a_lower, b_lower));
}
/* Of numbers that are not NaN; which zero wins is open. */
SIMD_INLINE f64xn lesser_f64(f64xn a, f64xn b) {
    return _mm_min_pd(a, b);
}
SIMD_INLINE f64xn greater_f64(f64xn a, f64xn b) {
    return _mm_max_pd(a, b);
}
SIMD_INLINE bool any_match_f64(const double *place, double wanted) {
    f64xn element = _mm_loadu_pd(place);
    return _mm_movemask_pd(
        _mm_or_pd(_mm_cmpeq_pd(element, _mm_set1_pd(wanted)), _mm_cmpunord_pd(element, element)));
}

SIMD_INLINE f32xn load_f32(const float *place) {
    return _mm_loadu_ps(place);
}
SIMD_INLINE void store_f32(float *place, f32xn vector) {
    _mm_storeu_ps(place, vector);
}
SIMD_INLINE f32xn splat_f32(float number) {
    return _mm_set1_ps(number);
}
SIMD_INLINE f32xn add_f32(f32xn a, f32xn b) {
    return _mm_add_ps(a, b);
}
SIMD_INLINE f32xn mul_f32(f32xn a, f32xn b) {
    return _mm_mul_ps(a, b);
}
SIMD_INLINE f32xn lesser_f32(f32xn a, f32xn b) {
    return _mm_min_ps(a, b);
}
SIMD_INLINE f32xn greater_f32(f32xn a, f32xn b) {
    return _mm_max_ps(a, b);
}
/* Is an element equal to `wanted`, or NaN? */
SIMD_INLINE bool any_match_f32(const float *place, float wanted) {
    f32xn element = _mm_loadu_ps(place);
    return _mm_movemask_ps(
        _mm_or_ps(_mm_cmpeq_ps(element, _mm_set1_ps(wanted)), _mm_cmpunord_ps(element, element)));
}

/* minps gives its second operand when one is NaN or both are zeros, so the OR of both operand
 * orders makes -0 win over +0 and keeps a NaN for good, with no comparison of its own. The greatest
 * is the negated least of the negated elements, which is what to_order does, in and out. */
SIMD_INLINE f32xn to_order_f32(f32xn vector, const bool greatest) {
    return greatest ? _mm_xor_ps(vector, _mm_set1_ps(-0.0f)) : vector;
}
SIMD_INLINE f64xn to_order_f64(f64xn vector, const bool greatest) {
    return greatest ? _mm_xor_pd(vector, _mm_set1_pd(-0.0)) : vector;
}
SIMD_INLINE f32xn first_f32(f32xn a, f32xn b, const bool greatest) {
    return _mm_or_ps(_mm_min_ps(a, b), _mm_min_ps(b, a));
}
SIMD_INLINE f64xn first_f64(f64xn a, f64xn b, const bool greatest) {
    return _mm_or_pd(_mm_min_pd(a, b), _mm_min_pd(b, a));
}

#endif
