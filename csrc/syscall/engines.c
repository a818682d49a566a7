/* The engines there are, and what Python sees of a run. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscall/source.h"

/* Best first. */
static const rnc_engine *const ENGINES[] = {
    &rnc_engine_ptrace,
};

static const rnc_engine *engine_at(int index) {
    return index >= 0 && (size_t)index < RNC_COUNT(ENGINES) ? ENGINES[index] : NULL;
}

const char *rnc_engine_name(int index) {
    const rnc_engine *engine = engine_at(index);
    return engine ? engine->name : NULL;
}

int rnc_engine_probe(int index, char *why, size_t size) {
    const rnc_engine *engine = engine_at(index);
    if (size)
        *why = '\0';
    return engine ? engine->probe(why, size) : RNC_INVALID_INPUT;
}

int rnc_source_open(int engine, const rnc_source_config *config, rnc_source **out) {
    const rnc_engine *chosen = engine_at(engine);
    if (!chosen)
        return RNC_INVALID_INPUT;
    rnc_source *source = calloc(1, sizeof *source);
    if (!source)
        return RNC_NO_MEMORY;
    *source = (rnc_source){.engine = chosen, .config = *config, .pidfd = -1};
    source->queue = rnc_queue_new(config->memory_budget);
    if (!source->queue) {
        free(source);
        return RNC_NO_MEMORY;
    }
    *out = source;
    return RNC_OK;
}

void rnc_source_close(rnc_source *source) {
    if (!source)
        return;
    if (source->pidfd >= 0)
        close(source->pidfd);
    rnc_queue_free(source->queue);
    free(source);
}

/* Signals are for the threads that expect them, not for the tracer. */
int rnc_source_run(rnc_source *source) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = source->engine->run(source);
    int error = errno;
    rnc_queue_close(source->queue);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return status;
}

/* Sends what was forwarded, once there is a program to send it to. Both who forwards and who starts
 * the program call it after their own step, so whichever comes second finds the other's. */
static void send_pending(rnc_source *source) {
    if (source->pidfd < 0)
        return;
    uint64_t pending = atomic_exchange(&source->pending_signals, 0);
    for (int signal = 1; pending; signal++, pending >>= 1)
        if (pending & 1)
            syscall(SYS_pidfd_send_signal, source->pidfd, signal, NULL, 0);
}

void rnc_source_started(rnc_source *source, pid_t pid, uint64_t root_span) {
    source->root_span = root_span;
    source->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    source->pid = pid;
    send_pending(source);
}

void rnc_source_forward(rnc_source *source, int signal) {
    if (signal < 1 || signal > 64)
        return;
    atomic_fetch_or(&source->pending_signals, UINT64_C(1) << (signal - 1));
    send_pending(source);
}

rnc_stream *rnc_source_stream(rnc_source *source) {
    return rnc_queue_stream(source->queue);
}
uint64_t rnc_source_dropped(rnc_source *source) {
    rnc_stream *stream = rnc_queue_stream(source->queue);
    return stream->dropped(stream);
}
int rnc_source_pid(rnc_source *source) {
    return source->pid;
}
uint64_t rnc_source_root_span(rnc_source *source) {
    return source->pid ? source->root_span : 0;
}
int rnc_source_wait_status(rnc_source *source) {
    return source->wait_status;
}
int rnc_source_exec_errno(rnc_source *source) {
    return source->exec_errno;
}
const char *rnc_source_error(rnc_source *source) {
    return source->error;
}
