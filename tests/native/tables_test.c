/* The tables: every row is found by its number in every ABI, and nothing else is. */
#include <limits.h>
#include <string.h>

#include "check.h"
#include "syscall/tables.h"

enum { NO = -1 };

static const struct {
    const char *name;
    int x86_64, i386, aarch64;
} rows[] = {
#define VARIANT(name, suffix, x86_64, i386, aarch64, ...) {#name, x86_64, i386, aarch64},
#include "syscall/tables/syscalls.def"
#undef VARIANT
};

static void check_found(int abi, int number, uint16_t row) {
    if (number == NO)
        return;
    CHECK(rnc_syscall_find(abi, number) == row, "%s, abi %d, number %d", rows[row].name, abi,
          number);
}

static void every_row_is_found_by_its_numbers(void) {
    for (uint16_t row = 0; row < RNC_COUNT(rows); row++) {
        check_found(RNC_ABI_X86_64, rows[row].x86_64, row);
        check_found(RNC_ABI_I386, rows[row].i386, row);
        check_found(RNC_ABI_AARCH64, rows[row].aarch64, row);
        CHECK(!strcmp(rnc_syscall(row)->name, rows[row].name));
#if RNC_X86_64
        CHECK(rnc_syscall_native_number(row) == rows[row].x86_64);
#else
        CHECK(rnc_syscall_native_number(row) == rows[row].aarch64);
#endif
    }
    CHECK(!rnc_syscall(RNC_COUNT(rows)) && !rnc_syscall(-1));
    CHECK(rnc_syscall_native_number(-1) == -1);
}

static int finds(int abi) {
    int found = 0;
    for (int number = -2000; number < 4000; number++)
        found += rnc_syscall_find(abi, number) != RNC_NO_ROW;
    return found;
}

static void no_other_number_is_found(void) {
    static const int32_t hostile[] = {-1, -2, INT_MIN, INT_MIN + 1, INT_MAX, 0x3fffffff, 1000};
    int expected[3] = {0};
    for (size_t row = 0; row < RNC_COUNT(rows); row++) {
        expected[0] += rows[row].x86_64 != NO;
        expected[1] += rows[row].i386 != NO;
        expected[2] += rows[row].aarch64 != NO;
    }
    CHECK(finds(RNC_ABI_X86_64) == expected[0]);
    CHECK(finds(RNC_ABI_I386) == expected[1]);
    CHECK(finds(RNC_ABI_AARCH64) == expected[2]);
    CHECK(finds(RNC_ABI_UNKNOWN) == 0 && finds(RNC_ABI_ARM) == 0 && finds(-7) == 0);
    for (size_t i = 0; i < RNC_COUNT(hostile); i++)
        for (int abi = RNC_ABI_X86_64; abi <= RNC_ABI_UNKNOWN; abi++)
            CHECK(rnc_syscall_find(abi, hostile[i]) == RNC_NO_ROW, "%d %d", abi, hostile[i]);
}

static const char *x32_name(int32_t number) {
    const rnc_syscall_row *row = rnc_syscall(rnc_syscall_find(RNC_ABI_X32, number));
    return row ? row->name : "";
}

static void x32_has_its_own_numbers_and_the_shared_ones(void) {
    CHECK(!strcmp(x32_name(0x40000000), "read"));
    CHECK(!strcmp(x32_name(0x40000000 + 257), "openat"));
    CHECK(!strcmp(x32_name(512), "rt_sigaction"));
    CHECK(!strcmp(x32_name(0x40000000 + 520), "execve"));
    CHECK(!strcmp(x32_name(0x40000000 + 547), "pwritev2"));
    CHECK(!strcmp(x32_name(0x40000000 + 548), ""));
}

static void signatures_are_sound(void) {
    for (uint16_t row = 0; row < RNC_COUNT(rows); row++) {
        const rnc_signature *signature = rnc_syscall_signature(row);
        bool exits = !strcmp(rows[row].name, "exit") || !strcmp(rows[row].name, "exit_group");
        CHECK(signature->count <= 6);
        CHECK(signature->never_returns == exits, "%s", rows[row].name);
        for (unsigned i = 0; i < signature->count; i++)
            if (rnc_arg_capture(signature->args[i]) == RNC_CAPTURE_BYTES_IN)
                CHECK(i + 1 < signature->count, "%s: bytes without a length", rows[row].name);
    }
    CHECK(rnc_syscall_signature(RNC_NO_ROW)->count == 6);
    CHECK(rnc_arg_capture(RNC_ARG_PATH) == RNC_CAPTURE_PATH);
    CHECK(rnc_arg_capture(-1) == RNC_NO_CAPTURE && rnc_arg_capture(9999) == RNC_NO_CAPTURE);
}

static void names_are_known(void) {
    CHECK(!strcmp(rnc_errno_name(2), "ENOENT") && !strcmp(rnc_errno_name(512), "ERESTARTSYS"));
    CHECK(!rnc_errno_name(-1) && !rnc_errno_name(0) && !rnc_errno_name(100000));
    CHECK(!strcmp(rnc_signal_name(9), "SIGKILL") && !strcmp(rnc_signal_name(64), "SIGRT_32"));
    CHECK(!rnc_signal_name(0) && !rnc_signal_name(65) && !rnc_signal_name(-1));
    CHECK(!strcmp(rnc_syscall_class(0), "file") && !rnc_syscall_class(-1) &&
          !rnc_syscall_class(99));
    for (int signal = 1; signal <= 64; signal++)
        CHECK(rnc_signal_name(signal), "%d", signal);
}

int main(void) {
    every_row_is_found_by_its_numbers();
    no_other_number_is_found();
    x32_has_its_own_numbers_and_the_shared_ones();
    signatures_are_sound();
    names_are_known();
    return check_report();
}
