/* Gathers what the tasks under trace report. */
#ifndef RNC_SYSCALL_EVENTS_H
#define RNC_SYSCALL_EVENTS_H

#include "syscall/tasks.h"

typedef struct rnc_task_event {
    pid_t tid; /* 0: overtaken by a later event of the same task */
    int status;
    uint64_t time; /* read at the wake-up */
} rnc_task_event;

/* All zeroes at first. */
typedef struct rnc_events {
    rnc_task_event *events; /* of one round: whoever had something to report when we looked */
    rnc_task_event *grown;  /* where events lie, unless there was never memory for more than … */
    rnc_task_event only;    /* … this one */
    size_t room;
    size_t count;
    size_t next;
    uint64_t patience; /* ns to look for an event before sleeping for it */
} rnc_events;

/* The next event, waiting for one if there is none; NULL once no task is left. Rounds make sure
 * that a task that reports all the time gets no second turn before the others had their first. */
const rnc_task_event *rnc_events_next(rnc_events *events, const rnc_tasks *tasks);
void rnc_events_free(rnc_events *events);

#endif
