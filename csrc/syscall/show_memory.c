/* Kinds that show what was copied from the program's memory. */
#include "syscall/show.h"

/* Captures that run past the payload are not there. */
const rnc_capture *rnc_record_capture(const rnc_record *record, unsigned index, unsigned item) {
    const char *at = rnc_record_payload(record);
    size_t left = record->payload_size;
    while (left >= sizeof(rnc_capture)) {
        const rnc_capture *capture = (const rnc_capture *)at;
        size_t size = sizeof *capture + capture->size;
        if (size > left)
            return NULL;
        if (capture->arg == index && capture->item == item)
            return capture->status == RNC_CAPTURE_FAULT ? NULL : capture;
        size = (size + 7) & ~(size_t)7;
        if (size >= left)
            return NULL;
        at += size;
        left -= size;
    }
    return NULL;
}

/* Digits that follow would be read as part of a short octal escape. */
static char *put_octal_escape(char *at, unsigned char byte, bool digit_follows) {
    *at++ = '\\';
    if (digit_follows || byte >= 0100)
        *at++ = (char)('0' + (byte >> 6));
    if (digit_follows || byte >= 010)
        *at++ = (char)('0' + (byte >> 3 & 7));
    *at++ = (char)('0' + (byte & 7));
    return at;
}

static char short_escape(unsigned char byte) {
    switch (byte) {
    case '"':
    case '\\':
        return (char)byte;
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\v':
        return 'v';
    case '\f':
        return 'f';
    case '\r':
        return 'r';
    default:
        return 0;
    }
}

/* Closes what was written from room up to at. */
static void end_quote(rnc_buffer *out, const char *room, char *at, bool cut) {
    *at++ = '"';
    if (cut) {
        memcpy(at, "...", 3);
        at += 3;
    }
    out->size += (size_t)(at - room);
}

void rnc_put_quoted(rnc_buffer *out, const char *bytes, size_t size, bool cut) {
    char *room = rnc_buffer_room(out, size * 4 + 8);
    if (!room)
        return;
    char *at = room;
    *at++ = '"';
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        char escape = short_escape(byte);
        if (escape) {
            *at++ = '\\';
            *at++ = escape;
        } else if (byte >= ' ' && byte < 0x7f) {
            *at++ = (char)byte;
        } else {
            bool digit_follows = i + 1 < size && bytes[i + 1] >= '0' && bytes[i + 1] <= '7';
            at = put_octal_escape(at, byte, digit_follows);
        }
    }
    end_quote(out, room, at, cut);
}

static void put_hex_quoted(rnc_buffer *out, const char *bytes, size_t size, bool cut) {
    char *room = rnc_buffer_room(out, size * 4 + 8);
    if (!room)
        return;
    char *at = room;
    *at++ = '"';
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        *at++ = '\\';
        *at++ = 'x';
        *at++ = "0123456789abcdef"[byte >> 4];
        *at++ = "0123456789abcdef"[byte & 15];
    }
    end_quote(out, room, at, cut);
}

const rnc_capture *rnc_captured(const rnc_decode_call *call, unsigned index, unsigned item) {
    return rnc_record_capture(call->record, index, item);
}

const void *rnc_captured_struct(const rnc_decode_call *call, unsigned index, unsigned item,
                                size_t size) {
    const rnc_capture *capture = rnc_captured(call, index, item);
    return capture && capture->size >= size ? capture + 1 : NULL;
}

static bool is_plain(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if ((byte < ' ' || byte >= 0x7f) && (!short_escape(byte)))
            return false;
    }
    return true;
}

void rnc_put_string(rnc_buffer *out, const rnc_decode_call *call, const char *bytes, size_t size,
                    bool cut) {
    uint32_t hex = call->style.hex_strings;
    if (hex > 1 || (hex && !is_plain(bytes, size)))
        put_hex_quoted(out, bytes, size, cut);
    else
        rnc_put_quoted(out, bytes, size, cut);
}

void rnc_put_item(rnc_buffer *out, const rnc_decode_call *call, unsigned index, unsigned item,
                  uint64_t address, uint32_t limit) {
    const rnc_capture *capture = rnc_captured(call, index, item);
    if (!capture)
        return rnc_put_pointer(out, address);
    bool cut = capture->status == RNC_CAPTURE_CUT || capture->size > limit;
    rnc_put_string(out, call, (const char *)(capture + 1),
                   capture->size < limit ? capture->size : limit, cut);
}

void rnc_show_path(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_item(out, call, index, 0, rnc_decode_word(call, index), UINT32_MAX);
}

void rnc_show_text(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_item(out, call, index, 0, rnc_decode_word(call, index), call->style.string_limit);
}

void rnc_show_bytes_hex(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_decode_call hex = *call;
    hex.style.hex_strings = 2;
    rnc_show_text(out, &hex, index);
}

void rnc_show_string_out(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const rnc_capture *capture = rnc_captured(call, index, 0);
    if (!capture)
        return rnc_show_pointer(out, call, index);
    const char *bytes = (const char *)(capture + 1);
    const char *end = memchr(bytes, 0, capture->size);
    rnc_put_string(out, call, bytes, end ? (size_t)(end - bytes) : capture->size,
                   capture->status == RNC_CAPTURE_CUT && !end);
}
