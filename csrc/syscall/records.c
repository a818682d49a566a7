#define _GNU_SOURCE
#include "syscall/records.h"

#include <string.h>

#include "syscall/proc.h"

/* Path and arguments of an EXEC record. */
#define IMAGE_LIMIT ((size_t)64 << 10)

static rnc_record *reserve(rnc_queue *queue, int kind, const rnc_group *group, uint64_t time,
                           size_t payload_size) {
    rnc_record *record = rnc_queue_reserve(queue, payload_size);
    if (!record)
        return NULL;
    record->kind = (uint16_t)kind;
    record->start = record->end = time;
    record->parent_id = group->span_id;
    return record;
}

static rnc_record *reserve_process(rnc_queue *queue, int kind, const rnc_group *group,
                                   uint64_t time, size_t payload_size) {
    rnc_record *record = reserve(queue, kind, group, time, payload_size);
    if (!record)
        return NULL;
    record->span_id = group->span_id;
    record->parent_id = group->parent_id;
    record->process = (rnc_process_body){.pid = (uint32_t)group->pid,
                                         .parent_pid = (uint32_t)group->parent_pid,
                                         .tid = (uint32_t)group->pid,
                                         .start_ticks = group->start_ticks,
                                         .calls = group->calls};
    return record;
}

void rnc_write_start(rnc_queue *queue, const rnc_group *group) {
    rnc_record *record = reserve_process(queue, RNC_PROCESS_START, group, group->start, 0);
    if (record)
        rnc_queue_commit(queue, record);
}

void rnc_write_exec(rnc_queue *queue, const rnc_task *task, pid_t caller, uint64_t time) {
    rnc_record *record = reserve_process(queue, RNC_PROCESS_EXEC, task->group, time, IMAGE_LIMIT);
    if (!record)
        return;
    record->process.tid = (uint32_t)caller;
    record->payload_size =
        (uint32_t)rnc_proc_image(task->group->pid, rnc_record_payload(record), IMAGE_LIMIT);
    rnc_queue_commit(queue, record);
}

void rnc_write_exit(rnc_queue *queue, const rnc_group *group, int wait_status, uint64_t time) {
    rnc_record *record = reserve_process(queue, RNC_PROCESS_EXIT, group, group->start, 0);
    if (!record)
        return;
    record->end = time;
    record->process.wait_status = wait_status;
    rnc_queue_commit(queue, record);
}

void rnc_write_call(rnc_queue *queue, const rnc_task *task, uint64_t end) {
    size_t size = task->captures.size;
    rnc_record *record = reserve(queue, RNC_SYSCALL, task->group, task->entered, size);
    if (!record)
        return;
    record->end = end;
    record->syscall = task->call;
    if (size)
        memcpy(rnc_record_payload(record), task->captures.data, size);
    rnc_queue_commit(queue, record);
}

static bool is_fault(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
           signal == SIGTRAP;
}

void rnc_write_signal(rnc_queue *queue, const rnc_task *task, const siginfo_t *info, bool stopped,
                      uint64_t time) {
    rnc_record *record = reserve(queue, RNC_SIGNAL, task->group, time, 0);
    if (!record)
        return;
    rnc_signal_body *body = &record->signal;
    *body = (rnc_signal_body){.pid = (uint32_t)task->group->pid,
                              .tid = (uint32_t)task->tid,
                              .signal = info->si_signo,
                              .code = info->si_code,
                              .stopped = stopped};
    if (is_fault(info->si_signo) && info->si_code > 0) {
        body->address = (uint64_t)(uintptr_t)info->si_addr;
    } else {
        body->sender_pid = info->si_pid;
        body->sender_uid = info->si_uid;
    }
    if (info->si_signo == SIGCHLD)
        body->status = info->si_status;
    rnc_queue_commit(queue, record);
}
