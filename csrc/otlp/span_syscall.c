/* "syscall: <name>". syscall.result is the kernel's own number (a failure is -errno), or the text
 * "?" for a call that never returned; syscall.duration_us keeps the nanoseconds in its fraction. */
#include <stdio.h>

#include "otlp/spans.h"
#include "report/anomalies.h"
#include "syscall/tables.h"

/* The engine has already cut strings to --string-limit. */
static const rnc_decode_style no_further_limit = {.string_limit = 1u << 20};

static rnc_slice span_name(char *out, const char *syscall_name) {
    const char prefix[] = "syscall: ";
    size_t size = strnlen(syscall_name, 64);
    memcpy(out, prefix, sizeof prefix - 1);
    memcpy(out + sizeof prefix - 1, syscall_name, size);
    return (rnc_slice){out, sizeof prefix - 1 + size};
}

static void arguments(rnc_spans *spans, const rnc_record *record) {
    rnc_buffer *text = &spans->decoded;
    text->size = 0;
    rnc_decode_args(text, record, &no_further_limit);
    text->failed = false;
    rnc_span_bytes(spans, rnc_keys[RNC_KEY_SYSCALL_ARGS],
                   (rnc_slice){text->data ? text->data : "", text->size});
}

static void error_type(rnc_spans *spans, int number) {
    char scratch[24];
    const char *name = rnc_errno_name(number);
    if (!name) {
        snprintf(scratch, sizeof scratch, "%d", number);
        name = scratch;
    }
    rnc_span_text(spans, RNC_KEY_ERROR_TYPE, name);
}

static void anomaly_event(rnc_spans *spans, const rnc_record *record) {
    const rnc_anomaly *found = rnc_anomaly_of(spans->config.anomalies, record);
    if (!found)
        return;
    rnc_span_event(spans, RNC_SLICE("anomaly"), record->end);
    rnc_span_number(spans, RNC_KEY_ANOMALY_ZSCORE, found->zscore);
    rnc_span_number(spans, RNC_KEY_ANOMALY_MEAN_US, found->mean_ns / 1000.0);
    rnc_span_number(spans, RNC_KEY_ANOMALY_STDDEV_US, found->stddev_ns / 1000.0);
    rnc_span_integer(spans, RNC_KEY_ANOMALY_SAMPLES, found->samples);
    rnc_span_text(spans, RNC_KEY_ANOMALY_SEVERITY, rnc_anomaly_severity(found->zscore));
    spans->writer.ops->event_end(&spans->writer);
}

void rnc_span_of_syscall(rnc_spans *spans, const rnc_record *record, const rnc_process *process) {
    const rnc_syscall_body *call = &record->syscall;
    char scratch[24], name[96];
    const char *syscall_name = rnc_syscall_name(call, scratch);
    uint64_t parent_id = record->parent_id;
    if (!parent_id && process)
        parent_id = process->span_id;
    rnc_span_begin(spans, (rnc_span_head){
                              .trace_id = {spans->config.trace_id[0], spans->config.trace_id[1]},
                              .span_id = record->span_id,
                              .parent_id = parent_id,
                              .start = record->start,
                              .end = record->end,
                              .name = span_name(name, syscall_name),
                              .flags = RNC_FLAG_PARENT_LOCAL,
                          });
    rnc_span_text(spans, RNC_KEY_SYSCALL_NAME, syscall_name);
    rnc_span_integer(spans, RNC_KEY_SYSCALL_NR, call->number);
    arguments(spans, record);
    if (call->flags & RNC_SYSCALL_UNFINISHED)
        rnc_span_text(spans, RNC_KEY_SYSCALL_RESULT, "?");
    else
        rnc_span_integer(spans, RNC_KEY_SYSCALL_RESULT, call->result);
    rnc_span_number(spans, RNC_KEY_SYSCALL_DURATION_US,
                    (double)(record->end - record->start) / 1000.0);
    rnc_span_integer(spans, RNC_KEY_THREAD_ID, call->tid);
    bool failed = call->flags & RNC_SYSCALL_FAILED;
    if (failed)
        error_type(spans, (int)-call->result);
    if (spans->config.anomalies)
        anomaly_event(spans, record);
    if (failed)
        rnc_span_status(spans, RNC_STATUS_ERROR, rnc_slice_of(strerror((int)-call->result)));
    rnc_span_end(spans, 0);
}
