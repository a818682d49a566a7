/* Calls whose later arguments depend on an earlier one: each kind shows the rest of its call. */
#include "syscall/flags.h"
#include "syscall/show.h"

static void comma(rnc_buffer *out) {
    rnc_buffer_append(out, ", ", 2);
}

/* One argument by a letter of tables/forms.def. */
static void put_by_letter(rnc_buffer *out, const rnc_decode_call *call, unsigned index,
                          char letter) {
    switch (letter) {
    case 'd':
        rnc_show_long(out, call, index);
        break;
    case 'u':
        rnc_show_uint(out, call, index);
        break;
    case 'p':
        rnc_show_pointer(out, call, index);
        break;
    case 's':
        rnc_show_signal(out, call, index);
        break;
    case 'f':
        rnc_put_set(out, RNC_ARG_DESCRIPTOR_BITS, rnc_decode_u32(call, index));
        break;
    case 'o':
        rnc_show_open_flags(out, call, index);
        break;
    case 'l':
        rnc_put_set(out, RNC_ARG_LOCK_TYPE, rnc_decode_u32(call, index));
        break;
    case 'e':
        rnc_put_set(out, RNC_ARG_SEALS, rnc_decode_u32(call, index));
        break;
    default:
        rnc_show_hex(out, call, index);
    }
}

/* The letters of a command, or `otherwise`. */
static const char *letters_of(int set, uint32_t command, const char *otherwise) {
    static const struct {
        int set;
        const char *name;
        const char *letters;
    } forms[] = {
#define FORM(set, name, letters) {RNC_ARG_##set, #name, letters},
#include "syscall/tables/forms.def"
#undef FORM
    };
    const char *name = rnc_set_name(set, command);
    for (size_t i = 0; name && i < RNC_COUNT(forms); i++)
        if (forms[i].set == set && !strcmp(forms[i].name, name))
            return forms[i].letters;
    return otherwise;
}

/* A command and what follows it. */
static void put_command(rnc_buffer *out, const rnc_decode_call *call, unsigned index, int set,
                        const char *otherwise) {
    uint32_t command = rnc_decode_u32(call, index);
    const char *letters = letters_of(set, command, otherwise);
    rnc_put_set(out, set, command);
    for (unsigned i = 0; letters[i]; i++) {
        comma(out);
        put_by_letter(out, call, index + 1 + i, letters[i]);
    }
}

void rnc_show_fcntl_args(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_command(out, call, index, RNC_ARG_FCNTL_CMD, "x");
}

void rnc_show_prctl_args(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_command(out, call, index, RNC_ARG_PRCTL, "xxxx");
}

/* "0x8001 (flags O_WRONLY|O_LARGEFILE)": the number, and what it means. */
static void put_meaning(rnc_buffer *out, const char *label, const rnc_decode_call *call,
                        rnc_show *show) {
    rnc_buffer_text(out, label);
    show(out, call, 0);
    rnc_buffer_char(out, ')');
}

static void show_descriptor_bits(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_by_letter(out, call, index, 'f');
}
static void show_lock_type(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_by_letter(out, call, index, 'l');
}
static void show_seals(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_by_letter(out, call, index, 'e');
}

/* The commands whose result is more than a number. */
enum fcntl_command { GETFD = 1, GETFL = 3, GETSIG = 11, GETLEASE = 1025, GET_SEALS = 1034 };

void rnc_show_fcntl_result(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    uint32_t value = rnc_decode_u32(call, index);
    switch (call->record->syscall.args[1]) {
    case GETFL:
        rnc_put_hex(out, value);
        return put_meaning(out, " (flags ", call, rnc_show_open_flags);
    case GETFD:
        rnc_put_hex(out, value);
        return value ? put_meaning(out, " (flags ", call, show_descriptor_bits) : (void)0;
    case GETLEASE:
        rnc_put_hex(out, value);
        return put_meaning(out, " (", call, show_lock_type);
    case GET_SEALS:
        rnc_put_hex(out, value);
        return value ? put_meaning(out, " (seals ", call, show_seals) : (void)0;
    case GETSIG:
        rnc_put_unsigned(out, value);
        return value ? put_meaning(out, " (", call, rnc_show_signal) : (void)0;
    default:
        rnc_show_long(out, call, index);
    }
}

/* FUTEX_WAKE_OP's operation: what to do to the second word, and when to wake its waiters. */
static void put_wake_op(rnc_buffer *out, uint32_t value) {
    static const char *const operations[] = {"SET", "ADD", "OR", "ANDN", "XOR"};
    static const char *const conditions[] = {"EQ", "NE", "LT", "LE", "GT", "GE"};
    unsigned operation = value >> 28 & 7, condition = value >> 24 & 15;
    if (value >> 31)
        rnc_buffer_text(out, "FUTEX_OP_OPARG_SHIFT<<28|");
    if (operation < RNC_COUNT(operations)) {
        rnc_buffer_text(out, "FUTEX_OP_");
        rnc_buffer_text(out, operations[operation]);
    } else {
        rnc_put_hex(out, operation);
        rnc_buffer_text(out, " /* FUTEX_OP_??? */");
    }
    rnc_buffer_text(out, "<<28|");
    rnc_put_hex(out, value >> 12 & 0xfff);
    rnc_buffer_text(out, "<<12|");
    if (condition < RNC_COUNT(conditions)) {
        rnc_buffer_text(out, "FUTEX_OP_CMP_");
        rnc_buffer_text(out, conditions[condition]);
    } else {
        rnc_put_hex(out, condition);
        rnc_buffer_text(out, " /* FUTEX_OP_CMP_??? */");
    }
    rnc_buffer_text(out, "<<24|");
    rnc_put_hex(out, value & 0xfff);
}

static void put_futex_command(rnc_buffer *out, uint32_t word) {
    enum { PRIVATE = 128, REALTIME = 256 };
    uint32_t command = word & ~(uint32_t)(PRIVATE | REALTIME);
    const char *name = rnc_set_name(RNC_ARG_FUTEX_CMD, command);
    if (!name)
        return rnc_put_set(out, RNC_ARG_FUTEX_CMD, word);
    rnc_buffer_text(out, name);
    if (word & PRIVATE)
        rnc_buffer_text(out, "_PRIVATE");
    if (word & REALTIME)
        rnc_buffer_text(out, "|FUTEX_CLOCK_REALTIME");
}

/* The operands of each command, in FUTEX_CMD's order: v value, t timeout, n second count, w second
 * word, 3 third value, b bitset, o wake operation; h and x, for a command with no name, the bare
 * numbers. */
static void put_futex_operand(rnc_buffer *out, const rnc_decode_call *call, unsigned word,
                              char operand) {
    uint32_t third = rnc_decode_u32(call, word + 5);
    switch (operand) {
    case 'v':
        rnc_show_uint(out, call, word + 2);
        break;
    case 't':
        rnc_show_pointer(out, call, word + 3);
        break;
    case 'n':
        rnc_show_uint(out, call, word + 3);
        break;
    case 'w':
        rnc_show_pointer(out, call, word + 4);
        break;
    case 'h':
        rnc_show_hex(out, call, word + 3);
        break;
    case 'x':
        rnc_put_hex(out, third);
        break;
    case '3':
        rnc_put_unsigned(out, third);
        break;
    case 'o':
        put_wake_op(out, third);
        break;
    case 'b':
        if (third == UINT32_MAX)
            rnc_buffer_text(out, "FUTEX_BITSET_MATCH_ANY");
        else
            rnc_put_hex(out, third);
    }
}

void rnc_show_futex_args(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    static const char *const operands[] = {
        "vt", "v", "v", "vnw", "vnw3", "vnwo", "t", "", "", "vtb", "vb", "vtw", "vnw3", "t",
    };
    uint32_t word = rnc_decode_u32(call, index), command = word & 127;
    put_futex_command(out, word);
    for (const char *at = command < RNC_COUNT(operands) ? operands[command] : "vhwx"; *at; at++) {
        comma(out);
        put_futex_operand(out, call, index - 1, *at);
    }
}

static void put_clone_flags(rnc_buffer *out, uint64_t flags) {
    enum { SIGNAL_MASK = 0xff };
    rnc_parts parts = {out, flags & ~(uint64_t)SIGNAL_MASK, 0};
    int32_t signal = (int32_t)(flags & SIGNAL_MASK);
    rnc_parts_flags(&parts, RNC_ARG_CLONE_BITS);
    if (parts.left || (!parts.put && !signal))
        rnc_parts_end(&parts, RNC_ARG_CLONE_BITS);
    if (!signal)
        return;
    rnc_parts_join(&parts);
    rnc_put_signal(out, signal);
}

void rnc_show_clone_args(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    enum { PIDFD = 0x1000, PARENT_SETTID = 0x100000, SETTLS = 0x80000 };
    enum { CHILD_TID = 0x1000000 | 0x200000 };
    bool tls_last = call->body->abi == RNC_ABI_X86_64 || call->body->abi == RNC_ABI_X32;
    uint64_t flags = rnc_decode_word(call, index);
    rnc_buffer_text(out, "child_stack=");
    rnc_show_pointer(out, call, index + 1);
    rnc_buffer_text(out, ", flags=");
    put_clone_flags(out, flags);
    if (flags & (PIDFD | PARENT_SETTID)) {
        rnc_buffer_text(out, ", parent_tid=");
        rnc_show_pointer(out, call, index + 2);
    }
    if (flags & SETTLS) {
        rnc_buffer_text(out, ", tls=");
        rnc_put_hex(out, rnc_decode_word(call, index + (tls_last ? 4 : 3)));
    }
    if (flags & CHILD_TID) {
        rnc_buffer_text(out, ", child_tidptr=");
        rnc_show_pointer(out, call, index + (tls_last ? 3 : 4));
    }
}

void rnc_show_mremap_args(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    enum { MAYMOVE_FIXED = 3 };
    uint64_t flags = rnc_decode_word(call, index);
    rnc_put_set(out, RNC_ARG_MREMAP, flags);
    if ((flags & MAYMOVE_FIXED) != MAYMOVE_FIXED)
        return;
    comma(out);
    rnc_show_pointer(out, call, index + 1);
}
