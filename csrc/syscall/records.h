/* What an engine that follows tasks writes into its queue. A process's records lie between its
 * START and its EXIT, in the queue and in time. */
#ifndef RNC_SYSCALL_RECORDS_H
#define RNC_SYSCALL_RECORDS_H

#include <signal.h>

#include "syscall/tasks.h"
#include "trace/queue.h"

void rnc_write_start(rnc_queue *queue, const rnc_group *group);
/* The task stands right after its execve; caller is the thread that called it. */
void rnc_write_exec(rnc_queue *queue, const rnc_task *task, pid_t caller, uint64_t time);
void rnc_write_exit(rnc_queue *queue, const rnc_group *group, int wait_status, uint64_t time);
/* The task's call in flight, as it is now, ending at this time. */
void rnc_write_call(rnc_queue *queue, const rnc_task *task, uint64_t end);
/* A signal about to be delivered, or with stopped the notice of a group-stop. */
void rnc_write_signal(rnc_queue *queue, const rnc_task *task, const siginfo_t *info, bool stopped,
                      uint64_t time);

#endif
