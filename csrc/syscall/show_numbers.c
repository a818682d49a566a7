/* Kinds that show one number by itself, and the number formats under all of them. */
#include <stdarg.h>
#include <stdio.h>

#include "syscall/show.h"

enum { DIGITS = 24, DIRFD_CWD = -100, PAGE = 4096 };

/* Writes the digits of value so that they end at `end`; returns where they start. */
static char *digits(char *end, uint64_t value, unsigned base) {
    do
        *--end = "0123456789abcdef"[value % base];
    while (value /= base);
    return end;
}

void rnc_put_unsigned(rnc_buffer *out, uint64_t value) {
    char text[DIGITS], *end = text + DIGITS, *start = digits(end, value, 10);
    rnc_buffer_append(out, start, (size_t)(end - start));
}

void rnc_put_signed(rnc_buffer *out, int64_t value) {
    if (value < 0)
        rnc_buffer_char(out, '-');
    rnc_put_unsigned(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void rnc_put_hex(rnc_buffer *out, uint64_t value) {
    if (!value)
        return rnc_buffer_char(out, '0');
    char text[DIGITS], *end = text + DIGITS, *start = digits(end, value, 16);
    *--start = 'x';
    *--start = '0';
    rnc_buffer_append(out, start, (size_t)(end - start));
}

void rnc_put_octal(rnc_buffer *out, uint64_t value) {
    char text[DIGITS], *end = text + DIGITS, *start = digits(end, value, 8);
    if (value)
        *--start = '0';
    while (end - start < 3)
        *--start = '0';
    rnc_buffer_append(out, start, (size_t)(end - start));
}

void rnc_put_pointer(rnc_buffer *out, uint64_t value) {
    if (value)
        rnc_put_hex(out, value);
    else
        rnc_buffer_text(out, "NULL");
}

void rnc_put_signal(rnc_buffer *out, int32_t signal) {
    const char *name = rnc_signal_name(signal);
    if (name)
        rnc_buffer_text(out, name);
    else
        rnc_put_signed(out, signal);
}

void rnc_put_format(rnc_buffer *out, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size > 0)
        rnc_buffer_append(out, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

void rnc_show_nothing(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {}

void rnc_show_int(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_signed(out, (int32_t)rnc_decode_u32(call, index));
}

void rnc_show_uint(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_unsigned(out, rnc_decode_u32(call, index));
}

void rnc_show_long(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_signed(out, rnc_decode_signed(call, index));
}

void rnc_show_ulong(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_unsigned(out, rnc_decode_word(call, index));
}

void rnc_show_hex(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_hex(out, rnc_decode_word(call, index));
}

void rnc_show_pointer(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_pointer(out, rnc_decode_word(call, index));
}

void rnc_show_pages(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_hex(out, rnc_decode_word(call, index) * PAGE);
}

static uint64_t halves(const rnc_decode_call *call, unsigned low, unsigned high) {
    return (uint64_t)rnc_decode_u32(call, high) << 32 | rnc_decode_u32(call, low);
}

void rnc_show_split(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_signed(out, (int64_t)halves(call, index, index + 1));
}

void rnc_show_usplit(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_unsigned(out, halves(call, index, index + 1));
}

void rnc_show_split_big(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_signed(out, (int64_t)halves(call, index + 1, index));
}

void rnc_show_dirfd(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    int32_t fd = (int32_t)rnc_decode_u32(call, index);
    if (fd == DIRFD_CWD)
        rnc_buffer_text(out, "AT_FDCWD");
    else
        rnc_put_signed(out, fd);
}

void rnc_show_uid(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    uint32_t id = rnc_decode_u32(call, index);
    rnc_put_signed(out, id == UINT32_MAX ? -1 : (int64_t)id);
}

void rnc_show_signal(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_signal(out, (int32_t)rnc_decode_u32(call, index));
}

void rnc_show_ipc_key(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    uint32_t key = rnc_decode_u32(call, index);
    if (key)
        rnc_put_hex(out, key);
    else
        rnc_buffer_text(out, "IPC_PRIVATE");
}

void rnc_show_device(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    uint32_t device = rnc_decode_u32(call, index); /* the kernel's packing of major and minor */
    rnc_buffer_text(out, "makedev(");
    rnc_put_hex(out, device >> 8 & 0xfff);
    rnc_buffer_text(out, ", ");
    rnc_put_hex(out, (device & 0xff) | (device >> 12 & 0xfff00));
    rnc_buffer_char(out, ')');
}
