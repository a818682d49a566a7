/* A bounded ring for many producers and one consumer: lock-free, never blocks, counts what it could
 * not take. Records lie in one piece: one that would cross the end of the array starts again at its
 * beginning, after padding. Memory is private and anonymous, so a forked child has a copy of its
 * own. */
#ifndef RNC_TRACE_RING_H
#define RNC_TRACE_RING_H

#include "trace/stream.h"

typedef struct rnc_ring rnc_ring;

rnc_ring *rnc_ring_new(uint32_t slots); /* power of two; NULL: no memory */
void rnc_ring_free(rnc_ring *ring);
rnc_stream *rnc_ring_stream(rnc_ring *ring);

/* Room for a head and payload_size bytes, or NULL (counted as dropped) when full or closed, or when
 * the record would take more than half of the ring. The caller fills everything but sequence and
 * slots, then commits. Neither makes a system call. */
rnc_record *rnc_ring_reserve(rnc_ring *ring, size_t payload_size);
void rnc_ring_commit(rnc_ring *ring, rnc_record *record);

void rnc_ring_close(rnc_ring *ring);
/* Discards what is left in a closed ring and opens it again; false, and nothing changed for
 * producers, while a record is reserved and not committed. By the consumer. */
bool rnc_ring_reopen(rnc_ring *ring);
/* Empty and open, counters at zero, whatever was going on. Only while no other thread uses it: in a
 * forked child. */
void rnc_ring_reset(rnc_ring *ring);

#endif
