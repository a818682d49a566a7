#define _GNU_SOURCE
#include "syscall/events.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "trace/clock.h"

/* Waking a processor that sleeps costs more than most calls take. */
#define LONGEST_PATIENCE_NS 50000
/* An event that came this soon might have come within the patience, had we not slept: the wake-up
 * alone takes as long again and more. */
#define SOON_NS 200000

/* Only what belongs to this thread: other children of the process are their makers' to wait for. */
enum { OURS = __WALL | __WNOTHREAD };

/* Room for one event of every task; with less, down to one, a round only gathers fewer. */
static void make_room(rnc_events *self, const rnc_tasks *tasks) {
    if (self->room > tasks->count)
        return;
    size_t room = 2 * (tasks->count + 1);
    rnc_task_event *grown = realloc(self->grown, room * sizeof *grown);
    if (grown) {
        self->events = self->grown = grown;
        self->room = room;
    } else if (!self->events) {
        self->events = &self->only;
        self->room = 1;
    }
}

/* A task that is not known yet has no more than its first stop in a round before its end. */
static void forget_first_stop(rnc_events *self, pid_t tid) {
    for (size_t i = self->count; i-- > 0;)
        if (self->events[i].tid == tid && WIFSTOPPED(self->events[i].status))
            self->events[i].tid = 0;
}

/* A second event of a task in one round means that it left the stop of the first without us. */
static void push(rnc_events *self, const rnc_tasks *tasks, pid_t tid, int status) {
    rnc_task *task = rnc_tasks_find(tasks, tid);
    if (task && task->queued >= 0 && WIFSTOPPED(self->events[task->queued].status))
        self->events[task->queued].tid = 0;
    if (task)
        task->queued = (int32_t)self->count;
    else if (!WIFSTOPPED(status))
        forget_first_stop(self, tid);
    self->events[self->count++] = (rnc_task_event){tid, status, rnc_clock_monotonic()};
}

/* Looks for a while, giving way to whoever wants this processor, then sleeps. The while shrinks to
 * nothing when events are far apart and is restored by one that came soon. */
static pid_t wait_for_one(rnc_events *self, int *status) {
    uint64_t begin = rnc_clock_monotonic(), waited = 0;
    while (waited < self->patience) {
        pid_t tid = wait4(-1, status, OURS | WNOHANG, NULL);
        if (tid != 0)
            return tid;
        sched_yield();
        waited = rnc_clock_monotonic() - begin;
    }
    pid_t tid = wait4(-1, status, OURS, NULL);
    bool soon = rnc_clock_monotonic() - begin < SOON_NS;
    self->patience = soon ? LONGEST_PATIENCE_NS : self->patience / 2;
    return tid;
}

static void gather(rnc_events *self, const rnc_tasks *tasks) {
    int status;
    pid_t tid;
    self->count = self->next = 0;
    make_room(self, tasks);
    while ((tid = wait_for_one(self, &status)) < 0 && errno == EINTR)
        continue;
    while (tid > 0) {
        push(self, tasks, tid, status);
        if (tasks->count == 1 || self->count == self->room)
            return;
        tid = wait4(-1, &status, OURS | WNOHANG, NULL);
    }
}

const rnc_task_event *rnc_events_next(rnc_events *self, const rnc_tasks *tasks) {
    for (;;) {
        if (self->next == self->count)
            gather(self, tasks);
        if (self->count == 0)
            return NULL;
        const rnc_task_event *next = &self->events[self->next++];
        if (next->tid)
            return next;
    }
}

void rnc_events_free(rnc_events *self) {
    free(self->grown);
}
