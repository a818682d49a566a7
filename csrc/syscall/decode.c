/* A syscall record as text: name, arguments, result. */
#include "syscall/show.h"

static rnc_decode_call call_of(const rnc_record *record, const rnc_decode_style *style) {
    const rnc_syscall_body *body = &record->syscall;
    bool narrow = body->abi == RNC_ABI_I386 || body->abi == RNC_ABI_X32 || body->abi == RNC_ABI_ARM;
    return (rnc_decode_call){record, body, rnc_syscall_signature(body->row), *style, narrow};
}

static void show(rnc_buffer *out, const rnc_decode_call *call, unsigned index, int kind) {
    static rnc_show *const shows[] = {
#define KIND(name, capture, show) rnc_show_##show,
#include "syscall/tables/kinds.def"
#undef KIND
    };
    shows[kind](out, call, index);
}

const char *rnc_syscall_name(const rnc_syscall_body *call, char scratch[24]) {
    const rnc_syscall_row *row = rnc_syscall(call->row);
    if (row)
        return row->name;
    rnc_buffer text = {scratch, 0, 24, false};
    rnc_buffer_text(&text, call->number ? "syscall_" : "syscall_0x");
    rnc_put_hex(&text, (uint32_t)call->number);
    rnc_buffer_char(&text, '\0');
    return scratch;
}

void rnc_decode_args(rnc_buffer *out, const rnc_record *record, const rnc_decode_style *style) {
    rnc_decode_call call = call_of(record, style);
    for (unsigned index = 0; index < call.signature->count; index++) {
        size_t before = out->size;
        if (index)
            rnc_buffer_append(out, ", ", 2);
        size_t empty = out->size;
        show(out, &call, index, call.signature->args[index]);
        if (out->size == empty)
            out->size = before;
    }
}

void rnc_decode_arg(rnc_buffer *out, const rnc_record *record, const rnc_decode_style *style,
                    unsigned index) {
    rnc_decode_call call = call_of(record, style);
    if (index < call.signature->count)
        show(out, &call, index, call.signature->args[index]);
}

/* In the C library's words, which are strace's too. */
static void put_error(rnc_buffer *out, int error) {
    const char *name = rnc_errno_name(error);
    rnc_buffer_text(out, "-1 ");
    if (!name) {
        rnc_buffer_text(out, "(errno ");
        rnc_put_signed(out, error);
        return rnc_buffer_char(out, ')');
    }
    char words[128] = "";
    (void)!strerror_r(error, words, sizeof words);
    rnc_buffer_text(out, name);
    rnc_buffer_text(out, " (");
    rnc_buffer_text(out, words);
    rnc_buffer_char(out, ')');
}

static bool put_restart(rnc_buffer *out, int64_t error) {
    switch (error) {
#define ERRNO(name, value)
#define RESTART(name, value, text)                                                                 \
    case value:                                                                                    \
        rnc_buffer_text(out, "? " #name " (" text ")");                                            \
        return true;
#include "syscall/tables/errnos.def"
#undef RESTART
#undef ERRNO
    default:
        return false;
    }
}

/* The result through the kind of an argument: a call whose only argument it is. */
static void put_value(rnc_buffer *out, const rnc_decode_call *call) {
    rnc_syscall_body body = *call->body;
    rnc_decode_call result = *call;
    body.args[0] = (uint64_t)body.result;
    result.body = &body;
    int kind = call->signature->result;
    if (kind == RNC_ARG_PTR)
        rnc_show_hex(out, &result, 0);
    else if (kind == RNC_ARG_INT || kind == RNC_ARG_FD || kind == RNC_ARG_PID ||
             kind == RNC_ARG_SIZE)
        rnc_show_long(out, &result, 0);
    else
        show(out, &result, 0, kind);
}

void rnc_show_ready(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_show_long(out, call, index);
    if (!call->body->args[index])
        rnc_buffer_text(out, " (Timeout)");
    else
        rnc_put_ready(out, call);
}

void rnc_decode_result(rnc_buffer *out, const rnc_record *record) {
    rnc_decode_call call = call_of(record, &(rnc_decode_style){0});
    unsigned flags = call.body->flags;
    if (flags & RNC_SYSCALL_UNFINISHED || call.signature->never_returns)
        rnc_buffer_char(out, '?');
    else if (flags & RNC_SYSCALL_RESTART && put_restart(out, -call.body->result))
        return;
    else if (flags & (RNC_SYSCALL_FAILED | RNC_SYSCALL_RESTART))
        put_error(out, (int)-call.body->result);
    else
        put_value(out, &call);
}
