/* Spans that Python makes by hand; they go straight to the encoder. */
#include "otlp/spans.h"

static void attribute(rnc_spans *spans, const rnc_attribute *attribute) {
    rnc_writer *writer = &spans->writer;
    rnc_slice key = rnc_slice_of(attribute->key);
    switch (attribute->kind) {
    case 's':
        return rnc_span_bytes(
            spans, key,
            (rnc_slice){attribute->text_size ? attribute->text : "", attribute->text_size});
    case 'i':
        return writer->ops->integer(writer, key, attribute->integer);
    case 'd':
        return writer->ops->number(writer, key, attribute->number);
    case 'b':
        return writer->ops->boolean(writer, key, attribute->integer != 0);
    }
}

static void attributes(rnc_spans *spans, const rnc_attribute *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        attribute(spans, &list[i]);
}

static void event(rnc_spans *spans, const rnc_event *event) {
    rnc_span_event(spans, rnc_slice_of(event->name), event->time);
    attributes(spans, event->attributes, event->attribute_count);
    spans->writer.ops->event_end(&spans->writer);
}

int rnc_spans_add(rnc_sink *sink, const rnc_manual_span *span) {
    rnc_spans *spans = (rnc_spans *)sink;
    uint64_t lost = spans->counts.no_memory;
    rnc_span_begin(spans, (rnc_span_head){
                              .trace_id = {span->trace_id[0], span->trace_id[1]},
                              .span_id = span->span_id,
                              .parent_id = span->parent_id,
                              .start = span->start,
                              .end = span->end,
                              .name = {span->name_size ? span->name : "", span->name_size},
                          });
    attributes(spans, span->attributes, span->attribute_count);
    for (size_t i = 0; i < span->event_count; i++)
        event(spans, &span->events[i]);
    if (span->status != RNC_STATUS_UNSET)
        rnc_span_status(spans, span->status,
                        (rnc_slice){span->message_size ? span->message : "", span->message_size});
    rnc_span_end(spans, span->events_dropped);
    return spans->counts.no_memory == lost ? RNC_OK : RNC_NO_MEMORY;
}
