/* opentelemetry.proto.trace.v1.Span as protobuf, each span a ScopeSpans.spans field. Lengths are
 * minimal varints: a message whose size is not known beforehand leaves the usual number of length
 * bytes free and moves its body only if that guess was wrong. */
#include "otlp/writer.h"

enum wire { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

#define TAG(field, wire) ((uint8_t)((field) << 3 | (wire)))

enum field {
    SCOPE_SPANS_SPANS = 2,

    SPAN_TRACE_ID = 1,
    SPAN_ID = 2,
    SPAN_TRACE_STATE = 3,
    SPAN_PARENT_ID = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7,
    SPAN_END = 8,
    SPAN_ATTRIBUTES = 9,
    SPAN_DROPPED_ATTRIBUTES = 10,
    SPAN_EVENTS = 11,
    SPAN_DROPPED_EVENTS = 12,
    SPAN_STATUS = 15,
    SPAN_FLAGS = 16,

    EVENT_TIME = 1,
    EVENT_NAME = 2,
    EVENT_ATTRIBUTES = 3,

    STATUS_MESSAGE = 2,
    STATUS_CODE = 3,

    KEY_VALUE_KEY = 1,
    KEY_VALUE_VALUE = 2,

    VALUE_STRING = 1,
    VALUE_BOOL = 2,
    VALUE_INT = 3,
    VALUE_DOUBLE = 4,
    VALUE_ARRAY = 5,

    ARRAY_VALUES = 1,
};

#define MAX_VARINT 10

static size_t varint_size(uint64_t value) {
    return 1 + (size_t)(63 - __builtin_clzll(value | 1)) / 7;
}

static char *put_varint(char *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (char)(value | 0x80);
        value >>= 7;
    }
    *at++ = (char)value;
    return at;
}

static char *put_bytes(char *at, uint8_t tag, rnc_slice bytes) {
    *at++ = (char)tag;
    at = put_varint(at, bytes.size);
    memcpy(at, bytes.data, bytes.size);
    return at + bytes.size;
}

static char *put_fixed64(char *at, uint8_t tag, uint64_t value) {
    *at++ = (char)tag;
    for (int i = 0; i < 8; i++)
        at[i] = (char)(value >> (8 * i));
    return at + 8;
}

/* The 8 bytes of an id are big-endian; `at` is where they go. */
static char *put_id(char *at, uint64_t id) {
    uint64_t bytes = __builtin_bswap64(id);
    memcpy(at, &bytes, 8);
    return at + 8;
}

static void append_varint_field(rnc_buffer *out, uint8_t tag, uint64_t value) {
    char *room = rnc_buffer_room(out, 1 + MAX_VARINT);
    if (!room)
        return;
    *room = (char)tag;
    out->size += (size_t)(put_varint(room + 1, value) - room);
}

static void append_bytes_field(rnc_buffer *out, uint8_t tag, rnc_slice bytes) {
    char *room = rnc_buffer_room(out, 1 + MAX_VARINT + bytes.size);
    if (!room)
        return;
    out->size += (size_t)(put_bytes(room, tag, bytes) - room);
}

/* Opens a message; its length is expected to take `expected` bytes. */
static void open_message(rnc_writer *writer, uint8_t tag, size_t expected) {
    rnc_buffer *out = writer->out;
    char *room = rnc_buffer_room(out, 1 + MAX_VARINT);
    if (out->failed)
        return;
    *room = (char)tag;
    out->size += 1 + expected;
    writer->open[writer->depth++] = out->size << 4 | expected;
}

static void close_message(rnc_writer *writer) {
    rnc_buffer *out = writer->out;
    if (out->failed)
        return;
    size_t mark = writer->open[--writer->depth];
    size_t body = mark >> 4, expected = mark & 15;
    size_t size = out->size - body, needed = varint_size(size);
    if (needed != expected) {
        if (!rnc_buffer_room(out, MAX_VARINT))
            return;
        memmove(out->data + body - expected + needed, out->data + body, size);
        out->size += needed - expected;
    }
    put_varint(out->data + body - expected, size);
}

static void begin(rnc_writer *writer, const rnc_span_head *head) {
    rnc_buffer *out = writer->out;
    writer->depth = 0;
    open_message(writer, TAG(SCOPE_SPANS_SPANS, BYTES), 2);
    char *room =
        rnc_buffer_room(out, 81 + 2 * MAX_VARINT + head->name.size + head->trace_state.size);
    if (!room)
        return;
    char *at = room;
    *at++ = (char)TAG(SPAN_TRACE_ID, BYTES);
    *at++ = 16;
    at = put_id(put_id(at, head->trace_id[0]), head->trace_id[1]);
    *at++ = (char)TAG(SPAN_ID, BYTES);
    *at++ = 8;
    at = put_id(at, head->span_id);
    if (head->trace_state.size)
        at = put_bytes(at, TAG(SPAN_TRACE_STATE, BYTES), head->trace_state);
    if (head->parent_id) {
        *at++ = (char)TAG(SPAN_PARENT_ID, BYTES);
        *at++ = 8;
        at = put_id(at, head->parent_id);
    }
    at = put_bytes(at, TAG(SPAN_NAME, BYTES), head->name);
    *at++ = (char)TAG(SPAN_KIND, VARINT);
    *at++ = RNC_SPAN_KIND_INTERNAL;
    at = put_fixed64(at, TAG(SPAN_START, FIXED64), head->start);
    at = put_fixed64(at, TAG(SPAN_END, FIXED64), head->end);
    at = put_varint(at, SPAN_FLAGS << 3 | FIXED32);
    for (int i = 0; i < 4; i++)
        *at++ = (char)(head->flags >> (8 * i));
    out->size += (size_t)(at - room);
}

static uint8_t attribute_tag(const rnc_writer *writer) {
    return writer->depth == 1 ? TAG(SPAN_ATTRIBUTES, BYTES) : TAG(EVENT_ATTRIBUTES, BYTES);
}

/* A KeyValue up to the content of its AnyValue, which will take value_size bytes. The caller
 * appends those and sets out->size. */
static char *put_key(rnc_writer *writer, rnc_slice key, size_t value_size) {
    size_t size = 2 + varint_size(key.size) + key.size + varint_size(value_size) + value_size;
    char *at = rnc_buffer_room(writer->out, 1 + MAX_VARINT + size);
    if (!at)
        return NULL;
    *at++ = (char)attribute_tag(writer);
    at = put_varint(at, size);
    at = put_bytes(at, TAG(KEY_VALUE_KEY, BYTES), key);
    *at++ = (char)TAG(KEY_VALUE_VALUE, BYTES);
    return put_varint(at, value_size);
}

static void ends_at(rnc_buffer *out, const char *at) {
    out->size = (size_t)(at - out->data);
}

static void text(rnc_writer *writer, rnc_slice key, rnc_slice value) {
    char *at = put_key(writer, key, 1 + varint_size(value.size) + value.size);
    if (at)
        ends_at(writer->out, put_bytes(at, TAG(VALUE_STRING, BYTES), value));
}

static void integer(rnc_writer *writer, rnc_slice key, int64_t value) {
    char *at = put_key(writer, key, 1 + varint_size((uint64_t)value));
    if (!at)
        return;
    *at++ = (char)TAG(VALUE_INT, VARINT);
    ends_at(writer->out, put_varint(at, (uint64_t)value));
}

static void number(rnc_writer *writer, rnc_slice key, double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    char *at = put_key(writer, key, 9);
    if (at)
        ends_at(writer->out, put_fixed64(at, TAG(VALUE_DOUBLE, FIXED64), bits));
}

static void boolean(rnc_writer *writer, rnc_slice key, bool value) {
    char *at = put_key(writer, key, 2);
    if (!at)
        return;
    *at++ = (char)TAG(VALUE_BOOL, VARINT);
    *at++ = value;
    ends_at(writer->out, at);
}

static void array_begin(rnc_writer *writer, rnc_slice key) {
    open_message(writer, attribute_tag(writer), 1);
    append_bytes_field(writer->out, TAG(KEY_VALUE_KEY, BYTES), key);
    open_message(writer, TAG(KEY_VALUE_VALUE, BYTES), 1);
    open_message(writer, TAG(VALUE_ARRAY, BYTES), 1);
}

static void array_item(rnc_writer *writer, rnc_slice value) {
    open_message(writer, TAG(ARRAY_VALUES, BYTES), 1);
    append_bytes_field(writer->out, TAG(VALUE_STRING, BYTES), value);
    close_message(writer);
}

static void array_end(rnc_writer *writer) {
    close_message(writer);
    close_message(writer);
    close_message(writer);
}

static void event_begin(rnc_writer *writer, rnc_slice name, uint64_t time) {
    open_message(writer, TAG(SPAN_EVENTS, BYTES), 1);
    char *room = rnc_buffer_room(writer->out, 9);
    if (room)
        ends_at(writer->out, put_fixed64(room, TAG(EVENT_TIME, FIXED64), time));
    append_bytes_field(writer->out, TAG(EVENT_NAME, BYTES), name);
}

static void event_end(rnc_writer *writer) {
    close_message(writer);
}

static void status(rnc_writer *writer, int code, rnc_slice message) {
    open_message(writer, TAG(SPAN_STATUS, BYTES), 1);
    if (message.size)
        append_bytes_field(writer->out, TAG(STATUS_MESSAGE, BYTES), message);
    append_varint_field(writer->out, TAG(STATUS_CODE, VARINT), (uint64_t)code);
    close_message(writer);
}

static void end(rnc_writer *writer, uint32_t dropped_attributes, uint32_t dropped_events) {
    if (dropped_attributes)
        append_varint_field(writer->out, TAG(SPAN_DROPPED_ATTRIBUTES, VARINT), dropped_attributes);
    if (dropped_events)
        append_varint_field(writer->out, TAG(SPAN_DROPPED_EVENTS, VARINT), dropped_events);
    close_message(writer);
}

const rnc_writer_ops rnc_proto_writer = {
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
