/* Selection. Detection is isa.c's; here a choice among what it found is made, once per change of
 * mind, never per operation. */
#include "compute/dispatch.h"

#include <stdatomic.h>

#include "trace/thread.h"

#define YES(kernel) kernel
#define NO(kernel)  NULL
#if RNC_X86_64
#define ON_X86_64(kernel)  kernel
#define ON_AARCH64(kernel) NULL
#else
#define ON_X86_64(kernel)  NULL
#define ON_AARCH64(kernel) kernel
#endif

#define SLOTS(name, dtype, avx2, sse2, neon, scalar)                                               \
    {                                                                                              \
        [RNC_ISA_AVX2] = avx2(ON_X86_64(rnc_##name##_##dtype##_avx2)),                             \
        [RNC_ISA_SSE2] = sse2(ON_X86_64(rnc_##name##_##dtype##_sse2)),                             \
        [RNC_ISA_NEON] = neon(ON_AARCH64(rnc_##name##_##dtype##_neon)),                            \
        [RNC_ISA_Scalar] = scalar(rnc_##name##_##dtype##_scalar),                                  \
    }

static rnc_kernel *const kernels[RNC_FAMILY_COUNT][RNC_DTYPE_COUNT][RNC_ISA_COUNT] = {
#define FAMILY(name, rescale, avx2, sse2, neon, scalar)                                            \
    [RNC_FAMILY_##name] = {[RNC_F32] = SLOTS(name, f32, avx2, sse2, neon, scalar),                 \
                           [RNC_F64] = SLOTS(name, f64, avx2, sse2, neon, scalar)},
#include "compute/families.def"
#undef FAMILY
};

rnc_rung rnc_ladders[RNC_FAMILY_COUNT][RNC_DTYPE_COUNT][RNC_ISA_COUNT][RNC_ISA_COUNT];

static void resolve_ladder(int family, int dtype, int target) {
    rnc_rung *rung = rnc_ladders[family][dtype][target];
    for (int isa = target; isa < RNC_ISA_COUNT; isa++) {
        rnc_kernel *kernel = kernels[family][dtype][isa];
        if (!kernel || !rnc_isa(isa)->available)
            continue;
        *rung++ = (rnc_rung){kernel, rnc_isa_vector_bytes(isa) / rnc_element_size(dtype)};
    }
}

/* Packed into one word, so that a thread reads another's change of the default whole or not at all.
 */
typedef union packed {
    rnc_selection selection;
    uint32_t word;
} packed;

_Static_assert(sizeof(packed) == sizeof(uint32_t), "a selection is one atomic word");

static _Atomic uint32_t process_default;
static RNC_THREAD_LOCAL rnc_selection own = {.requested = -1};

static rnc_selection best(void) {
    return (rnc_selection){.requested = -1, .target = (int8_t)rnc_isa_at_most(0)};
}

__attribute__((constructor)) static void resolve(void) {
    rnc_isa_detect();
    for (int family = 0; family < RNC_FAMILY_COUNT; family++)
        for (int dtype = 0; dtype < RNC_DTYPE_COUNT; dtype++)
            for (int target = 0; target < RNC_ISA_COUNT; target++)
                resolve_ladder(family, dtype, target);
    atomic_store_explicit(&process_default, ((packed){.selection = best()}).word,
                          memory_order_relaxed);
}

bool rnc_has_kernel(int family, uint32_t dtype, int isa) {
    return kernels[family][dtype][isa];
}

rnc_selection rnc_selected(void) {
    if (RNC_UNLIKELY(own.requested >= 0))
        return own;
    /* relaxed: the word is the whole message, nothing else is published with it */
    return ((packed){.word = atomic_load_explicit(&process_default, memory_order_relaxed)})
        .selection;
}

static int choose(int isa, bool strict, rnc_selection *out) {
    if (isa == -1) {
        *out = best();
        return RNC_OK;
    }
    const rnc_isa_row *row = rnc_isa(isa);
    if (!row || (strict && !row->available))
        return RNC_UNSUPPORTED_BACKEND;
    *out = (rnc_selection){.requested = (int8_t)isa,
                           .target = (int8_t)rnc_isa_at_most(isa),
                           .strict = strict,
                           .unmet = !row->available};
    return RNC_OK;
}

int rnc_isa_force(int isa, bool strict) {
    return choose(isa, strict, &own);
}

int rnc_isa_default(int isa, bool strict) {
    packed chosen = {.word = 0};
    int status = choose(isa, strict, &chosen.selection);
    if (status == RNC_OK)
        atomic_store_explicit(&process_default, chosen.word, memory_order_relaxed);
    return status;
}

int rnc_isa_forced(void) {
    return own.requested;
}

bool rnc_isa_forced_strict(void) {
    return own.requested >= 0 && own.strict;
}
