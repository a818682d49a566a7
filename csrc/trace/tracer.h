/* The compute tracer's hot side: what run.c calls around a kernel.
 *
 *     rnc_tracer *tracer = rnc_tracer_current();          // NULL: nothing traces this thread
 *     if (!tracer || !rnc_tracer_wants(tracer, op)) …     // rejected by probability: no clock read
 *     start = rnc_clock_now(); kernel; end = rnc_clock_now();
 *     rnc_tracer_record_compute(tracer, &execution, start, end);
 *
 * rnc_tracer_wants counts every operation it is asked about. */
#ifndef RNC_TRACE_TRACER_H
#define RNC_TRACE_TRACER_H

#include "rnc.h"

rnc_tracer *rnc_tracer_current(void);
bool rnc_tracer_wants(rnc_tracer *tracer, int op);
/* Applies the threshold and the cap, then writes one RNC_COMPUTE record. execution->duration_ns is
 * set by the caller. */
void rnc_tracer_record_compute(rnc_tracer *tracer, const rnc_execution *execution, uint64_t start,
                               uint64_t end);

#endif
