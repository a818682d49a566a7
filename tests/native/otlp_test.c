/* The span sink. Without arguments: its limits, counts and chunks. With "proto" or "json": the
 * scenario below as one chunk on stdout, which tests/unit/test_otlp_encoding.py reads back. With
 * "speed": ns per span. */
#include <sys/wait.h>

#include "check.h"
#include "otlp/text.h"
#include "syscall/tables.h"
#include "trace/clock.h"
#include "trace/sink.h"

#define EPOCH_OFFSET 1700000000000000000
#define TRACE_HIGH   0x0102030405060708u
#define TRACE_LOW    0x090a0b0c0d0e0f10u
#define HOSTILE      "/bin/\xff\"\n\\\x01\xf0\x9f\x98\x80\xed\xa0\x80"

static rnc_spans_config config_of(int format) {
    return (rnc_spans_config){
        .format = format,
        .trace_id = {TRACE_HIGH, TRACE_LOW},
        .epoch_offset = EPOCH_OFFSET,
        .chunk_bytes = 1 << 20,
        .chunk_spans = 4096,
        .command_args = true,
    };
}

static uint16_t row_named(const char *name) {
    for (int row = 0; rnc_syscall(row); row++)
        if (strcmp(rnc_syscall(row)->name, name) == 0)
            return (uint16_t)row;
    return RNC_NO_ROW;
}

static rnc_record syscall_record(const char *name, uint64_t start, int64_t result, uint8_t flags) {
    uint16_t row = row_named(name);
    return (rnc_record){
        .kind = RNC_SYSCALL,
        .start = start,
        .end = start + 1234,
        .slots = 1,
        .syscall = {.pid = 41,
                    .tid = 42,
                    .number = row == RNC_NO_ROW ? 9999 : rnc_syscall_native_number(row),
                    .row = row,
#ifdef RNC_AARCH64
                    .abi = RNC_ABI_AARCH64,
#endif
                    .flags = flags,
                    .result = result},
    };
}

static int find_op(const char *name) {
    for (int op = 0; rnc_op(op); op++)
        if (strcmp(rnc_op(op)->name, name) == 0)
            return op;
    return 0;
}

static int find_isa(const char *name) {
    for (int isa = 0; rnc_isa(isa); isa++)
        if (strcmp(rnc_isa(isa)->name, name) == 0)
            return isa;
    return -1;
}

static rnc_record compute_record(const char *op, int isa, int reason, int status) {
    return (rnc_record){
        .kind = RNC_COMPUTE,
        .start = 5000,
        .end = 8500,
        .parent_id = 0xabc,
        .slots = 1,
        .compute = {.trace_id = {TRACE_HIGH, TRACE_LOW},
                    .elements = 10000,
                    .param = 95.0,
                    .kernel = isa < 0 ? "" : "kernel_name",
                    .operation = "totals",
                    .tid = 43,
                    .op = (uint16_t)find_op(op),
                    .isa = (int8_t)isa,
                    .requested = -1,
                    .dtype = RNC_F64,
                    .reason = (uint8_t)reason,
                    .status = (uint8_t)status},
    };
}

static void accept(rnc_sink *sink, rnc_record record, rnc_process *process) {
    sink->accept(sink, &record, process);
}

static void accept_operation(rnc_sink *sink, const char *name, const char *error) {
    struct {
        rnc_record head;
        char payload[256];
    } record = {.head = {.kind = RNC_OPERATION, .start = 4000, .end = 9000, .span_id = 0xabc}};
    rnc_allocation allocations[] = {{4100, 800, 0}, {4200, 80, 80}};
    char *at = record.payload;
    at = (char *)memcpy(at, name, strlen(name)) + strlen(name);
    at = (char *)memcpy(at, error, strlen(error)) + strlen(error);
    memcpy(at, allocations, sizeof allocations);
    record.head.operation = (rnc_operation_body){
        .trace_id = {TRACE_HIGH, TRACE_LOW},
        .name_size = (uint32_t)strlen(name),
        .error_size = (uint32_t)strlen(error),
        .allocation_count = 2,
        .allocations_dropped = 3,
        .tid = 43,
        .failed = *error != 0,
    };
    sink->accept(sink, &record.head, NULL);
}

static void scenario(rnc_sink *sink) {
    const char args[] = "one\0\0tw\xffo";
    rnc_image images[] = {{100, "/bin/sh", "sh", 3}, {200, HOSTILE, args, sizeof args}};
    rnc_process process = {
        .pid = 41,
        .parent_pid = 40,
        .span_id = 0x1111,
        .parent_id = 0x2222,
        .start = 100,
        .end = 90000,
        .calls = 12,
        .dropped = 2,
        .images = images,
        .image_count = 2,
        .inherited = 1,
    };
    rnc_record ended = {.kind = RNC_PROCESS_EXIT};

    accept(sink, syscall_record("getpid", 1000, 41, 0), &process);
    accept(sink, syscall_record("close", 2000, -2, RNC_SYSCALL_FAILED), &process);
    accept(sink, syscall_record("exit_group", 3000, 0, RNC_SYSCALL_UNFINISHED), &process);
    accept(sink, syscall_record("pause", 3500, -514, RNC_SYSCALL_RESTART), &process);
    accept(sink, syscall_record("no such call", 3600, INT64_MIN, 0), &process);

    accept(sink, compute_record("sum", find_isa("Scalar"), 3, RNC_OK), NULL);
    accept(sink, compute_record("percentile", 0, 0, RNC_OK), NULL);
    accept(sink, compute_record("mean", -1, 0, RNC_EMPTY_VECTOR), NULL);
    rnc_record unmet = compute_record("sum", find_isa("Scalar"), 2, RNC_OK);
    unmet.compute.requested = 0;
    unmet.compute.unmet = true;
    unmet.compute.batch = 7;
    accept(sink, unmet, NULL);
    accept_operation(sink, "totals", "");
    accept_operation(sink, "to\xfftals",
                     "b\xff"
                     "ad");

    sink->accept(sink, &ended, &process);
    process.wait_status = 3 << 8;
    process.image_count = 0;
    process.inherited = 0;
    process.held_back = 5;
    sink->accept(sink, &ended, &process);
    process.wait_status = 9;
    process.end = process.start;
    sink->accept(sink, &ended, &process);
}

static int dump(int format) {
    rnc_spans_config config = config_of(format);
    rnc_sink *sink = rnc_spans_new(&config);
    rnc_chunk chunk;
    scenario(sink);
    rnc_sink_take(sink, &chunk);
    bool written = fwrite(chunk.data, 1, chunk.size, stdout) == chunk.size;
    rnc_sink_free(sink);
    return written ? 0 : 1;
}

static void test_lost_process(void) {
    rnc_spans_config config = config_of(RNC_OTLP_PROTO);
    rnc_sink *sink = rnc_spans_new(&config);
    rnc_spans_counts counts;
    accept(sink, (rnc_record){.kind = RNC_PROCESS_EXIT}, NULL);
    rnc_spans_read_counts(sink, &counts);
    CHECK(counts.spans == 0 && counts.no_memory == 1);
    rnc_sink_free(sink);
}

static void test_held_back(void) {
    rnc_spans_config config = config_of(RNC_OTLP_PROTO);
    config.max_spans = 3;
    rnc_sink *sink = rnc_spans_new(&config);
    rnc_process process = {.span_id = 1, .start = 1, .end = 2};
    rnc_spans_counts counts;
    for (int i = 0; i < 10; i++)
        accept(sink, syscall_record("getpid", 1000, 1, 0), &process);
    accept(sink, compute_record("sum", 0, 0, RNC_OK), NULL);
    accept(sink, (rnc_record){.kind = RNC_PROCESS_EXIT}, &process);
    rnc_spans_read_counts(sink, &counts);
    CHECK(counts.spans == 5, "%lu", (unsigned long)counts.spans);
    CHECK(counts.held_back == 7 && process.held_back == 7);
    rnc_sink_free(sink);
}

static void test_chunks(void) {
    rnc_spans_config config = config_of(RNC_OTLP_JSON);
    config.chunk_spans = 3;
    rnc_sink *sink = rnc_spans_new(&config);
    rnc_chunk first, second, empty;
    CHECK(!rnc_sink_full(sink));
    for (int i = 0; i < 3; i++)
        accept(sink, syscall_record("getpid", 1000, 1, 0), NULL);
    CHECK(rnc_sink_full(sink));
    rnc_sink_take(sink, &first);
    CHECK(!rnc_sink_full(sink));
    CHECK(first.count == 3 && first.data[0] == '{' && first.data[first.size - 1] == '}');
    char last = first.data[first.size - 1];
    accept(sink, syscall_record("getpid", 1000, 1, 0), NULL);
    CHECK(first.data[first.size - 1] == last, "a taken chunk stays until the next take");
    rnc_sink_take(sink, &second);
    CHECK(second.count == 1 && second.data[0] == '{');
    rnc_sink_take(sink, &empty);
    CHECK(empty.count == 0 && empty.size == 0);
    rnc_sink_free(sink);
}

static void check_clean(rnc_buffer *scratch, const char *bytes, uint32_t limit, const char *want) {
    rnc_slice clean = rnc_text_clean(scratch, rnc_slice_of(bytes), limit);
    CHECK(clean.size == strlen(want) && memcmp(clean.data, want, clean.size) == 0, "%s -> %.*s",
          bytes, (int)clean.size, clean.data);
}

static void test_text(void) {
    rnc_buffer scratch = {0};
    check_clean(&scratch, "plain", 0, "plain");
    check_clean(&scratch, "plain", 2, "pl");
    check_clean(&scratch, "a\xc3\xbcz", 2, "a\xc3\xbc");
    check_clean(&scratch, "\xf0\x9f\x98\x80", 1, "\xf0\x9f\x98\x80");
    check_clean(&scratch, "\xff", 0, "\xef\xbf\xbd");
    check_clean(&scratch, "\xf0\x9f\x98", 0, "\xef\xbf\xbd");
    check_clean(&scratch, "\xc0\x80", 0, "\xef\xbf\xbd\xef\xbf\xbd");
    check_clean(&scratch, "\xff\xff\xff", 2, "\xef\xbf\xbd\xef\xbf\xbd");
    rnc_buffer_free(&scratch);
}

static void speed(int format, const char *name) {
    enum { CHUNKS = 100, SPANS = 4096 };
    rnc_spans_config config = config_of(format);
    rnc_sink *sink = rnc_spans_new(&config);
    rnc_process process = {.span_id = 1};
    rnc_record call = syscall_record("getpid", 1000, 41, 0);
    rnc_record compute = compute_record("sum", 0, 0, RNC_OK);
    const rnc_record *records[] = {&call, &compute};
    for (size_t kind = 0; kind < RNC_COUNT(records); kind++) {
        uint64_t best = UINT64_MAX;
        size_t bytes = 0;
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            rnc_chunk out;
            uint64_t start = rnc_clock_monotonic();
            for (int i = 0; i < SPANS; i++)
                sink->accept(sink, records[kind], &process);
            uint64_t spent = rnc_clock_monotonic() - start;
            rnc_sink_take(sink, &out);
            bytes = out.size / SPANS;
            if (spent < best)
                best = spent;
        }
        printf("%s %s: %lu ns a span, %zu bytes\n", name, kind ? "compute" : "syscall",
               (unsigned long)(best / SPANS), bytes);
    }
    rnc_sink_free(sink);
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "proto") == 0)
        return dump(RNC_OTLP_PROTO);
    if (strcmp(mode, "json") == 0)
        return dump(RNC_OTLP_JSON);
    if (strcmp(mode, "speed") == 0) {
        speed(RNC_OTLP_PROTO, "protobuf");
        speed(RNC_OTLP_JSON, "json");
        return 0;
    }
    test_lost_process();
    test_held_back();
    test_chunks();
    test_text();
    return check_report();
}
