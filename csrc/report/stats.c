/* The statistics sink: calls, errors and exact time per syscall name, as strace -c counts them, and
 * every duration on request. */
#include "syscall/tables.h"
#include "trace/sink.h"

typedef struct tally {
    char name[24]; /* of a number that no table has; "" else */
    uint16_t row;
    int32_t number;
    uint64_t calls;
    uint64_t errors;
    uint64_t total_ns;
    double *durations;
    size_t capacity; /* of durations */
} tally;

typedef struct stats_sink {
    rnc_sink sink;
    bool keep;
    bool failed;    /* memory ran out: the counts are not complete */
    size_t rows;    /* of the syscall table */
    tally *tallies; /* in order of first call */
    size_t count;
    size_t capacity;
    uint16_t *first;     /* row → the first row of the same name */
    uint32_t *by_row;    /* row → its tally + 1 */
    uint32_t *by_number; /* open hash of unknown numbers: tally + 1 */
    size_t buckets;      /* a power of two, at least twice the unknown numbers; 0: none yet */
    size_t unknown;
} stats_sink;

static size_t bucket_of(const stats_sink *self, int32_t number) {
    size_t at = (uint32_t)number * 2654435769u & (self->buckets - 1);
    while (self->by_number[at] && self->tallies[self->by_number[at] - 1].number != number)
        at = (at + 1) & (self->buckets - 1);
    return at;
}

static bool grow_buckets(stats_sink *self) {
    size_t buckets = self->buckets ? self->buckets * 2 : 16;
    uint32_t *old = self->by_number, *fresh = calloc(buckets, sizeof *fresh);
    if (!fresh)
        return false;
    self->by_number = fresh;
    self->buckets = buckets;
    for (size_t i = 0; i < self->count; i++)
        if (self->tallies[i].row == RNC_NO_ROW)
            fresh[bucket_of(self, self->tallies[i].number)] = (uint32_t)i + 1;
    free(old);
    return true;
}

static tally *add_tally(stats_sink *self, const rnc_syscall_body *call, uint16_t row) {
    if (self->count == self->capacity) {
        size_t capacity = self->capacity ? self->capacity * 2 : 64;
        tally *grown = realloc(self->tallies, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        self->tallies = grown;
        self->capacity = capacity;
    }
    tally *added = &self->tallies[self->count++];
    *added = (tally){.row = row, .number = call->number};
    if (row == RNC_NO_ROW)
        rnc_syscall_name(call, added->name);
    return added;
}

static tally *tally_of_row(stats_sink *self, const rnc_syscall_body *call) {
    uint16_t row = self->first[call->row];
    if (self->by_row[row])
        return &self->tallies[self->by_row[row] - 1];
    tally *added = add_tally(self, call, row);
    if (added)
        self->by_row[row] = (uint32_t)self->count;
    return added;
}

static tally *tally_of_number(stats_sink *self, const rnc_syscall_body *call) {
    if (self->unknown * 2 >= self->buckets && !grow_buckets(self))
        return NULL;
    size_t bucket = bucket_of(self, call->number);
    if (self->by_number[bucket])
        return &self->tallies[self->by_number[bucket] - 1];
    rnc_syscall_body nameless = *call;
    nameless.row = RNC_NO_ROW;
    tally *added = add_tally(self, &nameless, RNC_NO_ROW);
    if (!added)
        return NULL;
    self->by_number[bucket] = (uint32_t)self->count;
    self->unknown++;
    return added;
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
    const rnc_syscall_body *call = &record->syscall;
    if (record->kind != RNC_SYSCALL || call->flags & RNC_SYSCALL_UNFINISHED)
        return;
    bool known = call->row < self->rows;
    if (known && rnc_syscall_signature(call->row)->never_returns)
        return;
    tally *of = known ? tally_of_row(self, call) : tally_of_number(self, call);
    uint64_t ns = record->end > record->start ? record->end - record->start : 0;
    if (!of || (self->keep && !keep_duration(of, ns))) {
        self->failed = true;
        return;
    }
    of->calls++;
    of->errors += (call->flags & (RNC_SYSCALL_FAILED | RNC_SYSCALL_RESTART)) != 0;
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
    free(self->first);
    free(self->by_row);
    free(self->by_number);
    free(self);
}

static void find_first_rows(stats_sink *self) {
    for (size_t row = 0; row < self->rows; row++) {
        size_t first = 0;
        while (strcmp(rnc_syscall((int)first)->name, rnc_syscall((int)row)->name) != 0)
            first++;
        self->first[row] = (uint16_t)first;
    }
}

rnc_sink *rnc_stats_new(bool keep_durations) {
    stats_sink *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->sink = (rnc_sink){accept, take, full, destroy};
    self->keep = keep_durations;
    while (rnc_syscall((int)self->rows))
        self->rows++;
    self->first = calloc(self->rows, sizeof *self->first);
    self->by_row = calloc(self->rows, sizeof *self->by_row);
    if (!self->first || !self->by_row) {
        destroy(&self->sink);
        return NULL;
    }
    find_first_rows(self);
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
    const char *name = of->row == RNC_NO_ROW ? of->name : rnc_syscall(of->row)->name;
    *out = (rnc_stats_row){name, of->calls, of->errors, of->total_ns, of->durations};
    return RNC_OK;
}
