/* The lossless queue: order, content, spilling and recycling, with a real second thread. */
#include "trace/queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define RECORDS 1000000

/* Sizes that leave every possible gap at a segment's end. */
static size_t payload_size_of(uint64_t index) {
    return index % 7 == 0 ? index % 1500 : 0;
}

static uint8_t payload_byte_of(uint64_t index, size_t at) {
    return (uint8_t)(index * 31 + at);
}

static void write_record(rnc_queue *queue, uint64_t index) {
    size_t size = payload_size_of(index);
    rnc_record *record = rnc_queue_reserve(queue, size + 200);
    if (!record)
        return;
    record->kind = RNC_SYSCALL;
    record->start = index;
    record->payload_size = (uint32_t)size;
    uint8_t *payload = rnc_record_payload(record);
    for (size_t at = 0; at < size; at++)
        payload[at] = payload_byte_of(index, at);
    rnc_queue_commit(queue, record);
}

static bool is_record(const rnc_record *record, uint64_t index) {
    size_t size = payload_size_of(index);
    if (record->start != index || record->kind != RNC_SYSCALL)
        return false;
    if (record->payload_size != size)
        return false;
    const uint8_t *payload = rnc_record_payload(record);
    for (size_t at = 0; at < size; at++)
        if (payload[at] != payload_byte_of(index, at))
            return false;
    return true;
}

static void *produce(void *argument) {
    rnc_queue *queue = argument;
    for (uint64_t index = 0; index < RECORDS; index++)
        write_record(queue, index);
    rnc_queue_close(queue);
    return NULL;
}

/* Reads until the stream is over; stalls for stall_ms before the first record. */
static uint64_t consume(rnc_stream *stream, long stall_ms) {
    struct timespec stall = {stall_ms / 1000, stall_ms % 1000 * 1000000};
    nanosleep(&stall, NULL);
    uint64_t next = 0, wrong = 0;
    for (;;) {
        bool closed = stream->closed(stream);
        const rnc_record *record = stream->peek(stream);
        if (!record) {
            if (closed)
                break;
            stream->wait(stream, 100);
            continue;
        }
        wrong += !is_record(record, next);
        next++;
        stream->release(stream, record);
    }
    CHECK(wrong == 0, "%llu records differ", (unsigned long long)wrong);
    return next;
}

/* A consumer that keeps up, and one so late that most of it goes through the file. */
static void test_two_threads(size_t budget, long stall_ms) {
    rnc_queue *queue = rnc_queue_new(budget);
    rnc_stream *stream = rnc_queue_stream(queue);
    pthread_t producer;
    pthread_create(&producer, NULL, produce, queue);
    uint64_t seen = consume(stream, stall_ms);
    pthread_join(producer, NULL);
    CHECK(seen == RECORDS, "%llu", (unsigned long long)seen);
    CHECK(stream->dropped(stream) == 0);
    rnc_queue_free(queue);
}

static size_t mapped_bytes(void) {
    FILE *statm = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    if (fscanf(statm, "%lu", &pages) != 1)
        pages = 0;
    fclose(statm);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* A consumer that keeps up costs a constant amount of memory, however long the run. */
static void test_recycling(void) {
    rnc_queue *queue = rnc_queue_new(0);
    rnc_stream *stream = rnc_queue_stream(queue);
    size_t before = 0;
    for (uint64_t index = 0; index < 200000; index++) {
        write_record(queue, index);
        stream->release(stream, stream->peek(stream));
        if (index == 50000)
            before = mapped_bytes();
    }
    CHECK(mapped_bytes() <= before + (1 << 20), "%zu then %zu", before, mapped_bytes());
    rnc_queue_free(queue);
}

static void test_limits(void) {
    rnc_queue *queue = rnc_queue_new(0);
    rnc_stream *stream = rnc_queue_stream(queue);
    CHECK(stream->peek(stream) == NULL);
    CHECK(!stream->closed(stream));
    CHECK(rnc_queue_reserve(queue, RNC_QUEUE_PAYLOAD_MAX + 1) == NULL);
    CHECK(stream->dropped(stream) == 1);
    rnc_record *record = rnc_queue_reserve(queue, RNC_QUEUE_PAYLOAD_MAX);
    memset(rnc_record_payload(record), 7, RNC_QUEUE_PAYLOAD_MAX);
    rnc_queue_commit(queue, record);
    const rnc_record *read = stream->peek(stream);
    CHECK(read && read->payload_size == RNC_QUEUE_PAYLOAD_MAX);
    stream->release(stream, read);
    CHECK(stream->peek(stream) == NULL);
    rnc_queue_close(queue);
    stream->wait(stream, 100000);
    CHECK(stream->closed(stream));
    rnc_queue_free(queue);
}

/* Neither memory nor disk: what cannot be taken is counted, and what was taken stays readable. */
static void test_nowhere_to_spill(void) {
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, RLIM_INFINITY});
    rnc_queue *queue = rnc_queue_new(2 << 20);
    rnc_stream *stream = rnc_queue_stream(queue);
    for (uint64_t index = 0; index < 50000; index++)
        write_record(queue, index);
    uint64_t lost = stream->dropped(stream), kept = 0;
    CHECK(lost > 0);
    for (const rnc_record *record; (record = stream->peek(stream)); kept++)
        stream->release(stream, record);
    CHECK(kept + lost == 50000, "%llu kept", (unsigned long long)kept);
    rnc_queue_free(queue);
}

int main(void) {
    test_limits();
    test_recycling();
    test_two_threads(0, 0);
    test_two_threads(4 << 20, 700);
    test_nowhere_to_spill();
    return check_report();
}
