/* The statistics sink: what counts, exactly, under which name. */
#include "check.h"
#include "record_maker.h"
#include "trace/sink.h"

static made_record made;

static void call(rnc_sink *sink, const char *name, int64_t result, unsigned flags, uint64_t ns) {
    make_call(&made, name, result);
    made.head.syscall.flags = (uint8_t)flags;
    made.head.start = 1000;
    made.head.end = 1000 + ns;
    sink->accept(sink, &made.head, NULL);
}

static rnc_stats_row row_of(rnc_sink *sink, const char *name) {
    rnc_stats_row row, none = {0};
    for (size_t i = 0; rnc_stats_read_row(sink, i, &row) == RNC_OK; i++)
        if (!strcmp(row.name, name))
            return row;
    return none;
}

static void counts_as_strace_does(void) {
    rnc_sink *sink = rnc_stats_new(true);
    call(sink, "read", 5, 0, 100);
    call(sink, "read", -4, RNC_SYSCALL_FAILED, 50);
    call(sink, "read", -512, RNC_SYSCALL_RESTART, 7);
    call(sink, "read", 0, RNC_SYSCALL_UNFINISHED, 1 << 20);
    call(sink, "exit_group", 0, RNC_SYSCALL_UNFINISHED, 1);
    call(sink, "exit_group", 0, 0, 1);
    made.head.kind = RNC_SIGNAL;
    sink->accept(sink, &made.head, NULL);
    rnc_stats_row row = row_of(sink, "read");
    CHECK(rnc_stats_row_count(sink) == 1);
    CHECK(row.calls == 3 && row.errors == 2 && row.total_ns == 157);
    CHECK(row.durations[0] == 100 && row.durations[1] == 50 && row.durations[2] == 7);
    CHECK(rnc_stats_read_row(sink, 1, &row) == RNC_INVALID_INPUT);
    CHECK(!rnc_sink_full(sink));
    rnc_chunk chunk;
    rnc_sink_take(sink, &chunk);
    CHECK(chunk.size == 0 && chunk.count == 0);
    rnc_sink_free(sink);
}

static void abis_share_a_name(void) {
    rnc_sink *sink = rnc_stats_new(false);
    static const struct {
        int abi, number;
    } mmaps[] = {{RNC_ABI_X86_64, 9}, {RNC_ABI_I386, 90}, {RNC_ABI_AARCH64, 222}};
    for (size_t i = 0; i < RNC_COUNT(mmaps); i++) {
        make_call(&made, "mmap", 0);
        made.head.syscall.row = rnc_syscall_find(mmaps[i].abi, mmaps[i].number);
        sink->accept(sink, &made.head, NULL);
    }
    rnc_stats_row row = row_of(sink, "mmap");
    CHECK(rnc_stats_row_count(sink) == 1 && row.calls == 3 && !row.durations);
    rnc_sink_free(sink);
}

static void unknown_numbers_are_rows_of_their_own(void) {
    enum { NUMBERS = 3000 };
    rnc_sink *sink = rnc_stats_new(true);
    for (int round = 0; round < 2; round++)
        for (int number = 0; number < NUMBERS; number++) {
            make_call(&made, "no such call", 0);
            made.head.syscall.number = number * 65536 - 1;
            made.head.syscall.row = number & 1 ? RNC_NO_ROW : RNC_NO_ROW - 1;
            sink->accept(sink, &made.head, NULL);
        }
    CHECK(rnc_stats_row_count(sink) == NUMBERS);
    CHECK(row_of(sink, "syscall_0xffffffff").calls == 2);
    CHECK(row_of(sink, "syscall_0xffff").calls == 2);
    rnc_sink_free(sink);
}

static void many_durations_are_kept_in_order(void) {
    enum { CALLS = 100000 };
    rnc_sink *sink = rnc_stats_new(true);
    for (uint64_t i = 0; i < CALLS; i++)
        call(sink, "getppid", 1, 0, i);
    rnc_stats_row row = row_of(sink, "getppid");
    CHECK(row.calls == CALLS && row.total_ns == (uint64_t)CALLS * (CALLS - 1) / 2);
    for (uint64_t i = 0; i < CALLS; i++)
        CHECK(row.durations[i] == (double)i);
    rnc_sink_free(sink);
}

int main(void) {
    counts_as_strace_does();
    abis_share_a_name();
    unknown_numbers_are_rows_of_their_own();
    many_durations_are_kept_in_order();
    return check_report();
}
