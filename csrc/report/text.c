/* The text sink: one line per call, signal and exit, as strace prints them. */
#include <sys/wait.h>
#include <time.h>

#include "report/text.h"
#include "trace/sink.h"

enum { RESULT_COLUMN = 40, NS_PER_US = 1000, US_PER_S = 1000000 };
#define NS_PER_S 1000000000ull

typedef struct text_sink {
    rnc_sink sink;
    rnc_text_config config;
    rnc_decode_style style;
    rnc_buffer filling;
    rnc_buffer taken;     /* what the last take gave out */
    size_t lines;         /* in filling */
    uint64_t lost;        /* lines there was no memory for, since the last one said so */
    uint64_t live;        /* processes that started and have not ended */
    bool threads;         /* some task was not the first of its process */
    uint64_t previous;    /* start of the line before, for -r; 0: none */
    int64_t clock_second; /* of clock_text */
    char clock_text[16];
} text_sink;

static void pad(rnc_buffer *out, size_t line, size_t column) {
    do
        rnc_buffer_char(out, ' ');
    while (!out->failed && out->size - line < column);
}

/* seconds.micros, the seconds right-aligned in `width`. */
static void put_seconds(rnc_buffer *out, uint64_t ns, int width) {
    char text[48];
    int size =
        snprintf(text, sizeof text, "%*llu.%06llu", width, (unsigned long long)(ns / NS_PER_S),
                 (unsigned long long)(ns % NS_PER_S / NS_PER_US));
    rnc_buffer_append(out, text, (size_t)size);
}

static void put_clock(text_sink *self, int64_t second) {
    if (second != self->clock_second) {
        struct tm local;
        time_t when = (time_t)second;
        if (!localtime_r(&when, &local))
            memset(&local, 0, sizeof local);
        strftime(self->clock_text, sizeof self->clock_text, "%H:%M:%S", &local);
        self->clock_second = second;
    }
    rnc_buffer_text(&self->filling, self->clock_text);
}

static void put_time(text_sink *self, uint64_t time) {
    rnc_buffer *out = &self->filling;
    int64_t epoch = (int64_t)time + self->config.epoch_offset;
    uint64_t wall = epoch > 0 ? (uint64_t)epoch : 0;
    char micros[16];
    switch (self->config.timestamps) {
    case 0:
        break;
    case 1:
        put_clock(self, (int64_t)(wall / NS_PER_S));
        break;
    case 2:
        put_clock(self, (int64_t)(wall / NS_PER_S));
        snprintf(micros, sizeof micros, ".%06u", (unsigned)(wall / NS_PER_US % US_PER_S));
        rnc_buffer_text(out, micros);
        break;
    default:
        put_seconds(out, wall, 0);
    }
    if (self->config.timestamps)
        rnc_buffer_char(out, ' ');
}

static void put_relative(text_sink *self, uint64_t time) {
    rnc_buffer *out = &self->filling;
    uint64_t since = self->previous && time > self->previous ? time - self->previous : 0;
    self->previous = time;
    if (self->config.timestamps)
        rnc_buffer_text(out, "(+");
    put_seconds(out, since, 6);
    rnc_buffer_text(out, self->config.timestamps ? ") " : " ");
}

static void put_pid(text_sink *self, uint32_t tid) {
    char text[24];
    bool several = self->live > 1 || self->threads;
    if (!self->config.pids && !several)
        return;
    snprintf(text, sizeof text, self->config.pids ? "%-5u " : "[pid %5u] ", tid);
    rnc_buffer_text(&self->filling, text);
}

static void put_prefix(text_sink *self, uint32_t tid, uint64_t time) {
    put_pid(self, tid);
    put_time(self, time);
    if (self->config.relative)
        put_relative(self, time);
}

static void put_call(text_sink *self, const rnc_record *record) {
    rnc_buffer *out = &self->filling;
    size_t line = out->size;
    char scratch[24];
    put_prefix(self, record->syscall.tid, record->start);
    rnc_buffer_text(out, rnc_syscall_name(&record->syscall, scratch));
    rnc_buffer_char(out, '(');
    rnc_decode_args(out, record, &self->style);
    rnc_buffer_char(out, ')');
    pad(out, line, RESULT_COLUMN);
    rnc_buffer_text(out, "= ");
    rnc_decode_result(out, record);
    bool returned = !(record->syscall.flags & RNC_SYSCALL_UNFINISHED) &&
                    !rnc_syscall_signature(record->syscall.row)->never_returns;
    if (!self->config.durations || !returned)
        return;
    rnc_buffer_text(out, " <");
    put_seconds(out, record->end > record->start ? record->end - record->start : 0, 0);
    rnc_buffer_char(out, '>');
}

static void put_exit(text_sink *self, const rnc_record *record) {
    rnc_buffer *out = &self->filling;
    int status = record->process.wait_status;
    char text[64];
    put_prefix(self, record->process.pid, record->end ? record->end : record->start);
    if (WIFSIGNALED(status)) {
        rnc_buffer_text(out, "+++ killed by ");
        rnc_put_signal_name(out, WTERMSIG(status));
        rnc_buffer_text(out, WCOREDUMP(status) ? " (core dumped) +++" : " +++");
    } else {
        snprintf(text, sizeof text, "+++ exited with %d +++", WEXITSTATUS(status));
        rnc_buffer_text(out, text);
    }
}

static bool take_note(text_sink *self, const rnc_record *record) {
    switch (record->kind) {
    case RNC_PROCESS_START:
        self->live++;
        return false;
    case RNC_SYSCALL:
        self->threads |= record->syscall.tid != record->syscall.pid;
        return true;
    case RNC_SIGNAL:
        self->threads |= record->signal.tid != record->signal.pid;
        return true;
    case RNC_PROCESS_EXIT:
        return true;
    default:
        return false;
    }
}

static void put_line(text_sink *self, const rnc_record *record) {
    switch (record->kind) {
    case RNC_SYSCALL:
        put_call(self, record);
        break;
    case RNC_SIGNAL:
        put_prefix(self, record->signal.tid, record->start);
        rnc_put_signal_line(&self->filling, &record->signal);
        break;
    default:
        put_exit(self, record);
    }
    rnc_buffer_char(&self->filling, '\n');
}

static void say_lost(text_sink *self) {
    char text[64];
    if (!self->lost)
        return;
    snprintf(text, sizeof text, "--- %llu lines lost: out of memory ---\n",
             (unsigned long long)self->lost);
    rnc_buffer_text(&self->filling, text);
    if (!self->filling.failed)
        self->lost = 0;
}

static void accept(rnc_sink *sink, const rnc_record *record, rnc_process *process) {
    text_sink *self = (text_sink *)sink;
    if (!take_note(self, record))
        return;
    size_t line = self->filling.size;
    say_lost(self);
    put_line(self, record);
    if (self->filling.failed) {
        self->filling.failed = false;
        self->filling.size = line;
        self->lost++;
    } else {
        self->lines++;
    }
    if (record->kind == RNC_PROCESS_EXIT && self->live)
        self->live--;
}

static void take(rnc_sink *sink, rnc_chunk *out) {
    text_sink *self = (text_sink *)sink;
    rnc_buffer spare = self->taken;
    self->taken = self->filling;
    self->filling = spare;
    self->filling.size = 0;
    *out = (rnc_chunk){self->taken.data, self->taken.size, self->lines};
    self->lines = 0;
}

static bool full(rnc_sink *sink) {
    text_sink *self = (text_sink *)sink;
    return self->filling.size >= self->config.chunk_bytes;
}

static void destroy(rnc_sink *sink) {
    text_sink *self = (text_sink *)sink;
    rnc_buffer_free(&self->filling);
    rnc_buffer_free(&self->taken);
    free(self);
}

rnc_sink *rnc_text_new(const rnc_text_config *config) {
    text_sink *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->sink = (rnc_sink){accept, take, full, destroy};
    self->config = *config;
    self->style = (rnc_decode_style){config->string_limit, config->verbose, config->hex_strings};
    self->clock_second = -1;
    if (!self->config.chunk_bytes)
        self->config.chunk_bytes = 1;
    return &self->sink;
}
