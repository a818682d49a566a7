/* AVX2: keys are compared as signed integers, so -0 lies below +0 without more ado; eight (four)
 * keys take two comparisons, and the ones inside the bracket are packed to the front by one permute
 * whose indices come from a table of the 256 masks. The data is read once and never written; what
 * remains after the first pass is small. */
#include <math.h>

#include "compute/kernels/keys.h"
#include "compute/kernels/radix.h"

#if RNC_X86_64
#include <immintrin.h>

#define FEW                  64
#define SAMPLE_LARGEST       1024
#define SAMPLE_STRIDE        (SAMPLE_LARGEST + RNC_SCRATCH_SLACK)
#define BLOCK_LENGTH         ((size_t)1 << 30)
#define BANDS_MAX            4 /* of several ranks that are found in one pass */
#define BANDS_SAMPLE         1024
#define BANDS_SAMPLE_LARGEST 4096
#define BANDS_LENGTH         32768 /* below it a pass for each rank is faster */

#ifndef ROUNDS_MAX /* a test sets it, to reach the guard */
#define ROUNDS_MAX 24
#endif

/* The places of a mask's set bits, one byte each, and their number. */
#define BELOW(mask, bit) __builtin_popcount((mask) & ((1 << (bit)) - 1))
#define PLACE(mask, bit)                                                                           \
    ((mask) >> (bit) & 1 ? (uint64_t)(bit) << (8 * BELOW(mask, bit)) : (uint64_t)0)
#define PLACES(mask)                                                                               \
    (PLACE(mask, 0) | PLACE(mask, 1) | PLACE(mask, 2) | PLACE(mask, 3) | PLACE(mask, 4) |          \
     PLACE(mask, 5) | PLACE(mask, 6) | PLACE(mask, 7))
#define FOUR(of, mask) of(mask), of(mask + 1), of(mask + 2), of(mask + 3)
#define SIXTEEN(of, mask)                                                                          \
    FOUR(of, mask), FOUR(of, mask + 4), FOUR(of, mask + 8), FOUR(of, mask + 12)
#define SIXTY_FOUR(of, mask)                                                                       \
    SIXTEEN(of, mask), SIXTEEN(of, mask + 16), SIXTEEN(of, mask + 32), SIXTEEN(of, mask + 48)
#define ALL_MASKS(of)                                                                              \
    SIXTY_FOUR(of, 0), SIXTY_FOUR(of, 64), SIXTY_FOUR(of, 128), SIXTY_FOUR(of, 192)

static const uint64_t places_of_mask[256] = {ALL_MASKS(PLACES)};
static const uint8_t bits_of_mask[256] = {ALL_MASKS(__builtin_popcount)};

static inline size_t sample_length(size_t length) {
    return length < 16384 ? FEW : length < 131072 ? 256 : SAMPLE_LARGEST;
}

/* How far the bracket reaches to both sides: over little data a second pass is cheaper than a wide
 * band. */
static inline double deviations(size_t sample) {
    return sample <= FEW ? 2.5 : 3.5;
}

#pragma GCC push_options
#pragma GCC target("avx2,fma")

/* Stores the 32-bit lanes that are zero in `dropped`, packed; returns where the next one goes.
 * Writes a whole vector. */
static inline uint32_t *compress(uint32_t *out, __m256i lanes, __m256i dropped) {
    unsigned kept = 0xffu ^ (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(dropped));
    __m256i places = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&places_of_mask[kept]));
    _mm256_storeu_si256((__m256i *)out, _mm256_permutevar8x32_epi32(lanes, places));
    return out + bits_of_mask[kept];
}

/* ---- float32 --------------------------------------------------------------------------------- */

#define NAME(stem)                  stem##_f32_avx2
#define KEY                         int32_t
#define KEY_MIN                     INT32_MIN
#define KEY_MAX                     INT32_MAX
#define ELEMENT                     float
#define LANES                       8
#define BROADCAST(key)              _mm256_set1_epi32(key)
#define GREATER(a, b)               _mm256_cmpgt_epi32(a, b)
#define ADD_MASK(counts, mask)      _mm256_sub_epi32(counts, mask)
#define LOAD_KEYS(place, unordered) load_keys_f32_avx2(place, unordered)

static inline float load_f32_avx2(const float *data, size_t index) {
    return rnc_load_f32(data, index);
}

static inline __m256i load_keys_f32_avx2(const float *elements, __m256i *unordered) {
    __m256 element_f32x8 = _mm256_loadu_ps(elements);
    __m256i bits = _mm256_castps_si256(element_f32x8);
    *unordered = _mm256_or_si256(
        *unordered, _mm256_castps_si256(_mm256_cmp_ps(element_f32x8, element_f32x8, _CMP_UNORD_Q)));
    return _mm256_xor_si256(bits, _mm256_srli_epi32(_mm256_srai_epi32(bits, 31), 1));
}

#include "compute/kernels/bracket.h"

void rnc_select_f32_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    bool unordered = select_all_f32_avx2(in);
    for (size_t i = 0; i < 2 * in->rank_count; i++) {
        int32_t key;
        memcpy(&key, in->pairs + i, sizeof key);
        in->pairs[i] = unordered ? (double)NAN : rnc_element_f32((uint32_t)key ^ RNC_SIGN_F32);
    }
}

/* ---- float64 --------------------------------------------------------------------------------- */

#define NAME(stem)                  stem##_f64_avx2
#define KEY                         int64_t
#define KEY_MIN                     INT64_MIN
#define KEY_MAX                     INT64_MAX
#define ELEMENT                     double
#define LANES                       4
#define BROADCAST(key)              _mm256_set1_epi64x(key)
#define GREATER(a, b)               _mm256_cmpgt_epi64(a, b)
#define ADD_MASK(counts, mask)      _mm256_sub_epi64(counts, mask)
#define LOAD_KEYS(place, unordered) load_keys_f64_avx2(place, unordered)

static inline double load_f64_avx2(const double *data, size_t index) {
    return rnc_load_f64(data, index);
}

static inline __m256i load_keys_f64_avx2(const double *elements, __m256i *unordered) {
    __m256d element_f64x4 = _mm256_loadu_pd(elements);
    __m256i bits = _mm256_castpd_si256(element_f64x4);
    *unordered = _mm256_or_si256(
        *unordered, _mm256_castpd_si256(_mm256_cmp_pd(element_f64x4, element_f64x4, _CMP_UNORD_Q)));
    __m256i negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), bits);
    return _mm256_xor_si256(bits, _mm256_srli_epi64(negative, 1));
}

#include "compute/kernels/bracket.h"

void rnc_select_f64_avx2(const rnc_input *in, rnc_result *out) {
    RNC_STAMP(out, AVX2);
    bool unordered = select_all_f64_avx2(in);
    for (size_t i = 0; i < 2 * in->rank_count; i++) {
        int64_t key;
        memcpy(&key, in->pairs + i, sizeof key);
        in->pairs[i] = unordered ? (double)NAN : rnc_element_f64((uint64_t)key ^ RNC_SIGN_F64);
    }
}

#pragma GCC pop_options
#endif
