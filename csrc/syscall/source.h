/* An engine: a way to see a program's syscalls. Each is one row of engines.c; Python and the pump
 * see only rnc_source and its stream of records. */
#ifndef RNC_SYSCALL_SOURCE_H
#define RNC_SYSCALL_SOURCE_H

#include <sys/types.h>

#include "trace/queue.h"

typedef struct rnc_engine {
    const char *name;
    int (*probe)(char *why, size_t size);
    /* Launches (launch.h), says so (rnc_source_started), traces to the end and fills wait_status
     * and exec_errno. Every signal is blocked. Returns RNC_OK, or RNC_OS_ERROR with
     * source->error filled on failure. */
    int (*run)(rnc_source *source);
} rnc_engine;

struct rnc_source {
    const rnc_engine *engine;
    rnc_source_config config;
    rnc_queue *queue;
    _Atomic pid_t pid; /* of the program, once it exists and root_span is set */
    _Atomic int pidfd; /* the program's, -1 before it exists: a signal never hits a reused pid */
    _Atomic uint64_t pending_signals; /* forwarded before it existed; bit n - 1: signal n */
    uint64_t root_span;
    int wait_status;
    int exec_errno;
    char error[256];
};

/* The program exists: its pid and its span may be asked for, and signals forwarded to it. */
void rnc_source_started(rnc_source *source, pid_t pid, uint64_t root_span);

extern const rnc_engine rnc_engine_ptrace;

#endif
