/* What must stay whole across fork(): one lock for every slow path of the tracer core, taken around
 * a fork, and one handler that makes the child's copy its own. */
#ifndef RNC_TRACE_FORK_H
#define RNC_TRACE_FORK_H

#include "rnc.h"

/* Held only for table updates and calibration, never around a callback or another lock. */
void rnc_lock(void);
bool rnc_try_lock(void);
void rnc_unlock(void);

/* Run once when the core is loaded, in this order. */
void rnc_clock_start(void);
void rnc_ids_start(void);

/* Run in a forked child, on its only thread, with the lock held. */
void rnc_ids_forked(void);
void rnc_thread_forked(void);
void rnc_tracers_forked(void);

#endif
