/* The interface between producers of records and the pump. Two kinds stand behind it: ring.h
 * (bounded, many producers, drops and counts) and queue.h (lossless, one producer, spills). */
#ifndef RNC_TRACE_STREAM_H
#define RNC_TRACE_STREAM_H

#include "trace/record.h"

struct rnc_stream {
    /* The oldest record not yet released, or NULL when there is none now. One consumer. */
    const rnc_record *(*peek)(rnc_stream *stream);
    /* Gives the peeked record's slots back; its memory may change at once. */
    void (*release)(rnc_stream *stream, const rnc_record *record);
    /* No producer will write any more. Read it before peek to know a NULL is final. */
    bool (*closed)(rnc_stream *stream);
    /* Sleeps until a record is likely to be there, the stream closed, or the time is over. */
    void (*wait)(rnc_stream *stream, uint32_t wait_ms);
    /* Records that could not be taken, so far. */
    uint64_t (*dropped)(rnc_stream *stream);
};

#endif
