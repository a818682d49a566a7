/* The pump between a ring and a sink, and its table of processes. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "trace/clock.h"
#include "trace/ring.h"
#include "trace/sink.h"

typedef struct collector {
    rnc_sink sink;
    size_t accepted;
    size_t full_at;
    uint64_t process_span;
    uint64_t recorded;
    uint64_t dropped;
    char last_image[16];
    size_t images;
    size_t inherited;
} collector;

static void accept_record(rnc_sink *sink, const rnc_record *record, rnc_process *process) {
    collector *self = (collector *)sink;
    self->accepted++;
    self->process_span = process ? process->span_id : 0;
    if (!process)
        return;
    self->recorded = process->recorded;
    self->dropped = process->dropped;
    self->images = process->image_count;
    self->inherited = process->inherited;
    if (process->image_count)
        strncpy(self->last_image, process->images[process->image_count - 1].path, 15);
}

static void take(rnc_sink *sink, rnc_chunk *out) {
    collector *self = (collector *)sink;
    *out = (rnc_chunk){"", 0, self->accepted};
    self->accepted = 0;
}

static bool is_full(rnc_sink *sink) {
    const collector *self = (const collector *)sink;
    return self->accepted >= self->full_at;
}

static void free_nothing(rnc_sink *sink) {}

static collector collect(size_t full_at) {
    return (collector){.sink = {accept_record, take, is_full, free_nothing}, .full_at = full_at};
}

static void push(rnc_ring *ring, rnc_record head, const void *payload, size_t size) {
    rnc_record *record = rnc_ring_reserve(ring, size);
    if (!record)
        return;
    record->kind = head.kind;
    record->start = head.start;
    record->span_id = head.span_id;
    record->parent_id = head.parent_id;
    record->payload_size = (uint32_t)size;
    memcpy(record->bytes, head.bytes, sizeof head.bytes);
    if (size)
        memcpy(rnc_record_payload(record), payload, size);
    rnc_ring_commit(ring, record);
}

static void started(rnc_ring *ring, uint32_t pid, uint32_t parent, uint64_t span_id) {
    push(ring,
         (rnc_record){.kind = RNC_PROCESS_START,
                      .span_id = span_id,
                      .process = {.pid = pid, .parent_pid = parent}},
         NULL, 0);
}

static void executed(rnc_ring *ring, uint32_t pid, const char *path) {
    push(ring, (rnc_record){.kind = RNC_PROCESS_EXEC, .process = {.pid = pid}}, path,
         strlen(path) + 1);
}

static void called(rnc_ring *ring, uint32_t pid) {
    push(ring, (rnc_record){.kind = RNC_SYSCALL, .syscall = {.pid = pid}}, NULL, 0);
}

static void ended(rnc_ring *ring, uint32_t pid) {
    push(ring, (rnc_record){.kind = RNC_PROCESS_EXIT, .process = {.pid = pid}}, NULL, 0);
}

static void test_states(void) {
    rnc_ring *ring = rnc_ring_new(64);
    rnc_pump *pump = rnc_pump_new(rnc_ring_stream(ring));
    collector sink = collect(3);
    rnc_chunk chunk;
    CHECK(rnc_pump_add(pump, &sink.sink) == RNC_OK, "added");
    CHECK(rnc_pump_run(pump, 0) == RNC_PUMP_IDLE, "nothing yet");
    for (int i = 0; i < 4; i++)
        called(ring, 1);
    CHECK(rnc_pump_run(pump, 0) == RNC_PUMP_READY && sink.accepted == 3, "%zu", sink.accepted);
    CHECK(rnc_pump_run(pump, 0) == RNC_PUMP_READY && sink.accepted == 3, "still full");
    rnc_sink_take(&sink.sink, &chunk);
    CHECK(chunk.count == 3, "%zu", chunk.count);
    CHECK(rnc_pump_run(pump, 0) == RNC_PUMP_MORE && sink.accepted == 1, "the rest");
    called(ring, 1);
    rnc_ring_close(ring);
    CHECK(rnc_pump_run(pump, 1000) == RNC_PUMP_DONE && sink.accepted == 2, "closed and drained");
    rnc_pump_free(pump);
    rnc_ring_free(ring);
}

static void *close_soon(void *ring) {
    usleep(20000);
    rnc_ring_close(ring);
    return NULL;
}

static void *wake_soon(void *pump) {
    usleep(20000);
    rnc_pump_wake(pump);
    return NULL;
}

/* An hour's wait ends at once: a lost wake would hang the test. */
static void test_waits_end(void) {
    rnc_ring *ring = rnc_ring_new(64);
    rnc_pump *pump = rnc_pump_new(rnc_ring_stream(ring));
    pthread_t thread;
    pthread_create(&thread, NULL, wake_soon, pump);
    CHECK(rnc_pump_run(pump, 3600000) == RNC_PUMP_IDLE, "woken");
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, close_soon, ring);
    CHECK(rnc_pump_run(pump, 3600000) == RNC_PUMP_DONE, "closed");
    pthread_join(thread, NULL);
    rnc_pump_free(pump);
    rnc_ring_free(ring);
}

static void test_processes(void) {
    rnc_ring *ring = rnc_ring_new(64);
    rnc_pump *pump = rnc_pump_new(rnc_ring_stream(ring));
    collector sink = collect(1);
    rnc_chunk chunk;
    rnc_pump_add(pump, &sink.sink);
#define STEP(push)                                                                                 \
    do {                                                                                           \
        push;                                                                                      \
        CHECK(rnc_pump_run(pump, 0) == RNC_PUMP_READY, "taken");                                   \
        rnc_sink_take(&sink.sink, &chunk);                                                         \
    } while (0)
    STEP(started(ring, 10, 1, 100));
    CHECK(sink.process_span == 100 && sink.images == 0, "no image yet");
    STEP(executed(ring, 10, "/bin/a"));
    STEP(executed(ring, 10, "/bin/b"));
    CHECK(sink.images == 2 && sink.inherited == 0 && !strcmp(sink.last_image, "/bin/b"), "execs");
    STEP(started(ring, 11, 10, 101));
    CHECK(sink.images == 1 && sink.inherited == 1 && !strcmp(sink.last_image, "/bin/b"), "forked");
    STEP(called(ring, 11));
    STEP(called(ring, 11));
    CHECK(sink.process_span == 101 && sink.recorded == 2, "its own calls");
    for (int i = 0; i < 64; i++)
        called(ring, 11);
    called(ring, 11);
    for (int i = 0; i < 64; i++)
        STEP((void)0);
    STEP(ended(ring, 11));
    CHECK(sink.process_span == 101 && sink.dropped == 1, "%lu", (unsigned long)sink.dropped);
    STEP(called(ring, 11));
    CHECK(sink.process_span == 0, "gone");
    STEP(started(ring, 11, 1, 102));
    CHECK(sink.process_span == 102 && sink.images == 0, "the pid's next owner");
    STEP(started(ring, 10, 1, 103));
    CHECK(sink.process_span == 103 && sink.recorded == 0, "an exit was lost");
    rnc_pump_free(pump);
    rnc_ring_free(ring);
}

/* Thousands of processes, many alive at once, each found and removed. */
static void test_many_processes(void) {
    enum { PROCESSES = 3000 };
    rnc_ring *ring = rnc_ring_new(8192);
    rnc_pump *pump = rnc_pump_new(rnc_ring_stream(ring));
    collector sink = collect(1);
    rnc_chunk chunk;
    rnc_pump_add(pump, &sink.sink);
    for (uint32_t pid = 1; pid <= PROCESSES; pid++)
        STEP(started(ring, pid * 7, 1, pid));
    for (uint32_t pid = 1; pid <= PROCESSES; pid += 2)
        STEP(ended(ring, pid * 7));
    for (uint32_t pid = 1; pid <= PROCESSES; pid++) {
        STEP(called(ring, pid * 7));
        CHECK(sink.process_span == (pid % 2 ? 0 : pid), "pid %u: %lu", pid,
              (unsigned long)sink.process_span);
    }
    rnc_pump_free(pump);
    rnc_ring_free(ring);
}

static void test_exec_loop(void) {
    rnc_ring *ring = rnc_ring_new(64);
    rnc_pump *pump = rnc_pump_new(rnc_ring_stream(ring));
    collector sink = collect(1);
    rnc_chunk chunk;
    rnc_pump_add(pump, &sink.sink);
    STEP(started(ring, 10, 1, 100));
    for (int i = 0; i < 1000; i++)
        STEP(executed(ring, 10, i == 999 ? "/bin/last" : "/bin/again"));
    CHECK(sink.images < 100 && !strcmp(sink.last_image, "/bin/last"), "%zu", sink.images);
    rnc_pump_free(pump);
    rnc_ring_free(ring);
}

int main(void) {
    test_states();
    test_waits_end();
    test_processes();
    test_many_processes();
    test_exec_loop();
    return check_report();
}
