/* Who is recorded: a probability per operation, a threshold above which everything is, and a cap. A
 * probability p is the limit p * 2^53; a thread's random number of 53 bits below it is a hit, so 0
 * never and 1 always hits. */
#ifndef RNC_TRACE_SAMPLER_H
#define RNC_TRACE_SAMPLER_H

#include <math.h>
#include <stdatomic.h>

#include "trace/ids.h"
#include "trace/thread.h"

#define RNC_LIMIT_ALWAYS ((uint64_t)1 << 53)

typedef struct rnc_op_limits {
    _Atomic uint64_t head; /* of the head decision */
    _Atomic uint64_t fast; /* of operations below the threshold */
} rnc_op_limits;

/* A token bucket kept as the time at which it would be full again, in 1/16 ns. It holds one
 * second's spans, and at least one. */
typedef struct rnc_bucket {
    _Atomic uint64_t full_at;
    _Atomic uint64_t per_span; /* 0: no cap */
    _Atomic uint64_t depth;
} rnc_bucket;

/* Atomics are relaxed throughout: a decision needs no other memory, and a reader that meets a
 * tracer being recycled is turned away by its generation. */

bool rnc_sampler_valid(const rnc_tracer_config *config, int op_count);
void rnc_sampler_set(rnc_op_limits *limits, const rnc_tracer_config *config, double rate);
void rnc_bucket_set(rnc_bucket *bucket, double per_second);

/* SplitMix64: each thread walks its own Weyl sequence. */
static inline bool rnc_sampler_hit(rnc_thread *thread, const _Atomic uint64_t *limit_of) {
    uint64_t limit = atomic_load_explicit(limit_of, memory_order_relaxed);
    if (limit >= RNC_LIMIT_ALWAYS)
        return true;
    if (!limit)
        return false;
    if (RNC_UNLIKELY(!thread->random))
        thread->random = rnc_random_seed();
    thread->random += RNC_WEYL;
    return rnc_mix(thread->random) >> 11 < limit;
}

static inline bool rnc_bucket_take(rnc_bucket *bucket, uint64_t now) {
    uint64_t per_span = atomic_load_explicit(&bucket->per_span, memory_order_relaxed);
    if (!per_span)
        return true;
    uint64_t depth = atomic_load_explicit(&bucket->depth, memory_order_relaxed);
    uint64_t full_at = atomic_load_explicit(&bucket->full_at, memory_order_relaxed);
    now <<= 4;
    for (;;) {
        uint64_t from = full_at > now ? full_at : now;
        if (from + per_span - now > depth)
            return false;
        if (atomic_compare_exchange_weak_explicit(&bucket->full_at, &full_at, from + per_span,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    }
}

#endif
