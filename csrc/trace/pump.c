#include <stdatomic.h>
#include <stdlib.h>

#include "trace/clock.h"
#include "trace/sink.h"
#include "trace/stream.h"

enum {
    SINKS_MAX = 8,
    BATCH = 1024, /* records between two looks at the time */
    WAIT_MS = 10, /* of one wait, after which a wake is noticed */
};

struct rnc_pump {
    rnc_stream *stream;
    rnc_processes *processes;
    rnc_sink *sinks[SINKS_MAX];
    size_t sink_count;
    _Atomic bool woken;
};

rnc_pump *rnc_pump_new(rnc_stream *stream) {
    rnc_pump *pump = calloc(1, sizeof *pump);
    if (!pump)
        return NULL;
    pump->stream = stream;
    pump->processes = rnc_processes_new();
    if (pump->processes)
        return pump;
    free(pump);
    return NULL;
}

void rnc_pump_free(rnc_pump *pump) {
    if (!pump)
        return;
    rnc_processes_free(pump->processes);
    free(pump);
}

int rnc_pump_add(rnc_pump *pump, rnc_sink *sink) {
    if (!sink || pump->sink_count == SINKS_MAX)
        return RNC_INVALID_INPUT;
    pump->sinks[pump->sink_count++] = sink;
    return RNC_OK;
}

void rnc_pump_wake(rnc_pump *pump) {
    /* relaxed: it only ends a wait; records are read with the stream's own order */
    atomic_store_explicit(&pump->woken, true, memory_order_relaxed);
}

static bool any_full(const rnc_pump *pump) {
    for (size_t i = 0; i < pump->sink_count; i++)
        if (pump->sinks[i]->full(pump->sinks[i]))
            return true;
    return false;
}

static void hand_on(rnc_pump *pump, const rnc_record *record) {
    rnc_process *process = rnc_processes_update(pump->processes, record);
    bool ended = record->kind == RNC_PROCESS_EXIT && process;
    if (ended)
        process->dropped = pump->stream->dropped(pump->stream);
    for (size_t i = 0; i < pump->sink_count; i++)
        pump->sinks[i]->accept(pump->sinks[i], record, process);
    if (ended)
        rnc_processes_remove(pump->processes, process);
    pump->stream->release(pump->stream, record);
}

/* Up to BATCH records; fewer when a sink is full or there are none left. */
static size_t drain(rnc_pump *pump) {
    const rnc_record *record;
    size_t drained = 0;
    while (drained < BATCH && !any_full(pump) && (record = pump->stream->peek(pump->stream))) {
        hand_on(pump, record);
        drained++;
    }
    return drained;
}

static void wait_for_records(rnc_pump *pump, uint64_t end) {
    uint64_t now = rnc_clock_monotonic();
    if (now >= end)
        return;
    uint64_t left_ms = (end - now + 999999) / 1000000;
    pump->stream->wait(pump->stream, left_ms < WAIT_MS ? (uint32_t)left_ms : WAIT_MS);
}

int rnc_pump_run(rnc_pump *pump, uint32_t wait_ms) {
    uint64_t end = rnc_clock_monotonic() + (uint64_t)wait_ms * 1000000;
    int state = RNC_PUMP_IDLE;
    rnc_clock_discipline();
    for (;;) {
        bool closed = pump->stream->closed(pump->stream);
        size_t drained = drain(pump);
        if (drained)
            state = RNC_PUMP_MORE;
        if (any_full(pump))
            return RNC_PUMP_READY;
        if (!drained && closed)
            return RNC_PUMP_DONE;
        if (rnc_clock_monotonic() >= end ||
            atomic_exchange_explicit(&pump->woken, false, memory_order_relaxed))
            return state;
        if (!drained)
            wait_for_records(pump, end);
    }
}
