/* The radix guard behind the AVX2 selection, reached after one round instead of many: it must give
 * what the specification gives. */
#define ROUNDS_MAX 1
#include "compute/kernels/select_avx2.c"

#include <stdlib.h>

#include "check.h"
#include "compute/kernel.h"

#if RNC_X86_64

#define LENGTH 3000
#define RANKS  5

static double words[2 * (LENGTH + RNC_SCRATCH_SLACK)];

/* The order statistics from `rank` on, `count` of them, some way apart. */
static void compare(const void *data, size_t rank, size_t count, rnc_kernel *kernel,
                    rnc_kernel *specification) {
    size_t ranks[RANKS];
    double got[2 * RANKS], want[2 * RANKS];
    for (size_t i = 0; i < count; i++)
        ranks[i] = rank + i * ((LENGTH - rank) / count);
    rnc_input in = {.data = data,
                    .length = LENGTH,
                    .scale = 1,
                    .ranks = ranks,
                    .rank_count = count,
                    .scratch = words,
                    .pairs = got};
    rnc_result result;
    kernel(&in, &result);
    in.pairs = want;
    specification(&in, &result);
    for (size_t i = 0; i < count; i++) {
        size_t meant = ranks[i] + 1 < LENGTH ? 2 : 1;
        CHECK(!memcmp(got + 2 * i, want + 2 * i, meant * sizeof(double)),
              "rank %zu: %g %g, not %g %g", ranks[i], got[2 * i], got[2 * i + 1], want[2 * i],
              want[2 * i + 1]);
    }
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
            compare(narrow, rank, 1, rnc_select_f32_avx2, rnc_select_f32_scalar);
            compare(narrow, rank, RANKS, rnc_select_f32_avx2, rnc_select_f32_scalar);
            compare(wide, rank, 1, rnc_select_f64_avx2, rnc_select_f64_scalar);
            compare(wide, rank, RANKS, rnc_select_f64_avx2, rnc_select_f64_scalar);
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
