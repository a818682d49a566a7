/* Detection only: which instruction sets this CPU and this operating system can run. Which of them
 * is used is dispatch.c's business. */
#include "compute/isa.h"

#include <stdio.h>
#include <string.h>

#if RNC_X86_64
#include <cpuid.h>
#else
#include <sys/auxv.h>
#endif

#if RNC_X86_64

#define XCR0_XMM_YMM    0x06u
#define XCR0_OPMASK_ZMM 0xe6u

/* XCR0: the register files the operating system saves. Only valid when OSXSAVE is set. */
static uint32_t saved_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static uint32_t cpu_features(void) {
    uint32_t eax, ebx, ecx, edx, found = 0;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
        return 0;
    if (edx & bit_SSE2)
        found |= RNC_CPU_sse2;
    if (ecx & bit_SSE4_2)
        found |= RNC_CPU_sse4_2;
    uint32_t saved = ecx & bit_OSXSAVE ? saved_registers() : 0;
    if ((saved & XCR0_XMM_YMM) != XCR0_XMM_YMM || !(ecx & bit_AVX))
        return found;
    found |= RNC_CPU_avx;
    if (ecx & bit_FMA)
        found |= RNC_CPU_fma;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
        return found;
    if (ebx & bit_AVX2)
        found |= RNC_CPU_avx2;
    if ((ebx & bit_AVX512F) && (saved & XCR0_OPMASK_ZMM) == XCR0_OPMASK_ZMM)
        found |= RNC_CPU_avx512f;
    return found;
}

#define BUILT_X86_64  true
#define BUILT_AARCH64 false

#else

#define HWCAP_BIT_SVE (1ul << 22)

/* NEON with float64 is part of every AArch64 Linux. */
static uint32_t cpu_features(void) {
    return RNC_CPU_neon | (getauxval(AT_HWCAP) & HWCAP_BIT_SVE ? RNC_CPU_sve : 0);
}

#define BUILT_X86_64  false
#define BUILT_AARCH64 true

#endif

#define BUILT_ANY true

static const char *const feature_names[] = {
#define FEATURE(name) #name,
#include "compute/features.def"
#undef FEATURE
};

static const struct {
    const char *name;
    const char *architecture;
    bool built;
    size_t vector_bytes;
    uint32_t needs;
} definitions[] = {
#define ISA(row, suffix, arch, bytes, features) {#row, #arch, BUILT_##arch, bytes, features},
#include "compute/isa.def"
#undef ISA
};

static rnc_isa_row rows[RNC_ISA_COUNT];
static char missing[RNC_ISA_COUNT][128];
static char features_text[128];

static void list_features(uint32_t features, const char *separator, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t bit = 0; bit < RNC_CPU_BIT_COUNT; bit++) {
        if (!(features & (1u << bit)) || used >= size)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? separator : "",
                                 feature_names[bit]);
    }
}

void rnc_isa_detect(void) {
    uint32_t detected = cpu_features();
    list_features(detected, " ", features_text, sizeof features_text);
    for (size_t i = 0; i < RNC_ISA_COUNT; i++) {
        uint32_t absent = definitions[i].needs & ~detected;
        if (definitions[i].built)
            list_features(absent, ", ", missing[i], sizeof missing[i]);
        else
            snprintf(missing[i], sizeof missing[i], "%s", definitions[i].architecture);
        for (char *c = missing[i]; !definitions[i].built && *c; c++)
            *c |= 0x20;
        rows[i] = (rnc_isa_row){definitions[i].name, definitions[i].built,
                                definitions[i].built && !absent, missing[i]};
    }
}

const rnc_isa_row *rnc_isa(int index) {
    return index >= 0 && index < RNC_ISA_COUNT ? &rows[index] : NULL;
}

const char *rnc_cpu_features(void) {
    return features_text;
}

int rnc_isa_best_built(void) {
    int isa = 0;
    while (!rows[isa].built)
        isa++;
    return isa;
}

int rnc_isa_at_most(int isa) {
    while (!rows[isa].available)
        isa++;
    return isa;
}

size_t rnc_isa_vector_bytes(int isa) {
    return definitions[isa].vector_bytes;
}
