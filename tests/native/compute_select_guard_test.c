/* The radix guard behind the AVX2 selection, reached after one round instead of many: it must give
 * what the specification gives. */
#define ROUNDS_MAX 1
#include "compute/kernels/select_avx2.c"

#include <stdlib.h>

#include "check.h"
#include "compute/kernel.h"

#if RNC_X86_64

#define LENGTH 3000

static double words[2 * (LENGTH + RNC_SCRATCH_SLACK)];

static void compare(const void *data, size_t rank, rnc_kernel *kernel, rnc_kernel *specification) {
    rnc_input in = {.data = data, .length = LENGTH, .scale = 1, .ranks = &rank, .rank_count = 1, .scratch = words};
    rnc_result got, want;
    kernel(&in, &got);
    specification(&in, &want);
    size_t meant = rank + 1 < LENGTH ? 2 : 1;
    CHECK(!memcmp(got.value, want.value, meant * sizeof(double)), "rank %zu: %g %g, not %g %g",
          rank, got.value[0], got.value[1], want.value[0], want.value[1]);
}

int main(void) {
    static double wide[LENGTH];
    static float narrow[LENGTH];
    if (rnc_isa_force(RNC_ISA_AVX2, true) != RNC_OK) {
        CHECK(true, "no AVX2 on this CPU");
        return check_report();
    }
    for (int distinct = 2; distinct < 100000; distinct *= 7) {
        for (size_t i = 0; i < LENGTH; i++)
            narrow[i] = (float)(wide[i] = (double)(rand() % distinct - distinct / 2) / 3);
        for (size_t rank = 0; rank < LENGTH; rank += rank < 10 || rank >= LENGTH - 10 ? 1 : 71) {
            compare(narrow, rank, rnc_select_f32_avx2, rnc_select_f32_scalar);
            compare(wide, rank, rnc_select_f64_avx2, rnc_select_f64_scalar);
        }
    }
    return check_report();
}

#else

int main(void) {
    CHECK(true, "no AVX2 on this architecture");
    return check_report();
}

#endif
