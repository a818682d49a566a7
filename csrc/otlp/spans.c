/* The span sink: chunks, limits and counts. What a span says is in span_*.c, how it is spelt in
 * proto.c and json.c. */
#include "otlp/spans.h"

static uint64_t to_epoch(const rnc_spans *spans, uint64_t time) {
    return time + (uint64_t)spans->config.epoch_offset;
}

void rnc_span_begin(rnc_spans *spans, rnc_span_head head) {
    rnc_buffer *out = spans->writer.out;
    spans->span_offset = out->size;
    if (!head.span_id)
        head.span_id = rnc_new_span_id();
    if (head.end <= head.start)
        head.end = head.start + 1;
    head.start = to_epoch(spans, head.start);
    head.end = to_epoch(spans, head.end);
    head.flags |= RNC_FLAG_SAMPLED;
    head.name = rnc_text_clean(&spans->scratch, head.name, 0);
    if (spans->config.format == RNC_OTLP_JSON && spans->chunk_spans)
        rnc_buffer_char(out, ',');
    const uint64_t *trace_id = spans->config.trace_id;
    if (head.trace_id[0] == trace_id[0] && head.trace_id[1] == trace_id[1])
        head.trace_state = rnc_slice_of(spans->config.trace_state);
    spans->writer.ops->begin(&spans->writer, &head);
}

void rnc_span_end(rnc_spans *spans, uint32_t dropped_events) {
    rnc_buffer *out = spans->writer.out;
    spans->writer.ops->end(&spans->writer, 0, dropped_events);
    if (RNC_UNLIKELY(out->failed)) {
        out->failed = false;
        out->size = spans->span_offset;
        spans->counts.no_memory++;
        return;
    }
    spans->chunk_spans++;
    spans->counts.spans++;
}

void rnc_span_bytes(rnc_spans *spans, rnc_slice key, rnc_slice value) {
    uint32_t limit = spans->config.attribute_value_limit;
    spans->writer.ops->text(&spans->writer, key, rnc_text_clean(&spans->scratch, value, limit));
}

void rnc_span_event(rnc_spans *spans, rnc_slice name, uint64_t time) {
    spans->writer.ops->event_begin(&spans->writer, rnc_text_clean(&spans->scratch, name, 0),
                                   to_epoch(spans, time));
}

void rnc_span_status(rnc_spans *spans, int code, rnc_slice message) {
    spans->writer.ops->status(&spans->writer, code, rnc_text_clean(&spans->scratch, message, 0));
}

static void hold_back(rnc_spans *spans, rnc_process *process) {
    spans->counts.held_back++;
    if (process)
        process->held_back++;
}

static void accept_syscall(rnc_spans *spans, const rnc_record *record, rnc_process *process) {
    if (spans->config.max_spans && spans->syscall_spans >= spans->config.max_spans)
        return hold_back(spans, process);
    spans->syscall_spans++;
    rnc_span_of_syscall(spans, record, process);
}

static void accept(rnc_sink *sink, const rnc_record *record, rnc_process *process) {
    rnc_spans *spans = (rnc_spans *)sink;
    switch (record->kind) {
    case RNC_SYSCALL:
        return accept_syscall(spans, record, process);
    case RNC_PROCESS_EXIT:
        if (process)
            rnc_span_of_process(spans, process);
        else
            spans->counts.no_memory++;
        return;
    case RNC_COMPUTE:
        return rnc_span_of_compute(spans, record);
    case RNC_OPERATION:
        return rnc_span_of_operation(spans, record);
    }
}

static void take(rnc_sink *sink, rnc_chunk *out) {
    rnc_spans *spans = (rnc_spans *)sink;
    rnc_buffer *filled = spans->writer.out;
    *out = (rnc_chunk){filled->data, filled->size, spans->chunk_spans};
    spans->writer.out = filled == &spans->chunks[0] ? &spans->chunks[1] : &spans->chunks[0];
    spans->writer.out->size = 0;
    spans->chunk_spans = 0;
}

static bool full(rnc_sink *sink) {
    const rnc_spans *spans = (const rnc_spans *)sink;
    return spans->writer.out->size >= spans->config.chunk_bytes ||
           spans->chunk_spans >= spans->config.chunk_spans;
}

static void release(rnc_sink *sink) {
    rnc_spans *spans = (rnc_spans *)sink;
    rnc_buffer_free(&spans->chunks[0]);
    rnc_buffer_free(&spans->chunks[1]);
    rnc_buffer_free(&spans->scratch);
    rnc_buffer_free(&spans->decoded);
    free(spans);
}

static bool any_simd(void) {
    const rnc_isa_row *row;
    for (int i = 0; (row = rnc_isa(i)); i++)
        if (row->available && strcmp(row->name, "Scalar") != 0)
            return true;
    return false;
}

rnc_sink *rnc_spans_new(const rnc_spans_config *config) {
    rnc_spans *spans = calloc(1, sizeof *spans);
    if (!spans)
        return NULL;
    spans->sink = (rnc_sink){.accept = accept, .take = take, .full = full, .free = release};
    spans->config = *config;
    spans->simd_available = any_simd();
    spans->writer.format = config->format == RNC_OTLP_JSON ? &rnc_json_writer : &rnc_proto_writer;
    spans->writer.attribute_limit = config->attribute_count_limit;
    spans->writer.ops = config->limit_attributes ? &rnc_limited_writer : spans->writer.format;
    spans->writer.out = &spans->chunks[0];
    return &spans->sink;
}

void rnc_spans_read_counts(rnc_sink *sink, rnc_spans_counts *out) {
    *out = ((const rnc_spans *)sink)->counts;
}
