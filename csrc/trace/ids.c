#include "trace/ids.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "trace/clock.h"
#include "trace/fork.h"
#include "trace/thread.h"

enum { BLOCK = 1024 };

/* The next free counter lives in memory that forked children share, so that no two processes of a
 * family hand out the same block. Without such memory every child takes a key of its own. */
static _Atomic uint64_t private_counter;
static _Atomic uint64_t *counter = &private_counter;
static uint64_t key;

uint64_t rnc_random_seed(void) {
    uint64_t seed;
    ssize_t got;
    do
        got = getrandom(&seed, sizeof seed, 0);
    while (got < 0 && errno == EINTR);
    if (got == sizeof seed)
        return seed;
    /* A sandbox that denies getrandom: the kernel's 16 bytes of this image, made unique in time. */
    static _Atomic uint64_t call;
    memcpy(&seed, (const void *)getauxval(AT_RANDOM), sizeof seed);
    uint64_t unique = rnc_mix(rnc_clock_monotonic() + RNC_WEYL * atomic_fetch_add(&call, 1));
    return rnc_mix(seed ^ unique ^ ((uint64_t)getpid() << 40));
}

void rnc_ids_start(void) {
    void *page =
        mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED)
        counter = page;
    key = rnc_random_seed();
}

/* The block this thread copied from its parent is the parent's. */
void rnc_ids_forked(void) {
    rnc_thread_self.id_next = rnc_thread_self.id_end = 0;
    if (counter == &private_counter)
        key = rnc_random_seed();
}

static void take_block(rnc_thread *thread) {
    /* relaxed: only the number matters, nothing is published with it */
    thread->id_next = atomic_fetch_add_explicit(counter, BLOCK, memory_order_relaxed);
    thread->id_end = thread->id_next + BLOCK;
}

uint64_t rnc_new_span_id(void) {
    rnc_thread *thread = &rnc_thread_self;
    for (;;) {
        if (RNC_UNLIKELY(thread->id_next == thread->id_end))
            take_block(thread);
        uint64_t id = rnc_mix(thread->id_next++ ^ key);
        if (RNC_LIKELY(id))
            return id;
    }
}

void rnc_new_trace_id(uint64_t out[2]) {
    do {
        out[0] = rnc_random_seed();
        out[1] = rnc_random_seed();
    } while (!out[0] || !out[1]);
}

uint64_t rnc_process_span_id(const uint64_t trace_id[2], uint32_t pid, uint64_t start_ticks) {
    uint64_t hash = rnc_mix(trace_id[0] + RNC_WEYL);
    hash = rnc_mix((hash ^ trace_id[1]) + RNC_WEYL);
    hash = rnc_mix((hash ^ pid) + RNC_WEYL);
    hash = rnc_mix((hash ^ start_ticks) + RNC_WEYL);
    return hash ? hash : RNC_WEYL;
}
