/* The tasks under trace: every thread by its tid, every process (thread group) with its threads. A
 * process is known for as long as a task with its pid is. */
#ifndef RNC_SYSCALL_TASKS_H
#define RNC_SYSCALL_TASKS_H

#include <sys/types.h>

#include "trace/buffer.h"
#include "trace/record.h"

typedef struct rnc_task rnc_task;
typedef struct rnc_group rnc_group;

/* A thread group. */
struct rnc_group {
    pid_t pid;
    pid_t parent_pid;
    uint64_t start_ticks;
    uint64_t span_id;
    uint64_t parent_id;
    uint64_t start;
    uint64_t calls; /* entered so far, recorded or not */
    rnc_task *tasks;
    rnc_group *next_free;
};

struct rnc_task {
    pid_t tid;
    rnc_group *group;
    rnc_task *next; /* of the group, or free */
    int32_t queued; /* index of its event that was gathered but not dispatched, or -1 */
    bool in_call;
    bool wanted;           /* the call in flight is to be recorded */
    uint64_t entered;      /* the call in flight: when */
    rnc_syscall_body call; /* … what */
    rnc_buffer captures;   /* … and the memory its arguments pointed to */
};

typedef struct rnc_tasks {
    rnc_task **slots; /* open addressing by tid; a power of two, at most half full */
    size_t capacity;
    size_t count;
    rnc_task *free_tasks;
    rnc_group *free_groups;
} rnc_tasks;

bool rnc_tasks_init(rnc_tasks *tasks);
void rnc_tasks_free(rnc_tasks *tasks);

rnc_task *rnc_tasks_find(const rnc_tasks *tasks, pid_t tid); /* or NULL */
/* NULL: no memory. The tid must be new. */
rnc_task *rnc_tasks_add(rnc_tasks *tasks, pid_t tid, rnc_group *group);
void rnc_tasks_remove(rnc_tasks *tasks, rnc_task *task);
/* The task goes on under another, unused tid. */
void rnc_tasks_rename(rnc_tasks *tasks, rnc_task *task, pid_t tid);

rnc_group *rnc_tasks_add_group(rnc_tasks *tasks, pid_t pid);     /* NULL: no memory */
void rnc_tasks_remove_group(rnc_tasks *tasks, rnc_group *group); /* which has no task left */

#endif
