/* The tracer's decisions, counts and parents, and what closing, recycling and forking do to them.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "trace/clock.h"
#include "trace/stream.h"
#include "trace/tracer.h"

static const rnc_execution execution = {
    .kernel = "kernel", .elements = 7, .isa = 1, .requested = -1};

static rnc_tracer *open_tracer(rnc_tracer_config config) {
    rnc_tracer *tracer = NULL;
    CHECK(rnc_tracer_open(&config, &tracer) == RNC_OK, "open");
    return tracer;
}

static const rnc_tracer_config everything = {.sample_rate = 1, .slow_threshold_ns = -1};

static void operate(rnc_tracer *tracer, uint64_t duration) {
    if (!rnc_tracer_wants(tracer, 0))
        return;
    uint64_t start = rnc_clock_now();
    rnc_tracer_record_compute(tracer, &execution, start, start + duration);
}

static uint64_t drain(rnc_tracer *tracer, uint64_t *slow, uint64_t threshold) {
    rnc_stream *stream = rnc_tracer_stream(tracer);
    uint64_t taken = 0;
    for (const rnc_record *record; (record = stream->peek(stream)); taken++) {
        if (slow)
            *slow += record->end - record->start >= threshold;
        stream->release(stream, record);
    }
    return taken;
}

static rnc_tracer_counts counts_of(rnc_tracer *tracer) {
    rnc_tracer_counts counts;
    rnc_tracer_read_counts(tracer, &counts);
    CHECK(counts.operations ==
              counts.recorded + counts.sampled_out + counts.fast + counts.capped + counts.ring_full,
          "sum");
    return counts;
}

/* Six standard deviations of a binomial count. */
static bool plausible(uint64_t hits, uint64_t tries, double rate) {
    return fabs((double)hits - (double)tries * rate) <
           6 * sqrt((double)tries * rate * (1 - rate)) + 1;
}

static void test_probability(void) {
    enum { TRIES = 20000 };
    static const double rates[] = {0, 0.01, 0.5, 1};
    for (size_t i = 0; i < RNC_COUNT(rates); i++) {
        rnc_tracer *tracer =
            open_tracer((rnc_tracer_config){.sample_rate = rates[i], .slow_threshold_ns = -1});
        for (int n = 0; n < TRIES; n++)
            operate(tracer, 1);
        rnc_tracer_counts counts = counts_of(tracer);
        CHECK(counts.operations == TRIES, "%lu", (unsigned long)counts.operations);
        CHECK(plausible(counts.recorded, TRIES, rates[i]), "rate %g: %lu", rates[i],
              (unsigned long)counts.recorded);
        CHECK(drain(tracer, NULL, 0) == counts.recorded, "drained");
        rnc_tracer_free(tracer);
    }
}

static void test_threshold(void) {
    enum { TRIES = 30000, THRESHOLD = 1000 };
    rnc_tracer *tracer = open_tracer((rnc_tracer_config){
        .sample_rate = 0.5, .slow_threshold_ns = THRESHOLD, .fast_sample_rate = 0.2});
    uint64_t slow = 0;
    for (int n = 0; n < TRIES; n++)
        operate(tracer, n % 3 ? THRESHOLD - 1 : THRESHOLD);
    rnc_tracer_counts counts = counts_of(tracer);
    CHECK(counts.operations == TRIES, "operations");
    uint64_t taken = drain(tracer, &slow, THRESHOLD);
    CHECK(taken == counts.recorded, "drained");
    CHECK(slow == TRIES / 3, "%lu slow ones", (unsigned long)slow);
    CHECK(plausible(taken - slow, TRIES - TRIES / 3, 0.1), "%lu", (unsigned long)(taken - slow));
    CHECK(counts.fast == TRIES - taken && counts.sampled_out == 0, "fast");
    rnc_tracer_free(tracer);
}

static void test_cap_and_full_ring(void) {
    rnc_tracer *tracer = open_tracer((rnc_tracer_config){
        .sample_rate = 1, .slow_threshold_ns = -1, .max_spans_per_second = 100});
    uint64_t second = 1000000000;
    for (int n = 0; n < 1000; n++)
        if (rnc_tracer_wants(tracer, 0))
            rnc_tracer_record_compute(tracer, &execution, 5 * second, 5 * second);
    CHECK(counts_of(tracer).recorded == 100 && counts_of(tracer).capped == 900, "burst");
    for (int n = 0; n < 1000; n++)
        if (rnc_tracer_wants(tracer, 0))
            rnc_tracer_record_compute(tracer, &execution, 5 * second, 5 * second + second / 2);
    CHECK(counts_of(tracer).recorded == 150, "half a second later");
    rnc_tracer_free(tracer);

    rnc_tracer_config small = everything;
    small.ring_slots = 64;
    tracer = open_tracer(small);
    for (int n = 0; n < 100; n++)
        operate(tracer, 1);
    CHECK(counts_of(tracer).recorded == 64 && counts_of(tracer).ring_full == 36, "full");
    rnc_tracer_free(tracer);
}

static void test_parents(void) {
    rnc_tracer *tracer = open_tracer(everything);
    rnc_stream *stream = rnc_tracer_stream(tracer);
    rnc_context empty = {0};
    rnc_tracer_root(tracer, &(rnc_context){.trace_id = {1, 2}, .span_id = 3, .sampled = true});
    CHECK(!rnc_tracer_root_used(tracer), "not yet");
    operate(tracer, 1);
    const rnc_record *record = stream->peek(stream);
    CHECK(record->compute.trace_id[0] == 1 && record->compute.trace_id[1] == 2 &&
              record->parent_id == 3 && !record->compute.operation && record->compute.elements == 7,
          "the root's");
    CHECK(rnc_tracer_root_used(tracer), "used");
    stream->release(stream, record);

    const char *name = rnc_intern("calculate_anything", 9);
    CHECK(!strcmp(name, "calculate") && name == rnc_intern("calculate", 9), "%s", name);
    rnc_context_set(&(rnc_context){{4, 5}, 6, name, tracer, true});
    CHECK(rnc_tracer_current() == tracer, "current");
    operate(tracer, 1);
    record = stream->peek(stream);
    CHECK(record->compute.trace_id[1] == 5 && record->parent_id == 6 &&
              record->compute.operation == name,
          "the context's");
    stream->release(stream, record);

    rnc_context_set(&(rnc_context){{4, 5}, 6, name, tracer, false});
    operate(tracer, 1);
    CHECK(!stream->peek(stream) && counts_of(tracer).sampled_out == 1, "not sampled");
    rnc_context_set(&empty);
    CHECK(!rnc_tracer_current(), "none");
    rnc_tracer_activate(tracer);
    CHECK(rnc_tracer_current() == tracer, "active");
    rnc_tracer_free(tracer);
    CHECK(!rnc_tracer_current(), "a freed tracer is not active");
}

static void test_operation_record(void) {
    rnc_tracer *tracer = open_tracer(everything);
    rnc_stream *stream = rnc_tracer_stream(tracer);
    rnc_allocation allocations[2] = {{1, 2, 3}, {4, 5, 6}};
    static char error[6000];
    memset(error, 'a', sizeof error);
    memcpy(error + 4095, "\xC3\xA9", 2); /* an é where the message is cut */
    rnc_operation_span span = {{1, 2},       3,           4, 5, 6, "name", 4, error,
                               sizeof error, allocations, 2, 9};
    CHECK(rnc_tracer_record_operation(tracer, &span) == RNC_OK, "taken");
    const rnc_record *record = stream->peek(stream);
    const char *payload = rnc_record_payload(record);
    CHECK(record->operation.name_size == 4 && !memcmp(payload, "name", 4), "name");
    CHECK(record->operation.error_size == 4095 && record->operation.failed, "%u",
          record->operation.error_size);
    CHECK(!memcmp(payload + 4 + 4095, allocations, sizeof allocations), "allocations");
    CHECK(record->operation.allocations_dropped == 9, "dropped");
    rnc_tracer_close(tracer);
    CHECK(rnc_tracer_record_operation(tracer, &span) == RNC_NO_MEMORY, "closed");
    rnc_tracer_free(tracer);
}

static void test_calls(void) {
    rnc_tracer *tracer = open_tracer(everything);
    rnc_stream *stream = rnc_tracer_stream(tracer);
    rnc_call call = {.name = rnc_intern("mine", 4),
                     .last = rnc_last_execution(),
                     .op = -1,
                     .elements = 9,
                     .start = 1,
                     .end = 2};
    rnc_call_begin();
    CHECK(rnc_tracer_current() != tracer && !rnc_tracer_wants(rnc_tracer_current(), 0), "muted");
    call.error = "boom";
    call.error_size = 4;
    rnc_call_end(tracer, &call);
    CHECK(!rnc_tracer_current(), "restored");
    const rnc_record *record = stream->peek(stream);
    CHECK(record->compute.op == UINT16_MAX && record->compute.name == call.name &&
              record->compute.status != RNC_OK && record->payload_size == 4,
          "one record");
    stream->release(stream, record);
    rnc_call_begin();
    rnc_call_end(tracer, &call);
    record = stream->peek(stream);
    CHECK(record->compute.isa == -1, "no kernel ran");
    CHECK(counts_of(tracer).operations == 2, "muted operations are not counted");
    rnc_tracer_free(tracer);
}

static void test_bad_configurations(void) {
    rnc_tracer *tracer;
    rnc_tracer_config bad[] = {everything, everything, everything, everything, everything};
    bad[0].sample_rate = 1.5;
    bad[1].fast_sample_rate = (double)NAN;
    bad[2].slow_threshold_ns = -2;
    bad[3].max_spans_per_second = -1;
    bad[4].ring_slots = 3;
    for (size_t i = 0; i < RNC_COUNT(bad); i++)
        CHECK(rnc_tracer_open(&bad[i], &tracer) == RNC_INVALID_INPUT, "%zu", i);
}

static void test_fork(void) {
    rnc_tracer *tracer = open_tracer(everything);
    for (int n = 0; n < 5; n++)
        operate(tracer, 1);
    pid_t child = fork();
    if (!child) {
        check_failures = 0;
        CHECK(drain(tracer, NULL, 0) == 0, "the parent's records");
        CHECK(counts_of(tracer).operations == 0, "the parent's counts");
        for (int n = 0; n < 3; n++)
            operate(tracer, 1);
        CHECK(counts_of(tracer).recorded == 3 && drain(tracer, NULL, 0) == 3, "the child's own");
        _exit(check_failures);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %d", status);
    CHECK(counts_of(tracer).recorded == 5 && drain(tracer, NULL, 0) == 5, "parent");
    rnc_tracer_free(tracer);
}

/* ---- threads -------------------------------------------------------------------------------- */

enum { THREADS = 4, OPERATIONS = 20000 };

static _Atomic(rnc_tracer *) target;
static _Atomic bool done;

static void *operate_often(void *unused) {
    for (int n = 0; n < OPERATIONS; n++)
        operate(atomic_load(&target), (uint64_t)n % 2000);
    return unused;
}

static void test_counts_of_threads(void) {
    rnc_tracer *tracer = open_tracer((rnc_tracer_config){.sample_rate = 0.5,
                                                         .slow_threshold_ns = 1500,
                                                         .fast_sample_rate = 0.5,
                                                         .max_spans_per_second = 10000,
                                                         .ring_slots = 256});
    atomic_store(&target, tracer);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, operate_often, NULL);
    uint64_t taken = 0;
    while (counts_of(tracer).operations < (uint64_t)THREADS * OPERATIONS) {
        taken += drain(tracer, NULL, 0);
        usleep(100);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    taken += drain(tracer, NULL, 0);
    CHECK(counts_of(tracer).operations == (uint64_t)THREADS * OPERATIONS, "operations");
    CHECK(counts_of(tracer).recorded == taken, "recorded");
    rnc_tracer_free(tracer);
}

static void *operate_until_done(void *unused) {
    while (!atomic_load(&done))
        operate(atomic_load(&target), 1);
    return unused;
}

/* Threads inside operations while tracers close, are freed, and come back from the pool. */
static void test_recycling_under_fire(void) {
    rnc_tracer_config config = everything;
    config.ring_slots = 256;
    pthread_t threads[THREADS];
    for (int i = 0; i < 300; i++) {
        rnc_tracer *tracer = open_tracer(config);
        rnc_tracer_root(tracer, &(rnc_context){.span_id = 1, .sampled = true});
        atomic_store(&target, tracer);
        for (int thread = 0; i == 0 && thread < THREADS; thread++)
            pthread_create(&threads[thread], NULL, operate_until_done, NULL);
        usleep(200);
        uint64_t taken = drain(tracer, NULL, 0);
        rnc_tracer_close(tracer);
        rnc_stream *stream = rnc_tracer_stream(tracer);
        while (!stream->closed(stream))
            taken += drain(tracer, NULL, 0);
        taken += drain(tracer, NULL, 0);
        CHECK(taken <= counts_of(tracer).operations + THREADS, "%lu taken", (unsigned long)taken);
        rnc_tracer_free(tracer);
    }
    atomic_store(&done, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void) {
    test_probability();
    test_threshold();
    test_cap_and_full_ring();
    test_parents();
    test_operation_record();
    test_calls();
    test_bad_configurations();
    test_fork();
    test_counts_of_threads();
    test_recycling_under_fire();
    return check_report();
}
