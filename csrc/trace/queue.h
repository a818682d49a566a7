/* A lossless queue for one producer and one consumer: a list of segments. When the consumer falls
 * behind, segments are added in memory, and past a budget in an unlinked temporary file, which the
 * kernel writes out. The producer allocates only when no released segment is free. */
#ifndef RNC_TRACE_QUEUE_H
#define RNC_TRACE_QUEUE_H

#include "trace/stream.h"

typedef struct rnc_queue rnc_queue;

rnc_queue *rnc_queue_new(size_t memory_budget); /* bytes; 0 = default */
void rnc_queue_free(rnc_queue *queue);
rnc_stream *rnc_queue_stream(rnc_queue *queue);

/* The largest payload; a longer one is refused and counted as dropped. */
#define RNC_QUEUE_PAYLOAD_MAX (((1 << 20) / RNC_SLOT_SIZE - 2) * RNC_SLOT_SIZE)

/* A head of zeroes and room for the payload. NULL only when neither memory nor disk can be had
 * (then counted as dropped). One reservation at a time. */
rnc_record *rnc_queue_reserve(rnc_queue *queue, size_t payload_size);
/* The payload may turn out smaller than was reserved: set payload_size before the commit. */
void rnc_queue_commit(rnc_queue *queue, rnc_record *record);
void rnc_queue_close(rnc_queue *queue);

#endif
