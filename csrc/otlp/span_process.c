/* "process: <name>", written when the process has ended and all is known of it. */
#include <stdio.h>
#include <sys/wait.h>

#include "otlp/spans.h"

static const char *basename_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void command_args(rnc_spans *spans, const rnc_image *image) {
    rnc_writer *writer = &spans->writer;
    uint32_t limit = spans->config.attribute_value_limit;
    writer->ops->array_begin(writer, rnc_keys[RNC_KEY_PROCESS_COMMAND_ARGS]);
    for (size_t at = 0; at < image->args_size;) {
        size_t size = strnlen(image->args + at, image->args_size - at);
        rnc_slice arg = {image->args + at, size};
        writer->ops->array_item(writer, rnc_text_clean(&spans->scratch, arg, limit));
        at += size + 1;
    }
    writer->ops->array_end(writer);
}

static void exec_events(rnc_spans *spans, const rnc_process *process) {
    for (size_t i = process->inherited; i < process->image_count; i++) {
        const rnc_image *image = &process->images[i];
        rnc_span_event(spans, RNC_SLICE("exec"), image->time);
        rnc_span_bytes(spans, rnc_keys[RNC_KEY_PROCESS_EXECUTABLE_PATH], rnc_slice_of(image->path));
        spans->writer.ops->event_end(&spans->writer);
    }
}

static const char *signal_name(int signal, char scratch[24]) {
    const char *name = rnc_signal_name(signal);
    if (name)
        return name;
    snprintf(scratch, 24, "SIG%d", signal);
    return scratch;
}

static void ending(rnc_spans *spans, int wait_status) {
    char scratch[24];
    if (WIFSIGNALED(wait_status))
        rnc_span_text(spans, RNC_KEY_RENACER_EXIT_SIGNAL,
                      signal_name(WTERMSIG(wait_status), scratch));
    else
        rnc_span_integer(spans, RNC_KEY_PROCESS_EXIT_CODE, WEXITSTATUS(wait_status));
}

static void status(rnc_spans *spans, int wait_status) {
    char message[48], scratch[24];
    if (wait_status == 0)
        return;
    if (WIFSIGNALED(wait_status))
        snprintf(message, sizeof message, "killed by %s",
                 signal_name(WTERMSIG(wait_status), scratch));
    else
        snprintf(message, sizeof message, "exit status %d", WEXITSTATUS(wait_status));
    rnc_span_status(spans, RNC_STATUS_ERROR, rnc_slice_of(message));
}

/* The name's text; stands in spans->decoded. */
static rnc_slice span_name(rnc_spans *spans, const rnc_process *process, const rnc_image *image) {
    rnc_buffer *name = &spans->decoded;
    name->size = 0;
    rnc_buffer_text(name, "process: ");
    if (image) {
        rnc_buffer_text(name, basename_of(image->path));
    } else {
        char pid[16];
        snprintf(pid, sizeof pid, "%u", process->pid);
        rnc_buffer_text(name, pid);
    }
    name->failed = false;
    return (rnc_slice){name->data ? name->data : "", name->size};
}

void rnc_span_of_process(rnc_spans *spans, const rnc_process *process) {
    size_t count = process->image_count;
    const rnc_image *image = count ? &process->images[count - 1] : NULL;
    rnc_span_begin(spans, (rnc_span_head){
                              .trace_id = {spans->config.trace_id[0], spans->config.trace_id[1]},
                              .span_id = process->span_id,
                              .parent_id = process->parent_id,
                              .start = process->start,
                              .end = process->end,
                              .name = span_name(spans, process, image),
                          });
    rnc_span_integer(spans, RNC_KEY_PROCESS_PID, process->pid);
    rnc_span_integer(spans, RNC_KEY_PROCESS_PARENT_PID, process->parent_pid);
    if (image) {
        rnc_span_bytes(spans, rnc_keys[RNC_KEY_PROCESS_EXECUTABLE_NAME],
                       rnc_slice_of(basename_of(image->path)));
        rnc_span_bytes(spans, rnc_keys[RNC_KEY_PROCESS_EXECUTABLE_PATH], rnc_slice_of(image->path));
        if (spans->config.command_args)
            command_args(spans, image);
    }
    ending(spans, process->wait_status);
    rnc_span_integer(spans, RNC_KEY_RENACER_SYSCALLS, (int64_t)process->calls);
    rnc_span_integer(spans, RNC_KEY_RENACER_DROPPED, (int64_t)process->dropped);
    if (process->held_back)
        rnc_span_integer(spans, RNC_KEY_RENACER_SPANS_HELD_BACK, (int64_t)process->held_back);
    exec_events(spans, process);
    status(spans, process->wait_status);
    rnc_span_end(spans, 0);
}
