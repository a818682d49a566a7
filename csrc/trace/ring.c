#include "trace/ring.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trace/clock.h"

#define CLOSED     ((uint64_t)1 << 63)
#define NAP_NS     2000000u /* between looks at a ring that was busy just now … */
#define NAP_MAX_NS 8000000u /* … and at one that has been idle for a while */
#define RECORD_MAX UINT16_MAX

/* Positions count slots since the ring began and never wrap; position & mask is the slot.
 * tail <= seen_tail's true value <= head <= tail + size.
 * A slot's sequence is 1 from the commit of a record whose head lies there until its release, and 0
 * in every other slot of [head, tail + size): the consumer never takes payload for a head. */
struct rnc_ring {
    rnc_stream stream;
    rnc_record *slots;
    uint64_t size;
    /* Producers' line. */
    _Alignas(RNC_CACHE_LINE) _Atomic uint64_t head; /* next position to reserve; CLOSED is a flag */
    _Atomic uint64_t seen_tail; /* some past tail: saves producers the consumer's line */
    /* Consumer's line. */
    _Alignas(RNC_CACHE_LINE) _Atomic uint64_t tail; /* oldest position not released */
    uint64_t nap_ns;
    /* Rarely written. */
    _Alignas(RNC_CACHE_LINE) _Atomic uint64_t dropped;
    _Atomic uint32_t closed; /* a futex: what a sleeping consumer watches */
};

static rnc_record *slot_at(rnc_ring *ring, uint64_t position) {
    return &ring->slots[position & (ring->size - 1)];
}

static rnc_record *drop(rnc_ring *ring) {
    /* relaxed: a count, read for its value alone */
    atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
    return NULL;
}

static void commit(rnc_record *record) {
    /* release: the consumer that sees 1 sees the record */
    atomic_store_explicit(&record->sequence, 1, memory_order_release);
}

/* Whether positions below `end` may be written. `head` is where the caller believes the ring's head
 * is; if that is outdated the answer may be a wrong no. */
static bool has_room(rnc_ring *ring, uint64_t head, uint64_t end) {
    /* acquire, here and below: the consumer has finished with every slot before the tail */
    uint64_t tail = atomic_load_explicit(&ring->seen_tail, memory_order_acquire);
    if (RNC_LIKELY(tail <= head && end - tail <= ring->size))
        return true;
    tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    /* release: hands on what the acquire above saw. An older tail may overwrite a newer one; any
     * past tail is a safe one. */
    atomic_store_explicit(&ring->seen_tail, tail, memory_order_release);
    return tail <= head && end - tail <= ring->size;
}

rnc_record *rnc_ring_reserve(rnc_ring *ring, size_t payload_size) {
    uint64_t slots = rnc_record_slots(payload_size);
    if (RNC_UNLIKELY(slots > ring->size / 2 || slots > RECORD_MAX))
        return drop(ring);
    /* relaxed: a guess, which the exchange below confirms */
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t padding;
    for (;;) {
        if (RNC_UNLIKELY(head & CLOSED))
            return drop(ring);
        uint64_t before_end = ring->size - (head & (ring->size - 1));
        padding = before_end < slots ? before_end : 0;
        uint64_t end = head + padding + slots;
        if (RNC_UNLIKELY(!has_room(ring, head, end))) {
            uint64_t now = atomic_load_explicit(&ring->head, memory_order_relaxed);
            if (now == head)
                return drop(ring);
            head = now;
            continue;
        }
        /* relaxed: the slots came with the tail's acquire, and the commit publishes the record */
        if (RNC_LIKELY(atomic_compare_exchange_weak_explicit(
                &ring->head, &head, end, memory_order_relaxed, memory_order_relaxed)))
            break;
    }
    if (RNC_UNLIKELY(padding)) {
        rnc_record *filler = slot_at(ring, head);
        filler->kind = RNC_PADDING;
        filler->slots = (uint16_t)padding;
        commit(filler);
    }
    rnc_record *record = slot_at(ring, head + padding);
    record->slots = (uint16_t)slots;
    /* The consumer's core holds the next slot's lines: ask for them before they are needed. */
    const char *next = (const char *)slot_at(ring, head + padding + slots);
    __builtin_prefetch(next, 1);
    __builtin_prefetch(next + RNC_CACHE_LINE, 1);
    return record;
}

void rnc_ring_commit(rnc_ring *ring, rnc_record *record) {
    commit(record);
}

/* ---- the consumer --------------------------------------------------------------------------- */

static rnc_ring *ring_of(rnc_stream *stream) {
    return (rnc_ring *)stream;
}

/* The committed record or padding at the tail, or NULL. */
static rnc_record *oldest(rnc_ring *ring) {
    /* relaxed: only the consumer moves the tail. acquire: pairs with commit() */
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    rnc_record *record = slot_at(ring, tail);
    return atomic_load_explicit(&record->sequence, memory_order_acquire) ? record : NULL;
}

static void release(rnc_stream *stream, const rnc_record *record) {
    rnc_ring *ring = ring_of(stream);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint16_t slots = record->slots;
    /* relaxed: the tail's release publishes them to whoever reserves these slots next */
    for (uint16_t i = 0; i < slots; i++)
        atomic_store_explicit(&slot_at(ring, tail + i)->sequence, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, tail + slots, memory_order_release);
}

static const rnc_record *peek(rnc_stream *stream) {
    rnc_ring *ring = ring_of(stream);
    rnc_record *record;
    while ((record = oldest(ring)) && record->kind == RNC_PADDING)
        release(stream, record);
    return record;
}

static bool closed(rnc_stream *stream) {
    rnc_ring *ring = ring_of(stream);
    /* acquire: what was reserved before the ring closed is seen as reserved */
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (!(head & CLOSED))
        return false;
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    return tail == (head & ~CLOSED) || oldest(ring);
}

static void nap(rnc_ring *ring, uint64_t ns) {
    struct timespec time = {.tv_nsec = (long)ns};
    syscall(SYS_futex, &ring->closed, FUTEX_WAIT_PRIVATE, 0, &time, NULL, 0);
}

static void wait_for_records(rnc_stream *stream, uint32_t wait_ms) {
    rnc_ring *ring = ring_of(stream);
    uint64_t end = rnc_clock_monotonic() + (uint64_t)wait_ms * 1000000;
    /* relaxed: only ends a nap; what is in the ring is read with acquire */
    while (!oldest(ring) && !atomic_load_explicit(&ring->closed, memory_order_relaxed)) {
        uint64_t now = rnc_clock_monotonic();
        if (now >= end)
            return;
        nap(ring, end - now < ring->nap_ns ? end - now : ring->nap_ns);
        if (ring->nap_ns < NAP_MAX_NS)
            ring->nap_ns *= 2;
    }
    ring->nap_ns = NAP_NS;
    /* Closed, but a producer is between reserve and commit. */
    if (!oldest(ring) && !closed(stream))
        sched_yield();
}

static uint64_t dropped(rnc_stream *stream) {
    return atomic_load_explicit(&ring_of(stream)->dropped, memory_order_relaxed);
}

/* ---- its life ------------------------------------------------------------------------------- */

rnc_ring *rnc_ring_new(uint32_t slots) {
    if (slots < 2 || (slots & (slots - 1)))
        return NULL;
    rnc_ring *ring = aligned_alloc(RNC_CACHE_LINE, sizeof *ring);
    void *memory = mmap(NULL, (size_t)slots * RNC_SLOT_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!ring || memory == MAP_FAILED) {
        free(ring);
        if (memory != MAP_FAILED)
            munmap(memory, (size_t)slots * RNC_SLOT_SIZE);
        return NULL;
    }
    *ring = (rnc_ring){
        .stream = {.peek = peek,
                   .release = release,
                   .closed = closed,
                   .wait = wait_for_records,
                   .dropped = dropped},
        .slots = memory,
        .size = slots,
        .nap_ns = NAP_NS,
    };
    return ring;
}

void rnc_ring_free(rnc_ring *ring) {
    if (!ring)
        return;
    munmap(ring->slots, ring->size * RNC_SLOT_SIZE);
    free(ring);
}

rnc_stream *rnc_ring_stream(rnc_ring *ring) {
    return &ring->stream;
}

void rnc_ring_close(rnc_ring *ring) {
    /* release: the closer's own earlier records are seen by whoever sees the ring closed */
    atomic_fetch_or_explicit(&ring->head, CLOSED, memory_order_release);
    atomic_store_explicit(&ring->closed, 1, memory_order_relaxed);
    syscall(SYS_futex, &ring->closed, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

bool rnc_ring_reopen(rnc_ring *ring) {
    const rnc_record *record;
    while ((record = peek(&ring->stream)))
        release(&ring->stream, record);
    if (!closed(&ring->stream))
        return false;
    atomic_store_explicit(&ring->dropped, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->closed, 0, memory_order_relaxed);
    /* release: a producer that sees the ring open sees it ready */
    atomic_fetch_and_explicit(&ring->head, ~CLOSED, memory_order_release);
    return true;
}

void rnc_ring_reset(rnc_ring *ring) {
    /* Fresh zero pages: every sequence is 0 again, and the parent's records are not copied. */
    madvise(ring->slots, ring->size * RNC_SLOT_SIZE, MADV_DONTNEED);
    atomic_store_explicit(&ring->head, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->seen_tail, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->dropped, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->closed, 0, memory_order_relaxed);
    ring->nap_ns = NAP_NS;
}
