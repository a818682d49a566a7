/* One clock: CLOCK_MONOTONIC in ns. Where the TSC is invariant, rnc_clock_now reads it through a
 * calibration that is kept in step with CLOCK_MONOTONIC and never runs backwards. */
#ifndef RNC_TRACE_CLOCK_H
#define RNC_TRACE_CLOCK_H

#include <time.h>

#include "rnc.h"

/* The kernel's own reading; what the ptrace engine uses. */
static inline uint64_t rnc_clock_monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Brings the calibration up to date; the pump calls it once a drain. */
void rnc_clock_discipline(void);

#endif
