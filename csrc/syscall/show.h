/* How one argument is shown: a function per kind, named in tables/kinds.def. Inside syscall/ only.
 */
#ifndef RNC_SYSCALL_SHOW_H
#define RNC_SYSCALL_SHOW_H

#include "syscall/tables.h"

typedef struct rnc_decode_call {
    const rnc_record *record;
    const rnc_syscall_body *body;
    const rnc_signature *signature;
    rnc_decode_style style;
    bool narrow; /* a 32-bit program: its words are 32 bits wide */
} rnc_decode_call;

/* Shows argument `index`. What appends nothing is left out, its comma too. */
typedef void rnc_show(rnc_buffer *out, const rnc_decode_call *call, unsigned index);

#define KIND(name, capture, show) rnc_show rnc_show_##show;
#include "syscall/tables/kinds.def"
#undef KIND

/* An argument as the program meant it: its word, extended with zeros or with its sign. */
static inline uint64_t rnc_decode_word(const rnc_decode_call *call, unsigned index) {
    uint64_t value = call->body->args[index];
    return call->narrow ? (uint32_t)value : value;
}

static inline int64_t rnc_decode_signed(const rnc_decode_call *call, unsigned index) {
    uint64_t value = call->body->args[index];
    return call->narrow ? (int32_t)value : (int64_t)value;
}

static inline uint32_t rnc_decode_u32(const rnc_decode_call *call, unsigned index) {
    return (uint32_t)call->body->args[index];
}

/* Numbers as strace writes them: hexadecimal 0 is "0", octal has at least three digits. */
void rnc_put_signed(rnc_buffer *out, int64_t value);
void rnc_put_unsigned(rnc_buffer *out, uint64_t value);
void rnc_put_hex(rnc_buffer *out, uint64_t value);
void rnc_put_octal(rnc_buffer *out, uint64_t value);
void rnc_put_pointer(rnc_buffer *out, uint64_t value); /* 0 is NULL */
void rnc_put_signal(rnc_buffer *out, int32_t signal);  /* 0 is "0" */

/* Short text of numbers and names, as printf makes it. */
__attribute__((format(printf, 2, 3))) void rnc_put_format(rnc_buffer *out, const char *format, ...);
void rnc_put_file_mode(rnc_buffer *out, uint32_t mode); /* S_IFREG|0644 */

/* rnc_record_capture of the call's record. */
const rnc_capture *rnc_captured(const rnc_decode_call *call, unsigned index, unsigned item);
/* Its bytes, at least `size` of them, or NULL. */
const void *rnc_captured_struct(const rnc_decode_call *call, unsigned index, unsigned item,
                                size_t size);
/* The string of an item, cut to limit, or a pointer where it was not captured. */
void rnc_put_item(rnc_buffer *out, const rnc_decode_call *call, unsigned index, unsigned item,
                  uint64_t address, uint32_t limit);

/* What became ready in the array of a poll: " ([{fd=3, revents=POLLIN}])", or nothing. */
void rnc_put_ready(rnc_buffer *out, const rnc_decode_call *call);

/* Bytes in quotes, as the style says: with C escapes or in hexadecimal. */
void rnc_put_string(rnc_buffer *out, const rnc_decode_call *call, const char *bytes, size_t size,
                    bool cut);

/* Bytes in quotes with C escapes; hex: every byte as \x12. cut: "..." follows. */
void rnc_put_quoted(rnc_buffer *out, const char *bytes, size_t size, bool cut);

#endif
