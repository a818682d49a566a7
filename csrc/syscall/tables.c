/* The rows of the tables in tables/ as C arrays, and the lookups over them. */
#define _GNU_SOURCE
#include "syscall/tables.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>

enum { NO = -1 };

enum row {
#define VARIANT(name, suffix, ...) ROW_##name##suffix,
#include "syscall/tables/syscalls.def"
#undef VARIANT
    ROW_COUNT
};
_Static_assert(ROW_COUNT < RNC_NO_ROW, "row numbers fit their type");

enum class_index {
#define CLASS(name, text) CLASS_##name,
#include "syscall/tables/classes.def"
#undef CLASS
};

enum class_bit {
#define CLASS(name, text) IN_##name = 1 << CLASS_##name,
#include "syscall/tables/classes.def"
#undef CLASS
};

static const char *const classes[] = {
#define CLASS(name, text) text,
#include "syscall/tables/classes.def"
#undef CLASS
};

static const rnc_syscall_row rows[] = {
#define VARIANT(name, suffix, x86_64, i386, aarch64, in, ...) {#name, in},
#include "syscall/tables/syscalls.def"
#undef VARIANT
};

/* The kinds under the short names that syscalls.def uses. */
enum kind {
#define KIND(name, capture, show) name = RNC_ARG_##name,
#include "syscall/tables/kinds.def"
#undef KIND
};

#define SIGNATURE(shown, ...)                                                                      \
    {sizeof((uint8_t[]){__VA_ARGS__}), {__VA_ARGS__}, shown, (int)shown == (int)NEVER}

static const rnc_signature signatures[] = {
#define VARIANT(name, suffix, x86_64, i386, aarch64, in, ...) SIGNATURE(__VA_ARGS__),
#include "syscall/tables/syscalls.def"
#undef VARIANT
};

static const rnc_signature unknown_signature = SIGNATURE(INT, HEX, HEX, HEX, HEX, HEX, HEX);

/* Number → row + 1, one array per ABI; index 0 takes the rows that the ABI does not have. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"

static const uint16_t x86_64_rows[] = {
#define VARIANT(name, suffix, x86_64, ...) [x86_64 + 1] = ROW_##name##suffix + 1,
#include "syscall/tables/syscalls.def"
#undef VARIANT
    [0] = 0,
};

static const uint16_t i386_rows[] = {
#define VARIANT(name, suffix, x86_64, i386, ...) [i386 + 1] = ROW_##name##suffix + 1,
#include "syscall/tables/syscalls.def"
#undef VARIANT
    [0] = 0,
};

static const uint16_t aarch64_rows[] = {
#define VARIANT(name, suffix, x86_64, i386, aarch64, ...) [aarch64 + 1] = ROW_##name##suffix + 1,
#include "syscall/tables/syscalls.def"
#undef VARIANT
    [0] = 0,
};

#pragma GCC diagnostic pop

enum { X32_BIT = 0x40000000, X32_FIRST = 512 };

static const uint16_t x32_rows[] = {
#define X32(name, number) [number - X32_FIRST] = ROW_##name + 1,
#include "syscall/tables/x32.def"
#undef X32
};

static const int16_t native_numbers[] = {
#if RNC_X86_64
#define VARIANT(name, suffix, x86_64, ...) x86_64,
#else
#define VARIANT(name, suffix, x86_64, i386, aarch64, ...) aarch64,
#endif
#include "syscall/tables/syscalls.def"
#undef VARIANT
};

static uint16_t find(const uint16_t *table, uint32_t count, uint32_t index) {
    return index < count && table[index] ? (uint16_t)(table[index] - 1) : RNC_NO_ROW;
}

/* A negative number wraps to an index past every table; -1 would meet the placeholder at 0, which
 * is empty. */
#define FIND(table, number) find(table, RNC_COUNT(table), (uint32_t)(number) + 1)

static uint16_t find_x32(int32_t number) {
    uint32_t plain = (uint32_t)number & ~(uint32_t)X32_BIT;
    if (plain >= X32_FIRST)
        return find(x32_rows, RNC_COUNT(x32_rows), plain - X32_FIRST);
    return FIND(x86_64_rows, plain);
}

uint16_t rnc_syscall_find(int abi, int32_t number) {
    switch (abi) {
    case RNC_ABI_X86_64:
        return FIND(x86_64_rows, number);
    case RNC_ABI_I386:
        return FIND(i386_rows, number);
    case RNC_ABI_X32:
        return find_x32(number);
    case RNC_ABI_AARCH64:
        return FIND(aarch64_rows, number);
    default:
        return RNC_NO_ROW;
    }
}

const rnc_signature *rnc_syscall_signature(uint16_t row) {
    return row < ROW_COUNT ? &signatures[row] : &unknown_signature;
}

int rnc_arg_capture(int kind) {
    static const uint8_t captures[] = {
#define KIND(name, capture, show) capture,
#include "syscall/tables/kinds.def"
#undef KIND
    };
    return kind >= 0 && (size_t)kind < RNC_COUNT(captures) ? captures[kind] : RNC_NO_CAPTURE;
}

const char *rnc_kind_name(int kind) {
    static const char *const names[] = {
#define KIND(name, capture, show) #name,
#include "syscall/tables/kinds.def"
#undef KIND
    };
    return kind >= 0 && (size_t)kind < RNC_COUNT(names) ? names[kind] : "";
}

size_t rnc_arg_unit(int kind) {
    static const uint16_t units[] = {
#define STRUCT(name, capture, unit, show) [RNC_ARG_##name] = unit,
#define KIND(name, capture, show)
#include "syscall/tables/kinds.def"
#undef KIND
#undef STRUCT
    };
    return kind >= 0 && (size_t)kind < RNC_COUNT(units) ? units[kind] : 0;
}

const rnc_syscall_row *rnc_syscall(int index) {
    return index >= 0 && index < ROW_COUNT ? &rows[index] : NULL;
}

const char *rnc_syscall_class(int index) {
    return index >= 0 && (size_t)index < RNC_COUNT(classes) ? classes[index] : NULL;
}

int rnc_syscall_native_number(int index) {
    return index >= 0 && index < ROW_COUNT ? native_numbers[index] : -1;
}
