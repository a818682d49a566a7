/* The compute tracer's hot side: what run.c calls around a kernel.
 *
 *     rnc_tracer *tracer = rnc_tracer_current();          // NULL: nothing traces this thread
 *     if (!tracer || !rnc_tracer_wants(tracer, op)) …     // rejected by probability: no clock read
 *     start = rnc_clock_now(); kernel; end = rnc_clock_now();
 *     rnc_tracer_record_compute(tracer, &execution, start, end);
 *
 * Every operation adds one to exactly one of the tracer's counts, at the moment its fate is
 * decided.
 *
 * A tracer's memory is type-stable: freed ones wait in a pool for the next rnc_tracer_open and are
 * never given back to the system, so a thread may be inside an operation while its tracer is
 * closed, freed or opened again: then that operation is neither counted nor recorded.
 *
 * In a forked child tracers stay open with empty rings and counts from zero: what the parent had
 * not sent yet stays the parent's. Nothing drains the child's rings until the child does. */
#ifndef RNC_TRACE_TRACER_H
#define RNC_TRACE_TRACER_H

#include "rnc.h"

/* This thread's context.tracer, else the active one. */
rnc_tracer *rnc_tracer_current(void);
bool rnc_tracer_wants(rnc_tracer *tracer, int op);
/* Applies the threshold and the cap, then writes one RNC_COMPUTE record. execution->duration_ns is
 * set by the caller. */
void rnc_tracer_record_compute(rnc_tracer *tracer, const rnc_execution *execution, uint64_t start,
                               uint64_t end);

/* What an operation is called that is no row of ops.def, and how it failed. */
typedef struct rnc_label {
    const char *library; /* NULL: ours; else it and the name live as long as the process */
    const char *name;
    const char *error; /* NULL or a message, cut to what a record takes */
    size_t error_size;
    int op; /* whose sampling rates hold; -1: those of operations with none of their own */
} rnc_label;

void rnc_tracer_record_labelled(rnc_tracer *tracer, const rnc_execution *execution,
                                const rnc_label *label, uint64_t start, uint64_t end);

/* Where other operations may run between rnc_tracer_wants and the record: which life of a tracer
 * said yes just now, to be told again before the record. */
uint64_t rnc_tracer_accepted(void);
void rnc_tracer_resume(uint64_t accepted);

#endif
