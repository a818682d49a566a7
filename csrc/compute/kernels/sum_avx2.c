/* AVX2 + FMA. float32: a convert with a memory operand, then fma(x, 1, sum) rather than an
 * addition: the rounding is the same, and on cores with separate add and multiply pipes the
 * conversion keeps the add pipes busy. Eight accumulators cover four cycles of latency on two
 * pipes. float64: six additions a vector for the rounding error make it compute-bound; four chains
 * of sums are enough, since the errors lie off the critical path. */
#include "compute/kernel.h"

#if RNC_X86_64
#include <immintrin.h>

#include "compute/kernels/lanes.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")

#define CHAINS_F32 (RNC_SUM_F32_LANES / 4)
#define CHAINS_F64 (RNC_SUM_F64_LANES / 4)

static inline __m256d add_widened(__m256d sum_f64x4, const float *four) {
    return _mm256_fmadd_pd(_mm256_cvtps_pd(_mm_loadu_ps(four)), _mm256_set1_pd(1.0), sum_f64x4);
}

void rnc_sum_f32_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    const float *data = in->data;
    size_t length = in->length, i = 0;
    __m256d sum_f64x4[CHAINS_F32];
#pragma GCC unroll 8
    for (size_t k = 0; k < CHAINS_F32; k++)
        sum_f64x4[k] = _mm256_setzero_pd();
    for (; i + RNC_SUM_F32_LANES <= length; i += RNC_SUM_F32_LANES) {
#pragma GCC unroll 8
        for (size_t k = 0; k < CHAINS_F32; k++)
            sum_f64x4[k] = add_widened(sum_f64x4[k], data + i + 4 * k);
    }
    size_t vectors = (length - i) / 4;
#pragma GCC unroll 8
    for (size_t k = 0; k < CHAINS_F32; k++)
        if (k < vectors)
            sum_f64x4[k] = add_widened(sum_f64x4[k], data + i + 4 * k);
    double lanes[RNC_SUM_F32_LANES];
#pragma GCC unroll 8
    for (size_t k = 0; k < CHAINS_F32; k++)
        _mm256_storeu_pd(lanes + 4 * k, sum_f64x4[k]);
    for (i += 4 * vectors; i < length; i++)
        lanes[i % RNC_SUM_F32_LANES] += (double)rnc_load_f32(data, i);
    out->value[0] = rnc_fold(lanes, RNC_SUM_F32_LANES);
    out->value[1] = 0;
}

static inline void two_sum_f64x4(__m256d *sum, __m256d *error, __m256d addend) {
    __m256d total = _mm256_add_pd(*sum, addend);
    __m256d taken = _mm256_sub_pd(total, *sum);
    __m256d lost = _mm256_add_pd(_mm256_sub_pd(*sum, _mm256_sub_pd(total, taken)),
                                 _mm256_sub_pd(addend, taken));
    *error = _mm256_add_pd(*error, lost);
    *sum = total;
}

void rnc_sum_f64_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    const double *data = in->data;
    size_t length = in->length, i = 0;
    const __m256d scale = _mm256_set1_pd(in->scale);
    __m256d sum_f64x4[CHAINS_F64], error_f64x4[CHAINS_F64];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS_F64; k++)
        sum_f64x4[k] = error_f64x4[k] = _mm256_setzero_pd();
    for (; i + RNC_SUM_F64_LANES <= length; i += RNC_SUM_F64_LANES) {
#pragma GCC unroll 4
        for (size_t k = 0; k < CHAINS_F64; k++)
            two_sum_f64x4(&sum_f64x4[k], &error_f64x4[k],
                          _mm256_mul_pd(_mm256_loadu_pd(data + i + 4 * k), scale));
    }
    size_t vectors = (length - i) / 4;
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS_F64; k++)
        if (k < vectors)
            two_sum_f64x4(&sum_f64x4[k], &error_f64x4[k],
                          _mm256_mul_pd(_mm256_loadu_pd(data + i + 4 * k), scale));
    double sums[RNC_SUM_F64_LANES], errors[RNC_SUM_F64_LANES];
#pragma GCC unroll 4
    for (size_t k = 0; k < CHAINS_F64; k++) {
        _mm256_storeu_pd(sums + 4 * k, sum_f64x4[k]);
        _mm256_storeu_pd(errors + 4 * k, error_f64x4[k]);
    }
    for (i += 4 * vectors; i < length; i++) {
        size_t lane = i % RNC_SUM_F64_LANES;
        rnc_two_sum(&sums[lane], &errors[lane], rnc_load_f64(data, i) * in->scale);
    }
    rnc_fold_compensated(sums, errors, RNC_SUM_F64_LANES);
    out->value[0] = sums[0];
    out->value[1] = errors[0];
}

#pragma GCC pop_options
#endif
