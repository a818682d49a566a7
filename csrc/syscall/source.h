/* An engine: a way to see a program's syscalls. Each is one row of engines.c; Python and the pump see
 * only rnc_source and its stream of records. */
#ifndef RNC_SYSCALL_SOURCE_H
#define RNC_SYSCALL_SOURCE_H

#include <sys/types.h>

#include "trace/queue.h"

typedef struct rnc_engine {
    const char *name;
    int (*probe)(char *why, size_t size);
    /* Fills source->engine_state. */
    int (*open)(rnc_source *source);
    /* Launches (launch.h), traces to the end, closes the queue. Returns RNC_OK, or RNC_OS_ERROR with
     * source->error filled. */
    int (*run)(rnc_source *source);
    void (*close)(rnc_source *source);
} rnc_engine;

struct rnc_source {
    const rnc_engine *engine;
    rnc_source_config config;
    rnc_queue *queue;
    void *engine_state;
    _Atomic pid_t pid; /* of the program, once it exists */
    uint64_t root_span;
    int wait_status;
    char error[256];
};

extern const rnc_engine rnc_engine_ptrace;

#endif
