/* Stands before a format's writer where a span may have only so many attributes
 * (OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT): passes the first ones on and counts the others, which end as
 * the span's dropped_attributes_count. Attributes of events are not limited. */
#include "otlp/writer.h"

/* Whether the attribute that begins here is to be written. */
static bool admit(rnc_writer *writer) {
    if (writer->in_event)
        return true;
    bool room = writer->span_attributes < writer->attribute_limit;
    writer->span_attributes++;
    return room;
}

static void begin(rnc_writer *writer, const rnc_span_head *head) {
    writer->span_attributes = 0;
    writer->in_event = false;
    writer->format->begin(writer, head);
}

static void text(rnc_writer *writer, rnc_slice key, rnc_slice value) {
    if (admit(writer))
        writer->format->text(writer, key, value);
}

static void integer(rnc_writer *writer, rnc_slice key, int64_t value) {
    if (admit(writer))
        writer->format->integer(writer, key, value);
}

static void number(rnc_writer *writer, rnc_slice key, double value) {
    if (admit(writer))
        writer->format->number(writer, key, value);
}

static void boolean(rnc_writer *writer, rnc_slice key, bool value) {
    if (admit(writer))
        writer->format->boolean(writer, key, value);
}

static void array_begin(rnc_writer *writer, rnc_slice key) {
    writer->in_dropped_array = !admit(writer);
    if (!writer->in_dropped_array)
        writer->format->array_begin(writer, key);
}

static void array_item(rnc_writer *writer, rnc_slice value) {
    if (!writer->in_dropped_array)
        writer->format->array_item(writer, value);
}

static void array_end(rnc_writer *writer) {
    if (!writer->in_dropped_array)
        writer->format->array_end(writer);
}

static void event_begin(rnc_writer *writer, rnc_slice name, uint64_t time) {
    writer->in_event = true;
    writer->format->event_begin(writer, name, time);
}

static void event_end(rnc_writer *writer) {
    writer->in_event = false;
    writer->format->event_end(writer);
}

static void status(rnc_writer *writer, int code, rnc_slice message) {
    writer->format->status(writer, code, message);
}

static void end(rnc_writer *writer, uint32_t dropped_attributes, uint32_t dropped_events) {
    if (writer->span_attributes > writer->attribute_limit)
        dropped_attributes += writer->span_attributes - writer->attribute_limit;
    writer->format->end(writer, dropped_attributes, dropped_events);
}

const rnc_writer_ops rnc_limited_writer = {
    .begin = begin,
    .text = text,
    .integer = integer,
    .number = number,
    .boolean = boolean,
    .array_begin = array_begin,
    .array_item = array_item,
    .array_end = array_end,
    .event_begin = event_begin,
    .event_end = event_end,
    .status = status,
    .end = end,
};
