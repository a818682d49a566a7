/* The ring under four producers: nothing torn, nothing reordered, nothing unaccounted for. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "check.h"
#include "trace/ring.h"

enum { PRODUCERS = 4, OFFERS = 60000 };

typedef struct producer {
    rnc_ring *ring;
    uint32_t number;
} producer;

/* 0 to 3 slots of payload, so that records meet the end of the array at every distance. */
static size_t payload_size(uint64_t i) {
    return (size_t)(i * 37 % 385);
}

static void *produce(void *argument) {
    const producer *self = argument;
    for (uint64_t i = 1; i <= OFFERS; i++) {
        size_t size = payload_size(i);
        rnc_record *record = rnc_ring_reserve(self->ring, size);
        if (!record) {
            sched_yield();
            continue;
        }
        record->kind = RNC_SYSCALL;
        record->start = i;
        record->end = ~i;
        record->span_id = self->number;
        record->payload_size = (uint32_t)size;
        memset(rnc_record_payload(record), (int)(i & 0xFF), size);
        rnc_ring_commit(self->ring, record);
    }
    return NULL;
}

static bool whole(const rnc_record *record) {
    const unsigned char *payload = rnc_record_payload(record);
    if (record->end != ~record->start || record->payload_size != payload_size(record->start))
        return false;
    for (uint32_t i = 0; i < record->payload_size; i++)
        if (payload[i] != (record->start & 0xFF))
            return false;
    return true;
}

static void *consume(void *argument) {
    static uint64_t taken[1];
    rnc_stream *stream = rnc_ring_stream(argument);
    uint64_t last[PRODUCERS] = {0};
    for (;;) {
        bool closed = stream->closed(stream);
        const rnc_record *record = stream->peek(stream);
        if (!record && closed)
            return taken;
        if (!record) {
            sched_yield();
            continue;
        }
        CHECK(whole(record), "record %lu", (unsigned long)record->start);
        CHECK(record->span_id < PRODUCERS && record->start > last[record->span_id]);
        last[record->span_id] = record->start;
        taken[0]++;
        stream->release(stream, record);
    }
}

static void test_many_producers(void) {
    rnc_ring *ring = rnc_ring_new(256);
    producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS], consumer;
    pthread_create(&consumer, NULL, consume, ring);
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        producers[i] = (producer){ring, i};
        pthread_create(&threads[i], NULL, produce, &producers[i]);
    }
    for (uint32_t i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    rnc_ring_close(ring);
    void *taken;
    pthread_join(consumer, &taken);
    rnc_stream *stream = rnc_ring_stream(ring);
    uint64_t offered = (uint64_t)PRODUCERS * OFFERS;
    CHECK(*(uint64_t *)taken + stream->dropped(stream) == offered, "%lu taken, %lu dropped",
          (unsigned long)*(uint64_t *)taken, (unsigned long)stream->dropped(stream));
    CHECK(*(uint64_t *)taken > 0);
    rnc_ring_free(ring);
}

static bool push(rnc_ring *ring, uint64_t start, size_t size) {
    rnc_record *record = rnc_ring_reserve(ring, size);
    if (!record)
        return false;
    record->kind = RNC_SYSCALL;
    record->start = start;
    record->payload_size = (uint32_t)size;
    memset(rnc_record_payload(record), 0xFF, size);
    rnc_ring_commit(ring, record);
    return true;
}

static void test_full_and_refilled(void) {
    rnc_ring *ring = rnc_ring_new(8);
    rnc_stream *stream = rnc_ring_stream(ring);
    for (uint64_t round = 0; round < 100; round++) {
        uint64_t pushed = 0, taken = 0;
        while (push(ring, pushed, round % 3 * RNC_SLOT_SIZE))
            pushed++;
        CHECK(pushed >= 8 / (round % 3 + 1) - 1, "round %lu", (unsigned long)round);
        CHECK(stream->dropped(stream) == round + 1);
        for (const rnc_record *record; (record = stream->peek(stream)); taken++) {
            CHECK(record->start == taken);
            stream->release(stream, record);
        }
        CHECK(taken == pushed);
    }
    CHECK(!rnc_ring_reserve(ring, 4 * RNC_SLOT_SIZE), "more than half of the ring");
    rnc_ring_free(ring);
}

static void test_closed_waits_for_a_reserved_record(void) {
    rnc_ring *ring = rnc_ring_new(8);
    rnc_stream *stream = rnc_ring_stream(ring);
    rnc_record *late = rnc_ring_reserve(ring, 0);
    late->kind = RNC_SYSCALL;
    rnc_ring_close(ring);
    CHECK(!stream->closed(stream) && !stream->peek(stream));
    CHECK(!rnc_ring_reopen(ring));
    CHECK(!rnc_ring_reserve(ring, 0));
    rnc_ring_commit(ring, late);
    CHECK(stream->closed(stream) && stream->peek(stream) == late);
    CHECK(rnc_ring_reopen(ring) && !stream->peek(stream) && !stream->closed(stream));
    CHECK(push(ring, 1, 0) && stream->dropped(stream) == 0);
    rnc_ring_reset(ring);
    CHECK(!stream->peek(stream) && push(ring, 2, 0) && stream->peek(stream)->start == 2);
    rnc_ring_free(ring);
}

int main(void) {
    CHECK(!rnc_ring_new(3) && !rnc_ring_new(0));
    test_full_and_refilled();
    test_closed_waits_for_a_reserved_record();
    test_many_producers();
    return check_report();
}
