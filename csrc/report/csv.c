/* CSV: a head and one row a call, as RFC 4180 has it. Arguments and results are text as strace
 * shows them, so every byte is printable ASCII. */
#include <inttypes.h>
#include <stdio.h>

#include "report/rows.h"

static void put_integer(rnc_buffer *out, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64 ",", value);
    rnc_buffer_text(out, text);
}

/* Quotes what was appended from `start` on. */
static void quote(rnc_buffer *out, size_t start) {
    size_t size = out->size - start, quotes = 2;
    for (size_t i = 0; i < size; i++)
        quotes += out->data[start + i] == '"';
    if (out->failed || !rnc_buffer_room(out, quotes))
        return;
    out->size += quotes;
    char *to = out->data + out->size;
    *--to = '"';
    for (size_t i = size; i-- > 0;) {
        *--to = out->data[start + i];
        if (*to == '"')
            *--to = '"';
    }
    *--to = '"';
}

static void put_row(rnc_buffer *out, const rnc_record *record, const rnc_text_config *config) {
    if (record->kind != RNC_SYSCALL)
        return;
    const rnc_syscall_body *call = &record->syscall;
    rnc_decode_style style = {config->string_limit, config->verbose, 0};
    char scratch[24];
    put_integer(out, rnc_row_time(config, record->start));
    put_integer(out, (int64_t)(record->end - record->start));
    put_integer(out, call->pid);
    put_integer(out, call->tid);
    rnc_buffer_text(out, rnc_syscall_name(call, scratch));
    rnc_buffer_char(out, ',');
    size_t start = out->size;
    rnc_decode_args(out, record, &style);
    quote(out, start);
    rnc_buffer_char(out, ',');
    if (!(call->flags & RNC_SYSCALL_UNFINISHED) && !rnc_syscall_signature(call->row)->never_returns)
        put_integer(out, call->result);
    else
        rnc_buffer_char(out, ',');
    const char *error =
        call->flags & RNC_SYSCALL_FAILED ? rnc_errno_name((int)-call->result) : NULL;
    rnc_buffer_text(out, error ? error : "");
    rnc_buffer_text(out, "\r\n");
}

rnc_sink *rnc_csv_new(const rnc_text_config *config) {
    return rnc_rows_new(config, put_row, "time_ns,duration_ns,pid,tid,name,args,result,error\r\n");
}
