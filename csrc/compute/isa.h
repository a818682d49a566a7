/* Instruction sets: the rows of isa.def and what was detected of them at load time. */
#ifndef RNC_COMPUTE_ISA_H
#define RNC_COMPUTE_ISA_H

#include "rnc.h"

enum rnc_isa_index {
#define ISA(row, suffix, arch, bytes, features) RNC_ISA_##row,
#include "compute/isa.def"
#undef ISA
    RNC_ISA_COUNT
};

enum rnc_cpu_bit {
#define FEATURE(name) RNC_CPU_BIT_##name,
#include "compute/features.def"
#undef FEATURE
    RNC_CPU_BIT_COUNT
};

enum rnc_cpu_feature {
#define FEATURE(name) RNC_CPU_##name = 1u << RNC_CPU_BIT_##name,
#include "compute/features.def"
#undef FEATURE
};

/* Fills the rows. Idempotent; the dispatch table's constructor calls it before it reads them. */
void rnc_isa_detect(void);

/* The best row built for this architecture, whether or not this CPU has it. */
int rnc_isa_best_built(void);
/* The first row at or below `isa` that this CPU can run; Scalar at the latest. */
int rnc_isa_at_most(int isa);
size_t rnc_isa_vector_bytes(int isa);

#endif
