/* The anomaly sink: durations far from those of the calls of the same name just before.
 *
 * Every name has a window of the last durations. A call is judged against the window as it was
 * before the call, then joins it, anomaly or not: a lasting change stops being news. The window's
 * sums are integers of 64 and 128 bits, so they are exact however long the run: nothing drifts and
 * nothing cancels. */
#include <math.h>
#include <stdio.h>

#include "report/anomalies.h"
#include "report/name_index.h"
#include "trace/sink.h"

enum {
    WINDOW_MIN = 10,      /* also the samples a verdict needs */
    WINDOW_MAX = 1 << 16, /* with LONGEST: count times the sum of squares stays below 2^126 */
    TOP = 10,
};
#define LONGEST ((1ull << 47) - 1) /* ns a window holds of one call, 39 hours */

typedef struct window {
    double *durations; /* ns, whole numbers; a ring of `size` */
    size_t count;
    size_t next;
    uint64_t sum;
    unsigned __int128 squares;
    uint64_t tested;
    uint64_t anomalies;
} window;

typedef struct anomalies_sink {
    rnc_sink sink;
    rnc_anomalies_config config;
    rnc_anomalies_counts counts;
    rnc_name_index names;
    window *windows; /* one per name */
    size_t window_count;
    size_t window_capacity;
    const rnc_record *judged; /* the record `verdict` is about; NULL: it was ordinary */
    rnc_anomaly verdict;
    rnc_anomaly top[TOP]; /* furthest first */
    size_t top_count;
    rnc_buffer chunks[2]; /* being filled, and taken */
    size_t filling;
    size_t lines;
} anomalies_sink;

/* Index of the names below, and of the counts. */
static size_t severity(double zscore) {
    double distance = fabs(zscore);
    return distance < 4 ? 0 : distance < 5 ? 1 : 2;
}

const char *rnc_anomaly_severity(double zscore) {
    static const char *const names[] = {"Low", "Medium", "High"};
    return names[severity(zscore)];
}

static window *window_of(anomalies_sink *self, const rnc_syscall_body *call) {
    size_t index = rnc_name_index_find(&self->names, call);
    if (index == RNC_NO_INDEX)
        return NULL;
    if (index >= self->window_capacity) {
        size_t capacity = self->window_capacity ? self->window_capacity * 2 : 64;
        window *grown = realloc(self->windows, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        self->windows = grown;
        self->window_capacity = capacity;
    }
    while (self->window_count <= index)
        self->windows[self->window_count++] = (window){0};
    window *of = &self->windows[index];
    if (!of->durations)
        of->durations = malloc(self->config.window * sizeof *of->durations);
    return of->durations ? of : NULL;
}

/* The sample standard deviation of a window of at least two; 0 if all are equal. */
static double deviation(const window *of) {
    unsigned __int128 count = of->count, sum = of->sum;
    unsigned __int128 spread = count * of->squares - sum * sum; /* never negative: Cauchy-Schwarz */
    return sqrt((double)spread / ((double)of->count * (double)(of->count - 1)));
}

static void join(window *of, size_t size, uint64_t ns) {
    if (ns > LONGEST)
        ns = LONGEST;
    if (of->count == size) {
        uint64_t oldest = (uint64_t)of->durations[of->next];
        of->sum -= oldest;
        of->squares -= (unsigned __int128)oldest * oldest;
    } else {
        of->count++;
    }
    of->durations[of->next] = (double)ns;
    of->next = of->next + 1 == size ? 0 : of->next + 1;
    of->sum += ns;
    of->squares += (unsigned __int128)ns * ns;
}

static void remember(anomalies_sink *self) {
    double distance = fabs(self->verdict.zscore);
    if (self->top_count == TOP && fabs(self->top[TOP - 1].zscore) >= distance)
        return;
    size_t at = self->top_count < TOP ? self->top_count++ : TOP - 1;
    for (; at && fabs(self->top[at - 1].zscore) < distance; at--)
        self->top[at] = self->top[at - 1];
    self->top[at] = self->verdict;
}

static void print(anomalies_sink *self) {
    const rnc_anomaly *of = &self->verdict;
    rnc_buffer *out = &self->chunks[self->filling];
    char *room = rnc_buffer_room(out, 256);
    if (!room)
        return;
    int size = snprintf(room, 256,
                        "[anomaly] %s %+.1f\u03c3 %s took %.3f \u00b5s; the %u calls before: mean "
                        "%.3f, stddev %.3f \u00b5s (pid %u)\n",
                        rnc_anomaly_severity(of->zscore), of->zscore, of->name,
                        (double)of->duration_ns / 1e3, of->samples, of->mean_ns / 1e3,
                        of->stddev_ns / 1e3, of->pid);
    out->size += (size_t)size;
    self->lines++;
}

static void found(anomalies_sink *self, window *of, const rnc_record *record) {
    uint64_t *const severities[] = {&self->counts.low, &self->counts.medium, &self->counts.high};
    ++*severities[severity(self->verdict.zscore)];
    of->anomalies++;
    self->judged = record;
    remember(self);
    print(self);
}

static void judge(anomalies_sink *self, window *of, const rnc_record *record) {
    double stddev = of->count < WINDOW_MIN ? 0 : deviation(of);
    if (stddev == 0)
        return; /* too few, or no spread: no distance can be told */
    uint64_t ns = rnc_record_duration(record);
    double mean = (double)of->sum / (double)of->count;
    double zscore = ((double)ns - mean) / stddev;
    self->counts.tested++;
    of->tested++;
    if (fabs(zscore) < self->config.threshold)
        return;
    uint32_t index = (uint32_t)(of - self->windows);
    self->verdict = (rnc_anomaly){
        .name = rnc_name_index_text(&self->names, index),
        .start = record->start,
        .duration_ns = ns,
        .zscore = zscore,
        .mean_ns = mean,
        .stddev_ns = stddev,
        .samples = (uint32_t)of->count,
        .window = index,
        .pid = record->syscall.pid,
        .tid = record->syscall.tid,
    };
    found(self, of, record);
}

static void accept(rnc_sink *sink, const rnc_record *record, rnc_process *process) {
    anomalies_sink *self = (anomalies_sink *)sink;
    self->judged = NULL;
    if (!rnc_call_returned(record))
        return;
    window *of = window_of(self, &record->syscall);
    if (!of) {
        self->counts.no_memory++;
        return;
    }
    judge(self, of, record);
    join(of, self->config.window, rnc_record_duration(record));
}

static void take(rnc_sink *sink, rnc_chunk *out) {
    anomalies_sink *self = (anomalies_sink *)sink;
    rnc_buffer *filled = &self->chunks[self->filling];
    *out = (rnc_chunk){filled->data, filled->size, self->lines};
    self->filling ^= 1;
    self->chunks[self->filling].size = 0;
    self->lines = 0;
}

static bool full(rnc_sink *sink) {
    const anomalies_sink *self = (const anomalies_sink *)sink;
    return self->chunks[self->filling].size >= self->config.chunk_bytes;
}

static void destroy(rnc_sink *sink) {
    anomalies_sink *self = (anomalies_sink *)sink;
    for (size_t i = 0; i < self->window_count; i++)
        free(self->windows[i].durations);
    free(self->windows);
    rnc_name_index_close(&self->names);
    rnc_buffer_free(&self->chunks[0]);
    rnc_buffer_free(&self->chunks[1]);
    free(self);
}

rnc_sink *rnc_anomalies_new(const rnc_anomalies_config *config) {
    bool valid = config->window >= WINDOW_MIN && config->window <= WINDOW_MAX &&
                 config->threshold > 0 && isfinite(config->threshold);
    anomalies_sink *self = valid ? calloc(1, sizeof *self) : NULL;
    if (!self || !rnc_name_index_open(&self->names)) {
        free(self);
        return NULL;
    }
    self->sink = (rnc_sink){accept, take, full, destroy};
    self->config = *config;
    return &self->sink;
}

const rnc_anomaly *rnc_anomaly_of(const rnc_sink *sink, const rnc_record *record) {
    const anomalies_sink *self = (const anomalies_sink *)sink;
    return self->judged == record ? &self->verdict : NULL;
}

void rnc_anomalies_read_counts(rnc_sink *sink, rnc_anomalies_counts *out) {
    *out = ((const anomalies_sink *)sink)->counts;
}

int rnc_anomalies_read_top(rnc_sink *sink, size_t index, rnc_anomaly *out) {
    const anomalies_sink *self = (const anomalies_sink *)sink;
    if (index >= self->top_count)
        return RNC_INVALID_INPUT;
    *out = self->top[index];
    out->name = rnc_name_index_text(&self->names, out->window); /* names may have moved */
    return RNC_OK;
}

int rnc_anomalies_read_window(rnc_sink *sink, size_t index, rnc_anomaly_window *out) {
    const anomalies_sink *self = (const anomalies_sink *)sink;
    if (index >= self->window_count)
        return RNC_INVALID_INPUT;
    const window *of = &self->windows[index];
    *out = (rnc_anomaly_window){rnc_name_index_text(&self->names, index), of->durations, of->count,
                                of->tested, of->anomalies};
    return RNC_OK;
}
