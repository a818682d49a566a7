/* A bounded ring for many producers and one consumer: lock-free, never blocks, counts what it could
 * not take. After Vyukov's bounded queue: each slot's sequence says whose turn it is. Memory is
 * private and anonymous, so a forked child has a copy of its own. */
#ifndef RNC_TRACE_RING_H
#define RNC_TRACE_RING_H

#include "trace/stream.h"

typedef struct rnc_ring rnc_ring;

rnc_ring *rnc_ring_new(uint32_t slots); /* power of two; NULL: no memory */
void rnc_ring_free(rnc_ring *ring);
rnc_stream *rnc_ring_stream(rnc_ring *ring);

/* Room for a head and payload_size bytes, or NULL (counted as dropped) when full or closed. The
 * caller fills everything but sequence and slots, then commits; nothing else may be reserved by the
 * same thread in between. */
rnc_record *rnc_ring_reserve(rnc_ring *ring, size_t payload_size);
void rnc_ring_commit(rnc_ring *ring, rnc_record *record);

void rnc_ring_close(rnc_ring *ring);
/* Empty and open again, counters at zero. Only while no other thread uses it. */
void rnc_ring_reset(rnc_ring *ring);

#endif
