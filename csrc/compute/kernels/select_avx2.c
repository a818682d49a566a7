/* AVX2: keys are compared as signed integers, so -0 lies below +0 without more ado; eight (four)
 * keys take two comparisons, and the ones inside the bracket are packed to the front by one permute
 * whose indices come from a table of the 256 masks. The data is read once and never written; what
 * remains after the first pass is small. */
#include <math.h>

#include "compute/kernels/keys.h"
#include "compute/kernels/radix.h"

#if RNC_X86_64
#include <immintrin.h>

#define FEW            256 /* are sorted */
#define SAMPLE_LARGEST 1024
#define BLOCK_LENGTH   ((size_t)1 << 30)
#define BANDS_MAX      4 /* of several ranks that are found in one pass */

/* Sorting fills up to a power of two of vectors. */
#define SORT_ROOM(length) (2 * (length) + 8)

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
    return length < 16384 ? 64 : length < 131072 ? 256 : SAMPLE_LARGEST;
}

static inline size_t bands_sample_length(size_t length) {
    return length < 2048 ? 128 : length < 32768 ? 256 : length < 262144 ? 1024 : 2048;
}

/* How far the bracket reaches to both sides: over little data a second pass is cheaper than a wide
 * band. */
static inline double deviations(size_t sample) {
    return sample <= 64 ? 2.5 : 3.5;
}

static inline double bands_deviations(size_t sample) {
    return sample <= 256 ? 2.0 : 2.8;
}

#pragma GCC push_options
#pragma GCC target("avx2,fma")

/* Stores the 32-bit lanes that are zero in `dropped`, packed; returns where the next one goes.
 * Writes a whole vector. */
static inline uint32_t *compress_mask(uint32_t *out, __m256i lanes, unsigned kept) {
    __m256i places = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&places_of_mask[kept]));
    _mm256_storeu_si256((__m256i *)out, _mm256_permutevar8x32_epi32(lanes, places));
    return out + bits_of_mask[kept];
}

static inline uint32_t *compress(uint32_t *out, __m256i lanes, __m256i dropped) {
    return compress_mask(out, lanes,
                         0xffu ^ (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(dropped)));
}

static inline uint32_t *compress_inverted(uint32_t *out, __m256i lanes, __m256i kept) {
    return compress_mask(out, lanes, (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(kept)));
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
#define LOWER(a, b)                 _mm256_min_epi32(a, b)
#define UPPER(a, b)                 _mm256_max_epi32(a, b)
#define MIRROR(key, lanes)          mirror_f32_avx2(key, lanes)
#define SWAP(key, lanes)            swap_f32_avx2(key, lanes)
#define UPPER_HALVES(a, b, lanes)   upper_halves_f32_avx2(a, b, lanes)

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

static inline __attribute__((always_inline)) __m256i mirror_f32_avx2(__m256i key,
                                                                     const size_t lanes) {
    return lanes == 2 ? _mm256_shuffle_epi32(key, 0xb1)
           : lanes == 4
               ? _mm256_shuffle_epi32(key, 0x1b)
               : _mm256_permutevar8x32_epi32(key, _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0));
}

static inline __attribute__((always_inline)) __m256i swap_f32_avx2(__m256i key,
                                                                   const size_t lanes) {
    return lanes == 2 ? _mm256_shuffle_epi32(key, 0xb1) : _mm256_shuffle_epi32(key, 0x4e);
}

static inline __attribute__((always_inline)) __m256i upper_halves_f32_avx2(__m256i a, __m256i b,
                                                                           const size_t lanes) {
    return lanes == 2   ? _mm256_blend_epi32(a, b, 0xaa)
           : lanes == 4 ? _mm256_blend_epi32(a, b, 0xcc)
                        : _mm256_blend_epi32(a, b, 0xf0);
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
#define LOWER(a, b)                 _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b))
#define UPPER(a, b)                 _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b))
#define MIRROR(key, lanes)          mirror_f64_avx2(key, lanes)
#define SWAP(key, lanes)            _mm256_shuffle_epi32(key, 0x4e)
#define UPPER_HALVES(a, b, lanes)   upper_halves_f64_avx2(a, b, lanes)

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

static inline __attribute__((always_inline)) __m256i mirror_f64_avx2(__m256i key,
                                                                     const size_t lanes) {
    return lanes == 2 ? _mm256_shuffle_epi32(key, 0x4e) : _mm256_permute4x64_epi64(key, 0x1b);
}

static inline __attribute__((always_inline)) __m256i upper_halves_f64_avx2(__m256i a, __m256i b,
                                                                           const size_t lanes) {
    return lanes == 2 ? _mm256_blend_epi32(a, b, 0xcc) : _mm256_blend_epi32(a, b, 0xf0);
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
