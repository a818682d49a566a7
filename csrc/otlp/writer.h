/* How one span is written, whatever the format. The calls of a span come in this order:
 *
 *     begin  attribute*  (event_begin attribute* event_end)*  status?  end
 *
 * where an attribute is text, integer, number, boolean, or array_begin array_item* array_end.
 * Every slice is valid UTF-8 (text.h makes it so) and is copied. Keys and bytes are appended to
 * `out`; when memory runs out, out->failed is set and the span's bytes are for the caller to drop.
 */
#ifndef RNC_OTLP_WRITER_H
#define RNC_OTLP_WRITER_H

#include "trace/buffer.h"

typedef struct rnc_slice {
    const char *data;
    size_t size;
} rnc_slice;

#define RNC_SLICE(literal) ((rnc_slice){"" literal, sizeof(literal) - 1})

static inline rnc_slice rnc_slice_of(const char *text) {
    return text ? (rnc_slice){text, strlen(text)} : (rnc_slice){"", 0};
}

enum rnc_key {
#define KEY(name, key) RNC_KEY_##name,
#include "otlp/attributes.def"
#undef KEY
    RNC_KEY_COUNT
};

extern const rnc_slice rnc_keys[RNC_KEY_COUNT];

enum rnc_span_status { RNC_STATUS_UNSET, RNC_STATUS_OK, RNC_STATUS_ERROR };

/* Of Span.flags: the low byte is the W3C trace flags; bit 8 says that bit 9, "the parent is in
 * another process", is known. */
enum rnc_span_flags { RNC_FLAG_SAMPLED = 0x01, RNC_FLAG_PARENT_LOCAL = 0x100 };

#define RNC_SPAN_KIND_INTERNAL 1

typedef struct rnc_span_head {
    uint64_t trace_id[2];
    uint64_t span_id;
    uint64_t parent_id;
    uint64_t start; /* ns since the epoch */
    uint64_t end;
    rnc_slice name;
    rnc_slice trace_state; /* printable ASCII */
    uint32_t flags;
} rnc_span_head;

#define RNC_WRITER_DEPTH 8

typedef struct rnc_writer rnc_writer;

typedef struct rnc_writer_ops {
    void (*begin)(rnc_writer *writer, const rnc_span_head *head);
    void (*text)(rnc_writer *writer, rnc_slice key, rnc_slice value);
    void (*integer)(rnc_writer *writer, rnc_slice key, int64_t value);
    void (*number)(rnc_writer *writer, rnc_slice key, double value);
    void (*boolean)(rnc_writer *writer, rnc_slice key, bool value);
    void (*array_begin)(rnc_writer *writer, rnc_slice key);
    void (*array_item)(rnc_writer *writer, rnc_slice value);
    void (*array_end)(rnc_writer *writer);
    void (*event_begin)(rnc_writer *writer, rnc_slice name, uint64_t time);
    void (*event_end)(rnc_writer *writer);
    void (*status)(rnc_writer *writer, int code, rnc_slice message);
    void (*end)(rnc_writer *writer, uint32_t dropped_attributes, uint32_t dropped_events);
} rnc_writer_ops;

struct rnc_writer {
    const rnc_writer_ops *ops;
    rnc_buffer *out;
    size_t open[RNC_WRITER_DEPTH]; /* proto: where the lengths of the open messages stand */
    uint32_t depth;
    bool attributes;              /* json: the attribute list of the span or event is open */
    bool events;                  /* json: the event list is open */
    bool items;                   /* json: the open array has an item */
    const rnc_writer_ops *format; /* limited: what it stands before */
    uint32_t attribute_limit;     /* limited: attributes of a span at most */
    uint32_t span_attributes;     /* limited: of the open span, the dropped ones too */
    bool in_event;                /* limited: an event is open */
    bool in_dropped_array;        /* limited: the open array is not written */
};

extern const rnc_writer_ops rnc_proto_writer;
extern const rnc_writer_ops rnc_json_writer;
extern const rnc_writer_ops rnc_limited_writer; /* before one of the others: its `format` */

#endif
