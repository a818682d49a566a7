/* What became of a tracer's operations: one counter per fate and thread, so that counting neither
 * locks nor shares a cache line. */
#ifndef RNC_TRACE_COUNTS_H
#define RNC_TRACE_COUNTS_H

#include <stdatomic.h>

#include "trace/thread.h"

/* The first RNC_FATES are the fates of kernels' operations. */
enum rnc_count {
    RNC_RECORDED,
    RNC_SAMPLED_OUT,
    RNC_FAST,
    RNC_CAPPED,
    RNC_RING_FULL,
    RNC_FATES,
    RNC_OPERATION_SPANS = RNC_FATES,
    RNC_OPERATION_SPANS_DROPPED,
    RNC_COUNTS
};

typedef struct rnc_shard {
    _Alignas(RNC_CACHE_LINE) _Atomic uint64_t counts[RNC_COUNTS];
} rnc_shard;

typedef struct rnc_counts {
    rnc_shard shards[RNC_SHARDS];
    uint64_t baseline[RNC_COUNTS]; /* under the lock: where counting last began */
} rnc_counts;

/* Under the lock. Counters are never set back: a thread that is late would bring the old value
 * home. */
void rnc_counts_begin(rnc_counts *counts);
void rnc_counts_read(rnc_counts *counts, rnc_tracer_counts *out);

static inline void rnc_counts_add(rnc_counts *counts, rnc_thread *thread, enum rnc_count which) {
    if (RNC_UNLIKELY(thread->shard == RNC_SHARD_UNCHOSEN))
        rnc_thread_take_shard(thread);
    _Atomic uint64_t *counter = &counts->shards[thread->shard].counts[which];
    /* relaxed: counts are read for their value alone. A shard of one thread needs no locked
     * addition; shard 0 does. */
    if (RNC_LIKELY(thread->shard)) {
        uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
        atomic_store_explicit(counter, value + 1, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    }
}

#endif
