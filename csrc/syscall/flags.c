/* Sets of named numbers and how they are written. */
#include "syscall/flags.h"

#include "syscall/show.h"

#if RNC_AARCH64
#define BY_ARCH(x86, aarch64) aarch64
#else
#define BY_ARCH(x86, aarch64) x86
#endif

typedef struct flag {
    const char *name;
    uint32_t value;
} flag;

typedef struct flag_set {
    const flag *flags;
    uint16_t count;
    uint16_t style;
    const char *unknown;
} flag_set;

#define FLAG(name, value)              {#name, (uint32_t)(value)},
#define SET(kind, style, unknown, ...) static const flag flags_##kind[] = {__VA_ARGS__};
#include "syscall/tables/flags/all.def"
#undef SET
#undef FLAG

static const flag_set sets[] = {
#define SET(kind, style, unknown, ...)                                                             \
    [RNC_ARG_##kind] = {flags_##kind, RNC_COUNT(flags_##kind), style, unknown},
#include "syscall/tables/flags/all.def"
#undef SET
};

static const flag_set *set_of(int kind) {
    static const flag_set empty = {NULL, 0, VALUES, "???"};
    return kind >= 0 && (size_t)kind < RNC_COUNT(sets) && sets[kind].flags ? &sets[kind] : &empty;
}

static void put_unknown(rnc_buffer *out, const flag_set *set, uint64_t value) {
    rnc_put_hex(out, value);
    rnc_buffer_text(out, " /* ");
    rnc_buffer_text(out, set->unknown);
    rnc_buffer_text(out, " */");
}

bool rnc_kind_is_flags(int kind) {
    static const bool combined[] = {
#define COMBINED(name, show) [RNC_ARG_##name] = true,
#define KIND(name, capture, show)
#include "syscall/tables/kinds.def"
#undef KIND
#undef COMBINED
    };
    if (kind >= 0 && (size_t)kind < RNC_COUNT(combined) && combined[kind])
        return true;
    return set_of(kind)->style != VALUES;
}

const char *rnc_set_name(int kind, uint64_t value) {
    const flag_set *set = set_of(kind);
    for (unsigned i = 0; i < set->count; i++)
        if (set->flags[i].value == value)
            return set->flags[i].name;
    return NULL;
}

void rnc_parts_join(rnc_parts *parts) {
    if (parts->put++)
        rnc_buffer_char(parts->out, '|');
}

void rnc_parts_name(rnc_parts *parts, int kind, uint64_t mask) {
    const char *name = rnc_set_name(kind, parts->left & mask);
    if (!name)
        return;
    rnc_parts_join(parts);
    rnc_buffer_text(parts->out, name);
    parts->left &= ~mask;
}

void rnc_parts_flags(rnc_parts *parts, int kind) {
    const flag_set *set = set_of(kind);
    for (unsigned i = 0; i < set->count && parts->left; i++) {
        uint64_t bits = set->flags[i].value;
        if (!bits || (parts->left & bits) != bits)
            continue;
        rnc_parts_join(parts);
        rnc_buffer_text(parts->out, set->flags[i].name);
        parts->left &= ~bits;
    }
}

void rnc_parts_end(rnc_parts *parts, int kind) {
    if (!parts->left && parts->put)
        return;
    if (!parts->left) {
        rnc_buffer_char(parts->out, '0');
    } else if (!parts->put) {
        put_unknown(parts->out, set_of(kind), parts->left);
    } else {
        rnc_parts_join(parts);
        rnc_put_hex(parts->out, parts->left);
    }
    parts->left = 0;
    parts->put++;
}

void rnc_put_set(rnc_buffer *out, int kind, uint64_t value) {
    const flag_set *set = set_of(kind);
    if (set->style != WIDE_FLAGS)
        value = (uint32_t)value;
    if (set->style == VALUES || !value) {
        const char *name = set->style == VALUES || !set->count || !set->flags[0].value
                               ? rnc_set_name(kind, value)
                               : NULL;
        if (name)
            return rnc_buffer_text(out, name);
        if (set->style == VALUES)
            return put_unknown(out, set, value);
    }
    rnc_parts parts = {out, value, 0};
    rnc_parts_flags(&parts, kind);
    rnc_parts_end(&parts, kind);
}

void rnc_show_set(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    rnc_put_set(out, call->signature->args[index], rnc_decode_word(call, index));
}
