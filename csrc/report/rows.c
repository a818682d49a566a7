#include "report/rows.h"

#include <stdlib.h>

#include "trace/sink.h"

typedef struct rows_sink {
    rnc_sink sink;
    rnc_text_config config;
    rnc_put_row *put;
    rnc_buffer filling;
    rnc_buffer taken; /* what the last take gave out */
    size_t rows;      /* in filling */
} rows_sink;

static void accept(rnc_sink *sink, const rnc_record *record, rnc_process *process) {
    rows_sink *self = (rows_sink *)sink;
    if (record->kind != RNC_SYSCALL && record->kind != RNC_SIGNAL &&
        record->kind != RNC_PROCESS_EXIT)
        return;
    size_t row = self->filling.size;
    self->put(&self->filling, record, &self->config);
    self->rows++;
    if (self->filling.failed) { /* no half row */
        self->filling.failed = false;
        self->filling.size = row;
        self->rows--;
    }
}

static void take(rnc_sink *sink, rnc_chunk *out) {
    rows_sink *self = (rows_sink *)sink;
    rnc_buffer spare = self->taken;
    self->taken = self->filling;
    self->filling = spare;
    self->filling.size = 0;
    *out = (rnc_chunk){self->taken.data, self->taken.size, self->rows};
    self->rows = 0;
}

static bool full(rnc_sink *sink) {
    rows_sink *self = (rows_sink *)sink;
    return self->filling.size >= self->config.chunk_bytes;
}

static void destroy(rnc_sink *sink) {
    rows_sink *self = (rows_sink *)sink;
    rnc_buffer_free(&self->filling);
    rnc_buffer_free(&self->taken);
    free(self);
}

rnc_sink *rnc_rows_new(const rnc_text_config *config, rnc_put_row *put, const char *head) {
    rows_sink *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->sink = (rnc_sink){accept, take, full, destroy};
    self->config = *config;
    self->put = put;
    if (!self->config.chunk_bytes)
        self->config.chunk_bytes = 1;
    rnc_buffer_text(&self->filling, head);
    return &self->sink;
}
