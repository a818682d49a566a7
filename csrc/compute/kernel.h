/* The interface of kernels: one signature for every family, dtype and instruction set.
 *
 * A kernel is pure: it checks nothing, allocates nothing, reads no clock and sets no errno. Its
 * caller (run.c) promises length >= 1, except for sum, and at least one whole vector of the
 * kernel's instruction set. Data may have any alignment.
 *
 * Every kernel stamps itself: what a result says ran is what wrote the result. */
#ifndef RNC_COMPUTE_KERNEL_H
#define RNC_COMPUTE_KERNEL_H

#include <string.h>

#include "compute/isa.h"

#define RNC_DTYPE_COUNT 2

/* Bytes of scratch memory that the select family needs, 8-byte aligned: two copies of the data as
 * 8-byte keys, and what a vector store may write past the end of each. */
#define RNC_SCRATCH_SLACK         64
#define RNC_SCRATCH_BYTES(length) (16 * ((length) + RNC_SCRATCH_SLACK))

typedef struct rnc_input {
    const void *data;
    size_t length;
    double scale;  /* sum and moments of float64: a power of two each element is multiplied by */
    size_t rank;   /* select: which order statistic, from 0 */
    void *scratch; /* select: RNC_SCRATCH_BYTES(length) */
} rnc_input;

/* What value holds:
 *   sum      the sum, and what rounding lost of it (0 for float32)
 *   moments  the mean, and the sum of squared distances from it
 *   min, max the extremum; NaN if any element is
 *   select   the order statistics rank and rank + 1 (value[1] means nothing when there is no rank +
 * 1); both NaN if any element is */
typedef struct rnc_result {
    double value[2];
    const char *kernel;
    int isa;
} rnc_result;

typedef void rnc_kernel(const rnc_input *in, rnc_result *out);

enum rnc_family {
#define FAMILY(name, rescale, scratch, avx2, sse2, neon, scalar) RNC_FAMILY_##name,
#include "compute/families.def"
#undef FAMILY
    RNC_FAMILY_COUNT
};

#define FAMILY(name, rescale, scratch, avx2, sse2, neon, scalar)                                   \
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

#endif
