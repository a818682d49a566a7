/* Inside of the span sink: one encoder per kind of record, all writing through rnc_writer. */
#ifndef RNC_OTLP_SPANS_H
#define RNC_OTLP_SPANS_H

#include "otlp/text.h"
#include "otlp/writer.h"
#include "trace/sink.h"

typedef struct rnc_spans {
    rnc_sink sink;
    rnc_spans_config config;
    rnc_spans_counts counts;
    uint64_t syscall_spans;
    bool simd_available;  /* this CPU can run a SIMD set of this architecture */
    rnc_writer writer;    /* writer.out is one of chunks */
    rnc_buffer chunks[2]; /* being filled, and taken */
    size_t chunk_spans;   /* in the one being filled */
    size_t span_offset;   /* where the span being written begins */
    rnc_buffer scratch;   /* cleaned text */
    rnc_buffer decoded;   /* text made for one attribute */
} rnc_spans;

/* A span's frame. Times of head are CLOCK_MONOTONIC; span_begin maps them to the epoch, assigns a
 * missing span id and keeps the span from being of zero length. */
void rnc_span_begin(rnc_spans *spans, rnc_span_head head);
void rnc_span_end(rnc_spans *spans, uint32_t dropped_events);

/* Arbitrary bytes: cleaned, cut to attribute_value_limit. */
void rnc_span_bytes(rnc_spans *spans, rnc_slice key, rnc_slice value);
void rnc_span_event(rnc_spans *spans, rnc_slice name, uint64_t time);
void rnc_span_status(rnc_spans *spans, int code, rnc_slice message);

/* Text known to be ASCII: literals and table rows. */
static inline void rnc_span_text(rnc_spans *spans, enum rnc_key key, const char *value) {
    spans->writer.ops->text(&spans->writer, rnc_keys[key], rnc_slice_of(value));
}
static inline void rnc_span_integer(rnc_spans *spans, enum rnc_key key, int64_t value) {
    spans->writer.ops->integer(&spans->writer, rnc_keys[key], value);
}
static inline void rnc_span_number(rnc_spans *spans, enum rnc_key key, double value) {
    spans->writer.ops->number(&spans->writer, rnc_keys[key], value);
}
static inline void rnc_span_boolean(rnc_spans *spans, enum rnc_key key, bool value) {
    spans->writer.ops->boolean(&spans->writer, rnc_keys[key], value);
}

void rnc_span_of_process(rnc_spans *spans, const rnc_process *process);
void rnc_span_of_syscall(rnc_spans *spans, const rnc_record *record, const rnc_process *process);
void rnc_span_of_compute(rnc_spans *spans, const rnc_record *record);
void rnc_span_of_operation(rnc_spans *spans, const rnc_record *record);

#endif
