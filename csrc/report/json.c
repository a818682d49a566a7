/* JSON lines: one object a record, as renacer/report/trace.schema.json describes it. Only ASCII is
 * written. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

#include "report/rows.h"
#include "trace/utf8.h"

/* `,"key":`, or without the comma at the start of an object. */
static void put_key(rnc_buffer *out, const char *key) {
    if (out->size && out->data[out->size - 1] != '{')
        rnc_buffer_char(out, ',');
    rnc_buffer_char(out, '"');
    rnc_buffer_text(out, key);
    rnc_buffer_text(out, "\":");
}

static void put_integer(rnc_buffer *out, const char *key, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    put_key(out, key);
    rnc_buffer_text(out, text);
}

static void put_escaped(rnc_buffer *out, uint32_t character) {
    char text[16];
    if (character == '"' || character == '\\')
        snprintf(text, sizeof text, "\\%c", (char)character);
    else if (character >= ' ' && character < 0x7f)
        snprintf(text, sizeof text, "%c", (char)character);
    else if (character < 0x10000)
        snprintf(text, sizeof text, "\\u%04" PRIx32, character);
    else
        snprintf(text, sizeof text, "\\u%04" PRIx32 "\\u%04" PRIx32,
                 0xd800 + ((character - 0x10000) >> 10), 0xdc00 + (character & 0x3ff));
    rnc_buffer_text(out, text);
}

/* Well-formed UTF-8 only. */
static void put_string(rnc_buffer *out, const char *bytes, size_t size) {
    bool valid;
    rnc_buffer_char(out, '"');
    for (size_t i = 0; i < size;) {
        size_t piece = rnc_utf8_piece((const uint8_t *)bytes + i, size - i, &valid);
        put_escaped(out, rnc_utf8_character((const uint8_t *)bytes + i, piece));
        i += piece;
    }
    rnc_buffer_char(out, '"');
}

static void put_text(rnc_buffer *out, const char *key, const char *text) {
    put_key(out, key);
    put_string(out, text, strlen(text));
}

static bool is_utf8(const char *bytes, size_t size) {
    bool valid = true;
    for (size_t i = 0; i < size && valid;)
        i += rnc_utf8_piece((const uint8_t *)bytes + i, size - i, &valid);
    return valid;
}

/* Bytes that are no UTF-8 are given in hexadecimal, so that none is lost or taken for another. */
static void put_bytes(rnc_buffer *out, const rnc_capture *capture) {
    const char *bytes = (const char *)(capture + 1);
    if (is_utf8(bytes, capture->size)) {
        put_key(out, "string");
        put_string(out, bytes, capture->size);
    } else {
        put_key(out, "hex");
        rnc_buffer_char(out, '"');
        for (size_t i = 0; i < capture->size; i++) {
            rnc_buffer_char(out, "0123456789abcdef"[(uint8_t)bytes[i] >> 4]);
            rnc_buffer_char(out, "0123456789abcdef"[bytes[i] & 15]);
        }
        rnc_buffer_char(out, '"');
    }
    put_key(out, "cut");
    rnc_buffer_text(out, capture->status == RNC_CAPTURE_CUT ? "true" : "false");
}

static bool is_decimal(const char *text, size_t size) {
    size_t i = size && text[0] == '-';
    bool leading_zero = size - i > 1 && text[i] == '0';
    for (size_t at = i; at < size; at++)
        if (!isdigit((unsigned char)text[at]))
            return false;
    return size > i && !leading_zero;
}

static void put_flags(rnc_buffer *out, const char *text, size_t size) {
    char separator = '[';
    put_key(out, "flags");
    if (size == 1 && text[0] == '0')
        return rnc_buffer_text(out, "[]");
    while (size) {
        const char *bar = memchr(text, '|', size);
        size_t piece = bar ? (size_t)(bar - text) : size;
        rnc_buffer_char(out, separator);
        put_string(out, text, piece);
        separator = ',';
        text += piece + (bar != NULL);
        size -= piece + (bar != NULL);
    }
    rnc_buffer_char(out, ']');
}

static bool is_string(int kind) {
    int what = rnc_arg_capture(kind);
    return what >= RNC_CAPTURE_PATH && what <= RNC_CAPTURE_BYTES_OUT;
}

/* One argument: its kind, its value as an integer, and what it means. `text` is how it is shown. */
static void put_arg(rnc_buffer *out, const rnc_record *record, unsigned index,
                    const rnc_buffer *text) {
    int kind = rnc_syscall_signature(record->syscall.row)->args[index];
    const rnc_capture *capture = is_string(kind) ? rnc_record_capture(record, index, 0) : NULL;
    char value[24];
    rnc_buffer_char(out, '{');
    put_text(out, "kind", rnc_kind_name(kind));
    put_key(out, "value");
    if (is_decimal(text->data, text->size)) {
        rnc_buffer_append(out, text->data, text->size);
    } else {
        snprintf(value, sizeof value, "%" PRIu64, record->syscall.args[index]);
        rnc_buffer_text(out, value);
        if (!capture) {
            put_key(out, "text");
            put_string(out, text->data, text->size);
        }
    }
    if (capture)
        put_bytes(out, capture);
    else if (rnc_kind_is_flags(kind))
        put_flags(out, text->data, text->size);
    rnc_buffer_char(out, '}');
}

static void put_args(rnc_buffer *out, const rnc_record *record, const rnc_decode_style *style) {
    rnc_buffer text = {0};
    const char *comma = "";
    put_key(out, "args");
    rnc_buffer_char(out, '[');
    for (unsigned i = 0; i < rnc_syscall_signature(record->syscall.row)->count; i++) {
        text.size = 0;
        rnc_decode_arg(&text, record, style, i);
        if (!text.size)
            continue;
        rnc_buffer_text(out, comma);
        put_arg(out, record, i, &text);
        comma = ",";
    }
    rnc_buffer_char(out, ']');
    out->failed |= text.failed;
    rnc_buffer_free(&text);
}

static void put_result(rnc_buffer *out, const rnc_syscall_body *call) {
    put_key(out, "result");
    if (call->flags & RNC_SYSCALL_UNFINISHED || rnc_syscall_signature(call->row)->never_returns)
        return rnc_buffer_text(out, "null");
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, call->result);
    rnc_buffer_text(out, text);
    if (!(call->flags & RNC_SYSCALL_FAILED))
        return;
    const char *name = rnc_errno_name((int)-call->result);
    if (name)
        put_text(out, "error", name);
    else
        put_integer(out, "error", -call->result);
}

static void put_call(rnc_buffer *out, const rnc_record *record, const rnc_text_config *config) {
    rnc_decode_style style = {config->string_limit, config->verbose, 0};
    char scratch[24];
    put_integer(out, "tid", record->syscall.tid);
    put_integer(out, "duration_ns", (int64_t)(record->end - record->start));
    put_text(out, "name", rnc_syscall_name(&record->syscall, scratch));
    put_integer(out, "number", record->syscall.number);
    put_args(out, record, &style);
    put_result(out, &record->syscall);
}

static void put_signal(rnc_buffer *out, const char *key, int number) {
    const char *name = rnc_signal_name(number);
    if (name)
        put_text(out, key, name);
    else
        put_integer(out, key, number);
}

static void put_row(rnc_buffer *out, const rnc_record *record, const rnc_text_config *config) {
    static const char *const types[] = {
        [RNC_SYSCALL] = "syscall", [RNC_SIGNAL] = "signal", [RNC_PROCESS_EXIT] = "exit"};
    bool exit = record->kind == RNC_PROCESS_EXIT;
    rnc_buffer_char(out, '{');
    put_text(out, "type", types[record->kind]);
    put_integer(out, "time_ns", rnc_row_time(config, exit ? record->end : record->start));
    put_integer(out, "pid",
                exit                         ? record->process.pid
                : record->kind == RNC_SIGNAL ? record->signal.pid
                                             : record->syscall.pid);
    if (record->kind == RNC_SYSCALL) {
        put_call(out, record, config);
    } else if (record->kind == RNC_SIGNAL) {
        put_integer(out, "tid", record->signal.tid);
        put_signal(out, "signal", record->signal.signal);
        put_integer(out, "code", record->signal.code);
        put_key(out, "stopped");
        rnc_buffer_text(out, record->signal.stopped ? "true" : "false");
    } else if (WIFSIGNALED(record->process.wait_status)) {
        put_signal(out, "signal", WTERMSIG(record->process.wait_status));
    } else {
        put_integer(out, "status", WEXITSTATUS(record->process.wait_status));
    }
    rnc_buffer_text(out, "}\n");
}

rnc_sink *rnc_json_new(const rnc_text_config *config) {
    return rnc_rows_new(config, put_row, "");
}
