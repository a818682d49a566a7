/* The ptrace engine: every stop of every task is an event; gathering events is kept apart from
 * acting on them, so that a task that stops all the time cannot starve the others.
 *
 * Times: a call's start is read last before the task is let go at its entry stop, its end first
 * thing after the wake-up at its exit stop. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscall/attach.h"
#include "syscall/capture.h"
#include "syscall/events.h"
#include "syscall/launch.h"
#include "syscall/proc.h"
#include "syscall/records.h"
#include "syscall/source.h"
#include "syscall/tables.h"
#include "syscall/tasks.h"
#include "trace/clock.h"

#define SYSCALL_STOP (SIGTRAP | 0x80)

/* In-kernel results that never reach the program: the call was interrupted and starts anew. */
enum { LAST_RESTART = -516, FIRST_RESTART = -512 };

/* Our own calls in the child before its execve are nobody's business. */
enum launch_state { AT_GATE, IN_EXECVE, LAUNCHED, NOT_LAUNCHED };

typedef struct ptracer {
    rnc_source *source;
    rnc_tasks tasks;
    pid_t root_pid; /* 0 once it ended: a pid may come again */
    pid_t own_tid;
    enum launch_state launch;
    rnc_events events;
} ptracer;

/* A task that is gone (ESRCH) tells so by its wait status; nothing needs to be done here. */
static void resume(const rnc_task *task, int signal) {
    rnc_ptrace(PTRACE_SYSCALL, task->tid, 0, (uintptr_t)signal);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* A negative number, -1 above all, has the x32 bit too and is no x32 call. */
static uint8_t abi_of(uint32_t arch, int32_t number) {
    switch (arch) {
    case AUDIT_ARCH_X86_64:
        return number >= 0x40000000 ? RNC_ABI_X32 : RNC_ABI_X86_64;
    case AUDIT_ARCH_I386:
        return RNC_ABI_I386;
    case AUDIT_ARCH_AARCH64:
        return RNC_ABI_AARCH64;
    case AUDIT_ARCH_ARM:
        return RNC_ABI_ARM;
    default:
        return RNC_ABI_UNKNOWN;
    }
}

static bool is_wanted(const ptracer *self, uint16_t row) {
    const uint8_t *wanted = self->source->config.wanted;
    return !wanted || (row != RNC_NO_ROW && wanted[row]);
}

/* The call in flight is over: as its body says, at this time. */
static void finish_call(ptracer *self, rnc_task *task, uint64_t end) {
    task->in_call = false;
    if (task->wanted)
        rnc_write_call(self->source->queue, task, end);
}

static void close_unfinished(ptracer *self, rnc_task *task, uint64_t end) {
    if (!task->in_call)
        return;
    task->call.flags = RNC_SYSCALL_UNFINISHED;
    finish_call(self, task, end);
}

static void enter_call(ptracer *self, rnc_task *task, const struct ptrace_syscall_info *info,
                       uint64_t time) {
    close_unfinished(self, task, time);
    rnc_syscall_body *call = &task->call;
    *call = (rnc_syscall_body){.pid = (uint32_t)task->group->pid,
                               .tid = (uint32_t)task->tid,
                               .number = (int32_t)info->entry.nr,
                               .abi = abi_of(info->arch, (int32_t)info->entry.nr)};
    call->row = rnc_syscall_find(call->abi, call->number);
    for (int arg = 0; arg < 6; arg++)
        call->args[arg] = info->entry.args[arg];
    task->group->calls++;
    task->in_call = true;
    task->wanted = is_wanted(self, call->row);
    if (task->wanted)
        rnc_capture_entry(&task->captures, call, &self->source->config);
    task->entered = rnc_clock_monotonic();
}

static void leave_call(ptracer *self, rnc_task *task, const struct ptrace_syscall_info *info,
                       uint64_t time) {
    /* A new child returns from a call that its parent made. */
    if (!task->in_call)
        return;
    rnc_syscall_body *call = &task->call;
    call->result = info->exit.rval;
    if (call->result >= LAST_RESTART && call->result <= FIRST_RESTART)
        call->flags = RNC_SYSCALL_RESTART;
    else if (info->exit.is_error)
        call->flags = RNC_SYSCALL_FAILED;
    if (task->wanted)
        rnc_capture_exit(&task->captures, call, &self->source->config);
    finish_call(self, task, time);
}

/* The program's first call is its execve; what the child does around it is ours. */
static bool is_visible(ptracer *self, const rnc_task *task,
                       const struct ptrace_syscall_info *info) {
    if (self->launch == LAUNCHED || task->tid != self->root_pid)
        return true;
    if (self->launch == AT_GATE && info->op == PTRACE_SYSCALL_INFO_ENTRY &&
        info->entry.nr == SYS_execve) {
        self->launch = IN_EXECVE;
        return true;
    }
    bool failed = self->launch == IN_EXECVE && info->op == PTRACE_SYSCALL_INFO_EXIT;
    if (failed)
        self->launch = NOT_LAUNCHED;
    return failed;
}

static void on_syscall(ptracer *self, rnc_task *task, uint64_t time) {
    struct ptrace_syscall_info info;
    if (rnc_ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof info, (uintptr_t)&info) <= 0)
        return;
    /* The task has moved on since (killed, or replaced by an exec): a later event tells. */
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY && info.op != PTRACE_SYSCALL_INFO_EXIT)
        return;
    if (is_visible(self, task, &info)) {
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
            enter_call(self, task, &info, time);
        else
            leave_call(self, task, &info, time);
    }
    resume(task, 0);
}

/* ---- tasks come and go ----------------------------------------------------------------------- */

/* An orphan whose parent is unknown hangs from the root, which may have ended. */
static uint64_t parent_span(const ptracer *self, pid_t parent_pid, const rnc_group *creator) {
    const rnc_task *parent = rnc_tasks_find(&self->tasks, parent_pid);
    if (parent)
        return parent->group->span_id;
    return creator ? creator->span_id : self->source->root_span;
}

static rnc_group *add_group(ptracer *self, pid_t pid, pid_t parent_pid, uint64_t parent_id,
                            uint64_t time) {
    const uint64_t *trace_id = self->source->config.trace_id;
    rnc_group *group = rnc_tasks_add_group(&self->tasks, pid);
    if (!group)
        return NULL;
    group->parent_pid = parent_pid;
    group->start_ticks = rnc_proc_start_ticks(pid);
    group->span_id = rnc_process_span_id(trace_id, (uint32_t)pid, group->start_ticks);
    group->parent_id = parent_id;
    group->start = time;
    return group;
}

static rnc_task *add_process(ptracer *self, pid_t pid, pid_t parent_pid, uint64_t parent_id,
                             uint64_t time) {
    rnc_group *group = add_group(self, pid, parent_pid, parent_id, time);
    rnc_task *task = group ? rnc_tasks_add(&self->tasks, pid, group) : NULL;
    if (task)
        rnc_write_start(self->source->queue, group);
    else if (group)
        rnc_tasks_remove_group(&self->tasks, group);
    return task;
}

/* The task of a tid that came under trace, known or new. Its creator's event and its own first stop
 * come in either order, and both lead here: with a creator the child may be long gone, which its
 * tracer tells; without one it stands stopped before us. */
static rnc_task *adopt(ptracer *self, pid_t tid, const rnc_group *creator, uint64_t time) {
    rnc_task *known = rnc_tasks_find(&self->tasks, tid);
    if (known)
        return known;
    rnc_proc_status status = {.tgid = tid};
    bool found = rnc_proc_read_status(tid, &status);
    if (creator && (!found || status.tracer != self->own_tid))
        return NULL;
    rnc_task *leader = rnc_tasks_find(&self->tasks, status.tgid);
    if (leader)
        return rnc_tasks_add(&self->tasks, tid, leader->group);
    return add_process(self, tid, status.ppid, parent_span(self, status.ppid, creator), time);
}

static void on_new_child(ptracer *self, rnc_task *task, uint64_t time) {
    unsigned long child;
    if (rnc_ptrace(PTRACE_GETEVENTMSG, task->tid, 0, (uintptr_t)&child) == 0)
        adopt(self, (pid_t)child, task->group, time);
    resume(task, 0);
}

/* A thread that is not the leader takes the leader's tid over; the leader leaves without a word. */
static rnc_task *take_over(ptracer *self, rnc_task *leader, pid_t caller, uint64_t time) {
    rnc_task *task = rnc_tasks_find(&self->tasks, caller);
    if (!task || task == leader)
        return leader;
    pid_t tid = leader->tid;
    close_unfinished(self, leader, time);
    rnc_tasks_remove(&self->tasks, leader);
    rnc_tasks_rename(&self->tasks, task, tid);
    return task;
}

static void on_exec(ptracer *self, rnc_task *task, uint64_t time) {
    unsigned long caller;
    if (rnc_ptrace(PTRACE_GETEVENTMSG, task->tid, 0, (uintptr_t)&caller) != 0)
        return;
    if (task->tid == self->root_pid)
        self->launch = LAUNCHED;
    task = take_over(self, task, (pid_t)caller, time);
    rnc_write_exec(self->source->queue, task, (pid_t)caller, time);
    resume(task, 0);
}

static void end_group(ptracer *self, rnc_group *group, int status, uint64_t time) {
    while (group->tasks) {
        close_unfinished(self, group->tasks, time);
        rnc_tasks_remove(&self->tasks, group->tasks);
    }
    rnc_write_exit(self->source->queue, group, status, time);
    if (group->pid == self->root_pid) {
        self->root_pid = 0;
        self->source->wait_status = status;
    }
    rnc_tasks_remove_group(&self->tasks, group);
}

/* A leader's end is told only after that of every other thread of its group. */
static void on_end(ptracer *self, const rnc_task_event *event) {
    rnc_task *task = rnc_tasks_find(&self->tasks, event->tid);
    if (!task)
        return;
    if (task->tid == task->group->pid) {
        end_group(self, task->group, event->status, event->time);
    } else {
        close_unfinished(self, task, event->time);
        rnc_tasks_remove(&self->tasks, task);
    }
}

/* ---- signals --------------------------------------------------------------------------------- */

static void on_signal(ptracer *self, rnc_task *task, int signal, uint64_t time) {
    siginfo_t info;
    if (rnc_ptrace(PTRACE_GETSIGINFO, task->tid, 0, (uintptr_t)&info) != 0)
        return;
    if (info.si_signo != signal)
        return; /* replaced by an exec since: a later event tells */
    rnc_write_signal(self->source->queue, task, &info, false, time);
    resume(task, signal);
}

static bool is_stop_signal(int signal) {
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* A group-stop lasts until SIGCONT; any other stop of this kind is only a notice. */
static void on_stop(ptracer *self, rnc_task *task, int signal, uint64_t time) {
    if (!is_stop_signal(signal)) {
        resume(task, 0);
        return;
    }
    rnc_write_signal(self->source->queue, task, &(siginfo_t){.si_signo = signal}, true, time);
    rnc_ptrace(PTRACE_LISTEN, task->tid, 0, 0);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Whether the task still stands at its event: an exec from another thread may have put that thread
 * in its place since, and a later event tells. */
static bool stands_at(const rnc_task_event *event) {
    siginfo_t info;
    return rnc_ptrace(PTRACE_GETSIGINFO, event->tid, 0, (uintptr_t)&info) == 0 &&
           info.si_code == event->status >> 8;
}

static void on_stopped(ptracer *self, const rnc_task_event *event) {
    rnc_task *task = adopt(self, event->tid, NULL, event->time);
    if (!task) { /* no memory to follow it: it goes on without us */
        rnc_ptrace(PTRACE_DETACH, event->tid, 0, 0);
        return;
    }
    int signal = WSTOPSIG(event->status);
    unsigned what = (unsigned)event->status >> 16;
    task->queued = -1;
    if (what && !stands_at(event))
        return;
    switch (what) {
    case 0:
        if (signal == SYSCALL_STOP)
            on_syscall(self, task, event->time);
        else
            on_signal(self, task, signal, event->time);
        break;
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        on_new_child(self, task, event->time);
        break;
    case PTRACE_EVENT_EXEC:
        on_exec(self, task, event->time);
        break;
    case PTRACE_EVENT_STOP:
        on_stop(self, task, signal, event->time);
        break;
    default:
        resume(task, 0);
    }
}

static bool dispatch(ptracer *self, const rnc_task_event *event) {
    if (!event)
        return false;
    if (WIFSTOPPED(event->status))
        on_stopped(self, event);
    else
        on_end(self, event);
    return true;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static int fail(rnc_source *source, const char *what, int error) {
    snprintf(source->error, sizeof source->error, "%s: %s", what, strerror(error));
    errno = error;
    return RNC_OS_ERROR;
}

/* The interrupt is pending before the gate opens, so the child stops before it passes the gate. */
static int begin(ptracer *self, rnc_launch *launch) {
    rnc_source *source = self->source;
    if (rnc_attach(launch->pid, source->config.follow, source->error, sizeof source->error) !=
        RNC_OK)
        return RNC_OS_ERROR;
    rnc_task *task = add_process(self, launch->pid, getpid(), source->config.parent_span_id,
                                 rnc_clock_monotonic());
    if (!task)
        return fail(source, "cannot trace", ENOMEM);
    self->root_pid = launch->pid;
    rnc_source_started(source, launch->pid, task->group->span_id);
    return RNC_OK;
}

/* Ends a child that did not come under trace; RNC_OK when it had ended by itself. */
static int abandon(ptracer *self, rnc_launch *launch, int status) {
    int error = errno;
    int *wait_status = &self->source->wait_status;
    bool dead = wait4(launch->pid, wait_status, __WALL | WNOHANG, NULL) == launch->pid &&
                !WIFSTOPPED(*wait_status);
    if (dead)
        return RNC_OK;
    rnc_kill_and_reap(launch->pid);
    errno = error;
    return status;
}

static int trace_to_end(ptracer *self, rnc_launch *launch) {
    int status = begin(self, launch);
    if (status != RNC_OK)
        return abandon(self, launch, status);
    rnc_launch_open_gate(launch);
    while (dispatch(self, rnc_events_next(&self->events, &self->tasks)))
        continue;
    self->source->exec_errno = rnc_launch_exec_errno(launch);
    if (self->source->exec_errno)
        return fail(self->source, self->source->config.path, self->source->exec_errno);
    return RNC_OK;
}

static int run(rnc_source *source) {
    ptracer self = {.source = source, .own_tid = (pid_t)syscall(SYS_gettid)};
    rnc_launch launch;
    if (!rnc_tasks_init(&self.tasks))
        return fail(source, "cannot trace", ENOMEM);
    int status = rnc_launch_fork(&launch, &source->config);
    if (status == RNC_OK) {
        status = trace_to_end(&self, &launch);
        rnc_launch_close(&launch);
    } else {
        fail(source, "cannot start a process", errno);
    }
    rnc_tasks_free(&self.tasks);
    rnc_events_free(&self.events);
    return status;
}

const rnc_engine rnc_engine_ptrace = {.name = "ptrace", .probe = rnc_attach_probe, .run = run};
