/* The statistics sink: calls, errors and exact time per syscall name, as strace -c counts them, and
 * every duration on request. */
#include "report/name_index.h"
#include "trace/sink.h"

typedef struct tally {
    uint64_t calls;
    uint64_t errors;
    uint64_t total_ns;
    double *durations;
    size_t capacity; /* of durations */
} tally;

typedef struct stats_sink {
    rnc_sink sink;
    bool keep;
    bool failed; /* memory ran out: the counts are not complete */
    rnc_name_index names;
    tally *tallies; /* one per name */
    size_t count;
    size_t capacity;
} stats_sink;

static tally *tally_of(stats_sink *self, const rnc_syscall_body *call) {
    size_t index = rnc_name_index_find(&self->names, call);
    if (index == RNC_NO_INDEX)
        return NULL;
    if (index >= self->capacity) {
        size_t capacity = self->capacity ? self->capacity * 2 : 64;
        tally *grown = realloc(self->tallies, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        self->tallies = grown;
        self->capacity = capacity;
    }
    while (self->count <= index)
        self->tallies[self->count++] = (tally){0};
    return &self->tallies[index];
}

static bool keep_duration(tally *of, uint64_t ns) {
    if (of->calls == of->capacity) {
        size_t capacity = of->capacity ? of->capacity * 2 : 256;
        double *grown = realloc(of->durations, capacity * sizeof *grown);
        if (!grown)
            return false;
        of->durations = grown;
        of->capacity = capacity;
    }
    of->durations[of->calls] = (double)ns;
    return true;
}

static void accept(rnc_sink *sink, const rnc_record *record, rnc_process *process) {
    stats_sink *self = (stats_sink *)sink;
    if (!rnc_call_returned(record))
        return;
    tally *of = tally_of(self, &record->syscall);
    uint64_t ns = rnc_record_duration(record);
    if (!of || (self->keep && !keep_duration(of, ns))) {
        self->failed = true;
        return;
    }
    of->calls++;
    of->errors += (record->syscall.flags & (RNC_SYSCALL_FAILED | RNC_SYSCALL_RESTART)) != 0;
    of->total_ns += ns;
}

static void take(rnc_sink *sink, rnc_chunk *out) {
    *out = (rnc_chunk){"", 0, 0};
}

static bool full(rnc_sink *sink) {
    return false;
}

static void destroy(rnc_sink *sink) {
    stats_sink *self = (stats_sink *)sink;
    for (size_t i = 0; i < self->count; i++)
        free(self->tallies[i].durations);
    free(self->tallies);
    rnc_name_index_close(&self->names);
    free(self);
}

rnc_sink *rnc_stats_new(bool keep_durations) {
    stats_sink *self = calloc(1, sizeof *self);
    if (!self || !rnc_name_index_open(&self->names)) {
        free(self);
        return NULL;
    }
    self->sink = (rnc_sink){accept, take, full, destroy};
    self->keep = keep_durations;
    return &self->sink;
}

size_t rnc_stats_row_count(rnc_sink *sink) {
    return ((stats_sink *)sink)->count;
}

int rnc_stats_read_row(rnc_sink *sink, size_t index, rnc_stats_row *out) {
    const stats_sink *self = (const stats_sink *)sink;
    if (self->failed)
        return RNC_NO_MEMORY;
    if (index >= self->count)
        return RNC_INVALID_INPUT;
    const tally *of = &self->tallies[index];
    const char *name = rnc_name_index_text(&self->names, index);
    *out = (rnc_stats_row){name, of->calls, of->errors, of->total_ns, of->durations};
    return RNC_OK;
}
