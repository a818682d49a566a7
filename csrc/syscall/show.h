/* How one argument is shown: a function per kind, named in tables/kinds.def. Inside syscall/ only.
 */
#ifndef RNC_SYSCALL_SHOW_H
#define RNC_SYSCALL_SHOW_H

#include "syscall/tables.h"

typedef struct rnc_decode_call {
    const rnc_record *record;
    const rnc_syscall_body *body;
    const rnc_signature *signature;
    uint32_t string_limit;
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

/* Bytes in quotes with C escapes; hex: every byte as \x12. cut: "..." follows. */
void rnc_put_quoted(rnc_buffer *out, const char *bytes, size_t size, bool cut);

#endif
