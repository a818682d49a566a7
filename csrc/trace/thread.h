/* All that the core keeps per thread, in one block, so that a hot path finds it with one address
 * computation. */
#ifndef RNC_TRACE_THREAD_H
#define RNC_TRACE_THREAD_H

#include "rnc.h"

/* glibc sets static TLS space aside for libraries loaded at run time; there the block is reached
 * without a call. */
#ifdef __GLIBC__
#define RNC_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define RNC_THREAD_LOCAL _Thread_local
#endif

/* Shards 1 … RNC_SHARDS - 1 belong to one thread at a time; shard 0 is shared by the rest. */
#define RNC_SHARDS         64
#define RNC_SHARD_UNCHOSEN UINT16_MAX

typedef struct rnc_thread {
    rnc_context context;
    uint64_t random;     /* sampling's own sequence; 0: not seeded */
    uint64_t id_next;    /* this thread's block of span id counters … */
    uint64_t id_end;     /* … which ends here */
    uint64_t clock_last; /* the last rnc_clock_now */
    uint64_t generation; /* of the tracer that last accepted an operation */
    uint32_t tid;        /* 0: not asked yet */
    uint16_t shard;      /* of the tracers' counters */
    bool ran;            /* an operation ran since rnc_call_begin */
} rnc_thread;

extern RNC_THREAD_LOCAL rnc_thread rnc_thread_self;

uint32_t rnc_thread_ask_tid(rnc_thread *thread);
void rnc_thread_take_shard(rnc_thread *thread);

static inline uint32_t rnc_thread_tid(rnc_thread *thread) {
    return RNC_LIKELY(thread->tid) ? thread->tid : rnc_thread_ask_tid(thread);
}

#endif
