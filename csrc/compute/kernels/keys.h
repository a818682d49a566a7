/* Elements as unsigned keys of the same order: -0 below +0, NaNs outside the infinities on both
 * sides. A key is the element's bits with the sign flipped, or all bits of a negative one. */
#ifndef RNC_COMPUTE_KERNELS_KEYS_H
#define RNC_COMPUTE_KERNELS_KEYS_H

#include "compute/kernel.h"

#define RNC_SIGN_F32 0x80000000u
#define RNC_SIGN_F64 0x8000000000000000u

static inline uint32_t rnc_key_f32(const float *data, size_t index) {
    uint32_t bits;
    memcpy(&bits, data + index, sizeof bits);
    return bits ^ (-(bits >> 31) | RNC_SIGN_F32);
}

static inline uint64_t rnc_key_f64(const double *data, size_t index) {
    uint64_t bits;
    memcpy(&bits, data + index, sizeof bits);
    return bits ^ (-(bits >> 63) | RNC_SIGN_F64);
}

static inline double rnc_element_f32(uint32_t key) {
    uint32_t bits = key ^ (key & RNC_SIGN_F32 ? RNC_SIGN_F32 : UINT32_MAX);
    float element;
    memcpy(&element, &bits, sizeof element);
    return (double)element;
}

static inline double rnc_element_f64(uint64_t key) {
    uint64_t bits = key ^ (key & RNC_SIGN_F64 ? RNC_SIGN_F64 : UINT64_MAX);
    double element;
    memcpy(&element, &bits, sizeof element);
    return element;
}

#endif
