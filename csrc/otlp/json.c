/* A span as OTLP/JSON: the protobuf JSON mapping, except that ids are hex. 64-bit integers are
 * strings, enum values numbers. Spans of one chunk are joined by the sink. */
#include <math.h>
#include <stdio.h>

#include "otlp/writer.h"

#define APPEND(out, literal) rnc_buffer_append(out, literal, sizeof(literal) - 1)

static const char hex[] = "0123456789abcdef";

/* Bytes that may not stand in a JSON string as they are: the two-character escape's second
 * character, or 'u' for \u00XX. */
static char escape_of(uint8_t byte) {
    switch (byte) {
    case '"':
    case '\\':
        return (char)byte;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return byte < 0x20 || byte == 0x7F ? 'u' : 0;
    }
}

static void append_string(rnc_buffer *out, rnc_slice text) {
    char *room = rnc_buffer_room(out, 2 + 6 * text.size);
    if (!room)
        return;
    char *at = room;
    *at++ = '"';
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        char escape = escape_of(byte);
        if (RNC_LIKELY(!escape)) {
            *at++ = (char)byte;
            continue;
        }
        *at++ = '\\';
        *at++ = escape;
        if (escape != 'u')
            continue;
        *at++ = '0';
        *at++ = '0';
        *at++ = hex[byte >> 4];
        *at++ = hex[byte & 15];
    }
    *at++ = '"';
    out->size += (size_t)(at - room);
}

static void append_id(rnc_buffer *out, uint64_t id) {
    char *room = rnc_buffer_room(out, 16);
    if (!room)
        return;
    for (int i = 0; i < 16; i++)
        room[i] = hex[id >> (60 - 4 * i) & 15];
    out->size += 16;
}

static void append_unsigned(rnc_buffer *out, uint64_t value) {
    char digits[20];
    char *at = digits + sizeof digits;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    rnc_buffer_append(out, at, (size_t)(digits + sizeof digits - at));
}

/* A short decimal form that reads back as the same double, -0.0 too; a decimal comma of the
 * program's locale becomes a point. */
static void append_double(rnc_buffer *out, double value) {
    if (isnan(value))
        return APPEND(out, "\"NaN\"");
    if (isinf(value)) {
        if (value < 0)
            return APPEND(out, "\"-Infinity\"");
        return APPEND(out, "\"Infinity\"");
    }
    char text[40];
    int size = 0;
    for (int digits = 15; digits <= 17; digits++) {
        size = snprintf(text, sizeof text, "%.*g", digits, value);
        if (digits == 17 || strtod(text, NULL) == value)
            break;
    }
    bool integral = true;
    for (int i = 0; i < size; i++) {
        if (text[i] == ',')
            text[i] = '.';
        integral = integral && text[i] != '.' && text[i] != 'e';
    }
    rnc_buffer_append(out, text, (size_t)size);
    if (integral)
        APPEND(out, ".0");
}

static void append_time(rnc_buffer *out, uint64_t time) {
    rnc_buffer_char(out, '"');
    append_unsigned(out, time);
    rnc_buffer_char(out, '"');
}

static void begin(rnc_writer *writer, const rnc_span_head *head) {
    rnc_buffer *out = writer->out;
    writer->attributes = writer->events = false;
    APPEND(out, "{\"traceId\":\"");
    append_id(out, head->trace_id[0]);
    append_id(out, head->trace_id[1]);
    APPEND(out, "\",\"spanId\":\"");
    append_id(out, head->span_id);
    if (head->parent_id) {
        APPEND(out, "\",\"parentSpanId\":\"");
        append_id(out, head->parent_id);
    }
    APPEND(out, "\",\"flags\":");
    append_unsigned(out, head->flags);
    if (head->trace_state.size) {
        APPEND(out, ",\"traceState\":");
        append_string(out, head->trace_state);
    }
    APPEND(out, ",\"name\":");
    append_string(out, head->name);
    APPEND(out, ",\"kind\":");
    append_unsigned(out, RNC_SPAN_KIND_INTERNAL);
    APPEND(out, ",\"startTimeUnixNano\":");
    append_time(out, head->start);
    APPEND(out, ",\"endTimeUnixNano\":");
    append_time(out, head->end);
}

/* {"key":…,"value": of the next attribute of the open span or event. */
static void append_key(rnc_writer *writer, rnc_slice key) {
    rnc_buffer *out = writer->out;
    if (writer->attributes)
        rnc_buffer_char(out, ',');
    else
        APPEND(out, ",\"attributes\":[");
    writer->attributes = true;
    APPEND(out, "{\"key\":");
    append_string(out, key);
    APPEND(out, ",\"value\":");
}

static void close_attributes(rnc_writer *writer) {
    if (writer->attributes)
        rnc_buffer_char(writer->out, ']');
    writer->attributes = false;
}

static void append_text_value(rnc_buffer *out, rnc_slice value) {
    APPEND(out, "{\"stringValue\":");
    append_string(out, value);
    rnc_buffer_char(out, '}');
}

static void text(rnc_writer *writer, rnc_slice key, rnc_slice value) {
    append_key(writer, key);
    append_text_value(writer->out, value);
    rnc_buffer_char(writer->out, '}');
}

static void integer(rnc_writer *writer, rnc_slice key, int64_t value) {
    append_key(writer, key);
    APPEND(writer->out, "{\"intValue\":\"");
    if (value < 0)
        rnc_buffer_char(writer->out, '-');
    append_unsigned(writer->out, value < 0 ? -(uint64_t)value : (uint64_t)value);
    APPEND(writer->out, "\"}}");
}

static void number(rnc_writer *writer, rnc_slice key, double value) {
    append_key(writer, key);
    APPEND(writer->out, "{\"doubleValue\":");
    append_double(writer->out, value);
    APPEND(writer->out, "}}");
}

static void boolean(rnc_writer *writer, rnc_slice key, bool value) {
    append_key(writer, key);
    rnc_buffer_text(writer->out, value ? "{\"boolValue\":true}}" : "{\"boolValue\":false}}");
}

static void array_begin(rnc_writer *writer, rnc_slice key) {
    append_key(writer, key);
    APPEND(writer->out, "{\"arrayValue\":{\"values\":[");
    writer->items = false;
}

static void array_item(rnc_writer *writer, rnc_slice value) {
    if (writer->items)
        rnc_buffer_char(writer->out, ',');
    writer->items = true;
    append_text_value(writer->out, value);
}

static void array_end(rnc_writer *writer) {
    APPEND(writer->out, "]}}}");
}

static void event_begin(rnc_writer *writer, rnc_slice name, uint64_t time) {
    rnc_buffer *out = writer->out;
    close_attributes(writer);
    if (writer->events)
        rnc_buffer_char(out, ',');
    else
        APPEND(out, ",\"events\":[");
    writer->events = true;
    APPEND(out, "{\"timeUnixNano\":");
    append_time(out, time);
    APPEND(out, ",\"name\":");
    append_string(out, name);
}

static void event_end(rnc_writer *writer) {
    close_attributes(writer);
    rnc_buffer_char(writer->out, '}');
}

static void close_lists(rnc_writer *writer) {
    close_attributes(writer);
    if (writer->events)
        rnc_buffer_char(writer->out, ']');
    writer->events = false;
}

static void status(rnc_writer *writer, int code, rnc_slice message) {
    rnc_buffer *out = writer->out;
    close_lists(writer);
    APPEND(out, ",\"status\":{");
    if (message.size) {
        APPEND(out, "\"message\":");
        append_string(out, message);
        rnc_buffer_char(out, ',');
    }
    APPEND(out, "\"code\":");
    append_unsigned(out, (uint64_t)code);
    rnc_buffer_char(out, '}');
}

static void append_count(rnc_buffer *out, const char *field, uint32_t count) {
    if (!count)
        return;
    rnc_buffer_text(out, field);
    append_unsigned(out, count);
}

static void end(rnc_writer *writer, uint32_t dropped_attributes, uint32_t dropped_events) {
    close_lists(writer);
    append_count(writer->out, ",\"droppedAttributesCount\":", dropped_attributes);
    append_count(writer->out, ",\"droppedEventsCount\":", dropped_events);
    rnc_buffer_char(writer->out, '}');
}

const rnc_writer_ops rnc_json_writer = {
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
