/* The words that kernels shared by several instruction sets are written in, as AVX2 + FMA says
 * them. Included under the target pragma. */
#ifndef RNC_COMPUTE_KERNELS_SIMD_H
#define RNC_COMPUTE_KERNELS_SIMD_H

#define KERNEL(family, dtype)                                                                      \
    void rnc_##family##_##dtype##_avx2(const rnc_input *in, rnc_result *out)
#define MATRIX_KERNEL(op, dtype)                                                                   \
    void rnc_##op##_##dtype##_avx2(const rnc_matrix_input *in, rnc_matrix_output *out)
#define OWN(stem)   stem##_avx2
#define STAMP(out)  RNC_STAMP(out, AVX2)
#define F64_WIDTH   4
#define F32_WIDTH   8
#define SIMD_INLINE static inline __attribute__((always_inline, unused))

typedef __m256d f64xn;
typedef __m256 f32xn;

SIMD_INLINE f64xn splat_f64(double number) {
    return _mm256_set1_pd(number);
}
SIMD_INLINE f64xn load_f64(const double *place) {
    return _mm256_loadu_pd(place);
}
SIMD_INLINE f64xn load_widened(const float *place) {
    return _mm256_cvtps_pd(_mm_loadu_ps(place));
}
SIMD_INLINE void store_f64(double *place, f64xn vector) {
    _mm256_storeu_pd(place, vector);
}
SIMD_INLINE void store_narrowed(float *place, f64xn vector) {
    _mm_storeu_ps(place, _mm256_cvtpd_ps(vector));
}
SIMD_INLINE f64xn add_f64(f64xn a, f64xn b) {
    return _mm256_add_pd(a, b);
}
SIMD_INLINE f64xn sub_f64(f64xn a, f64xn b) {
    return _mm256_sub_pd(a, b);
}
SIMD_INLINE f64xn mul_f64(f64xn a, f64xn b) {
    return _mm256_mul_pd(a, b);
}
SIMD_INLINE f64xn abs_f64(f64xn vector) {
    return _mm256_andnot_pd(_mm256_set1_pd(-0.0), vector);
}
/* sum + a * b, where a * b is exact: fusing changes no rounding, and the multiply pipes do both. */
SIMD_INLINE f64xn add_exact_product(f64xn sum, f64xn a, f64xn b) {
    return _mm256_fmadd_pd(a, b, sum);
}
/* sum + addend on the multiply pipes, for loops that keep the add pipes busy. */
SIMD_INLINE f64xn add_aside(f64xn sum, f64xn addend) {
    return _mm256_fmadd_pd(addend, _mm256_set1_pd(1.0), sum);
}
/* a - b, likewise. */
SIMD_INLINE f64xn sub_aside(f64xn a, f64xn b) {
    return _mm256_fmsub_pd(a, _mm256_set1_pd(1.0), b);
}
/* What rounding took from product = a * b. */
SIMD_INLINE f64xn product_error(f64xn a, f64xn b, f64xn product) {
    return _mm256_fmsub_pd(a, b, product);
}
/* Of numbers that are not NaN; which zero wins is open. */
SIMD_INLINE f64xn lesser_f64(f64xn a, f64xn b) {
    return _mm256_min_pd(a, b);
}
SIMD_INLINE f64xn greater_f64(f64xn a, f64xn b) {
    return _mm256_max_pd(a, b);
}
SIMD_INLINE bool any_match_f64(const double *place, double wanted) {
    f64xn element = _mm256_loadu_pd(place);
    return _mm256_movemask_pd(
        _mm256_or_pd(_mm256_cmp_pd(element, _mm256_set1_pd(wanted), _CMP_EQ_OQ),
                     _mm256_cmp_pd(element, element, _CMP_UNORD_Q)));
}

SIMD_INLINE f32xn load_f32(const float *place) {
    return _mm256_loadu_ps(place);
}
SIMD_INLINE void store_f32(float *place, f32xn vector) {
    _mm256_storeu_ps(place, vector);
}
SIMD_INLINE f32xn splat_f32(float number) {
    return _mm256_set1_ps(number);
}
SIMD_INLINE f32xn add_f32(f32xn a, f32xn b) {
    return _mm256_add_ps(a, b);
}
SIMD_INLINE f32xn mul_f32(f32xn a, f32xn b) {
    return _mm256_mul_ps(a, b);
}
SIMD_INLINE f32xn lesser_f32(f32xn a, f32xn b) {
    return _mm256_min_ps(a, b);
}
SIMD_INLINE f32xn greater_f32(f32xn a, f32xn b) {
    return _mm256_max_ps(a, b);
}
/* Is an element equal to `wanted`, or NaN? */
SIMD_INLINE bool any_match_f32(const float *place, float wanted) {
    f32xn element = _mm256_loadu_ps(place);
    return _mm256_movemask_ps(
        _mm256_or_ps(_mm256_cmp_ps(element, _mm256_set1_ps(wanted), _CMP_EQ_OQ),
                     _mm256_cmp_ps(element, element, _CMP_UNORD_Q)));
}

/* minps gives its second operand when one is NaN or both are zeros, so the OR of both operand
 * orders makes -0 win over +0 and keeps a NaN for good, with no comparison of its own. The greatest
 * is the negated least of the negated elements, which is what to_order does, in and out. */
SIMD_INLINE f32xn to_order_f32(f32xn vector, const bool greatest) {
    return greatest ? _mm256_xor_ps(vector, _mm256_set1_ps(-0.0f)) : vector;
}
SIMD_INLINE f64xn to_order_f64(f64xn vector, const bool greatest) {
    return greatest ? _mm256_xor_pd(vector, _mm256_set1_pd(-0.0)) : vector;
}
SIMD_INLINE f32xn first_f32(f32xn a, f32xn b, const bool greatest) {
    return _mm256_or_ps(_mm256_min_ps(a, b), _mm256_min_ps(b, a));
}
SIMD_INLINE f64xn first_f64(f64xn a, f64xn b, const bool greatest) {
    return _mm256_or_pd(_mm256_min_pd(a, b), _mm256_min_pd(b, a));
}

#endif
