/* The interface of kernels: one signature for every family, dtype and instruction set.
 *
 * A kernel is pure: it checks nothing, allocates nothing, reads no clock and sets no errno. Its
 * caller (run.c) promises length >= 1, except for sum and dot, and at least one whole vector of the
 * kernel's instruction set. Data may have any alignment.
 *
 * Every kernel stamps itself: what a result says ran is what wrote the result. */
#ifndef RNC_COMPUTE_KERNEL_H
#define RNC_COMPUTE_KERNEL_H

#include <math.h>
#include <string.h>

#include "compute/isa.h"

#define RNC_DTYPE_COUNT 2

/* Bytes of scratch memory that the select family needs, 8-byte aligned: two copies of the data as
 * 8-byte keys, and what a vector store may write past the end of each. */
#define RNC_SCRATCH_SLACK         64
#define RNC_SCRATCH_BYTES(length) (16 * ((length) + RNC_SCRATCH_SLACK))

typedef struct rnc_input {
    const void *data;
    const void *other; /* dot, comoments: the second vector, of the same length */
    size_t length;
    double scale;        /* float64 sums: a power of two each element is multiplied by */
    double other_scale;  /* dot, comoments: the same for the second vector */
    const size_t *ranks; /* select: which order statistics, from 0, rising */
    size_t rank_count;
    double *pairs; /* select: where the result goes, two numbers a rank */
    void *scratch; /* select: RNC_SCRATCH_BYTES(length) */
    double shift;  /* zscore */
    double factor; /* zscore */
    void *out;     /* zscore: as many elements of the same type; may be `data` */
} rnc_input;

/* What value holds:
 *   sum, dot    the sum, and what rounding lost of it (0 for float32)
 *   magnitudes  the sum of absolute values, what rounding lost of it, and their maximum
 *   moments     the mean, and the sum of squared distances from it
 *   describe    the same, then the least and the greatest element, NaN if any is
 *   comoments   the moments of the first vector, those of the second, and the sum of the products
 *               of their distances
 *   min, max    the extremum; NaN if any element is
 *   argmin, argmax  the first place of the extremum, or of the first NaN
 *   select      nothing: pairs gets the order statistics rank and rank + 1 of each rank (the second
 *               means nothing when there is no rank + 1), all NaN if any element is
 *   zscore      nothing: out gets (element * scale - shift) * factor */
typedef struct rnc_result {
    double value[5];
    const char *kernel;
    int isa;
} rnc_result;

typedef void rnc_kernel(const rnc_input *in, rnc_result *out);

enum rnc_family {
#define FAMILY(name, rescale, avx2, sse2, neon, scalar) RNC_FAMILY_##name,
#include "compute/families.def"
#undef FAMILY
    RNC_FAMILY_COUNT,
    RNC_FAMILY_none = RNC_FAMILY_COUNT,
};

#define FAMILY(name, rescale, avx2, sse2, neon, scalar)                                            \
    rnc_kernel rnc_##name##_f32_avx2, rnc_##name##_f64_avx2, rnc_##name##_f32_sse2,                \
        rnc_##name##_f64_sse2, rnc_##name##_f32_neon, rnc_##name##_f64_neon,                       \
        rnc_##name##_f32_scalar, rnc_##name##_f64_scalar;
#include "compute/families.def"
#undef FAMILY

/* First statement of every kernel. The name is the kernel function's own, without "rnc_". */
#define RNC_STAMP(out, isa_row)                                                                    \
    ((out)->kernel = __func__ + sizeof("rnc_") - 1, (out)->isa = RNC_ISA_##isa_row)

static inline float rnc_load_f32(const float *data, size_t index) {
    float element;
    memcpy(&element, data + index, sizeof element);
    return element;
}

static inline double rnc_load_f64(const double *data, size_t index) {
    double element;
    memcpy(&element, data + index, sizeof element);
    return element;
}

static inline size_t rnc_element_size(uint32_t dtype) {
    return dtype == RNC_F32 ? sizeof(float) : sizeof(double);
}

static inline bool rnc_is_nan_at(const rnc_vec *vec, size_t index) {
    return vec->dtype == RNC_F32 ? isnan(rnc_load_f32(vec->data, index))
                                 : isnan(rnc_load_f64(vec->data, index));
}

static inline void rnc_store_f32(float *data, size_t index, float element) {
    memcpy(data + index, &element, sizeof element);
}

static inline void rnc_store_f64(double *data, size_t index, double element) {
    memcpy(data + index, &element, sizeof element);
}

#endif
