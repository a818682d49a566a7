/* The pump's table of the processes under trace, kept up to date from START, EXEC and EXIT records
 * before any sink sees them. */
#ifndef RNC_TRACE_PROCESSES_H
#define RNC_TRACE_PROCESSES_H

#include "trace/record.h"

typedef struct rnc_image {
    uint64_t time;
    const char *path; /* NUL-terminated */
    const char *args; /* argv joined by NULs */
    size_t args_size;
} rnc_image;

typedef struct rnc_process {
    uint32_t pid;
    uint32_t parent_pid;
    uint64_t span_id;
    uint64_t parent_id;
    uint64_t start;
    uint64_t end;        /* on EXIT */
    int32_t wait_status; /* on EXIT */
    uint64_t calls;      /* on EXIT: syscalls made */
    uint64_t dropped;    /* on EXIT: records the stream could not take, so far */
    uint64_t recorded;   /* syscall records seen */
    uint64_t held_back;  /* the span sink's, of which a pump has one: over --otlp-max-spans */
    rnc_image *images; /* in order of exec; a fork child starts with a copy of its parent's last */
    size_t image_count;
    size_t inherited;        /* 1: images[0] came by fork, so it is no exec event */
    uint64_t images_dropped; /* left out before the last one: an exec loop's memory is bounded */
} rnc_process;

typedef struct rnc_processes rnc_processes;

rnc_processes *rnc_processes_new(void);
void rnc_processes_free(rnc_processes *processes);
/* The record's process after taking the record into account; NULL if it has none. */
rnc_process *rnc_processes_update(rnc_processes *processes, const rnc_record *record);
/* Forget a process once every sink has seen its EXIT. */
void rnc_processes_remove(rnc_processes *processes, rnc_process *process);

#endif
