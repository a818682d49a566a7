/* Sinks of records as data: one row a record. Each format writes a row; rows.c is the sink. */
#ifndef RNC_REPORT_ROWS_H
#define RNC_REPORT_ROWS_H

#include "syscall/tables.h"

/* Appends one row of a SYSCALL, SIGNAL or PROCESS_EXIT record. */
typedef void rnc_put_row(rnc_buffer *out, const rnc_record *record, const rnc_text_config *config);

/* head: what stands before the first row. */
rnc_sink *rnc_rows_new(const rnc_text_config *config, rnc_put_row *put, const char *head);

/* Nanoseconds since the epoch of a time of a record. */
static inline int64_t rnc_row_time(const rnc_text_config *config, uint64_t time) {
    return (int64_t)time + config->epoch_offset;
}

#endif
