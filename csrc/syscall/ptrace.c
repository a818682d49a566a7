/* The ptrace engine: every stop of every task is an event; gathering events is kept apart from
 * acting on them, so that a task that stops all the time cannot starve the others.
 *
 * Times: a call's start is read last before the task is let go at its entry stop, its end first
 * thing after the wake-up at its exit stop. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/ptrace.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "syscall/capture.h"
#include "syscall/launch.h"
#include "syscall/proc.h"
#include "syscall/source.h"
#include "syscall/tables.h"
#include "syscall/tasks.h"
#include "trace/clock.h"

/* Path and arguments of an EXEC record. */
#define IMAGE_LIMIT  ((size_t)64 << 10)
#define SYSCALL_STOP (SIGTRAP | 0x80)

/* In-kernel results that never reach the program: the call was interrupted and starts anew. */
enum { LAST_RESTART = -516, FIRST_RESTART = -512 };

typedef struct event {
    pid_t tid; /* 0: overtaken by a later event of the same task */
    int status;
    uint64_t time;
} event;

/* Our own calls in the child before its execve are nobody's business. */
enum launch_state { AT_GATE, IN_EXECVE, LAUNCHED, NOT_LAUNCHED };

typedef struct ptracer {
    rnc_source *source;
    rnc_tasks tasks;
    rnc_group *root;
    pid_t root_pid;
    pid_t own_tid;
    enum launch_state launch;
    event *events;
    size_t event_room;
    size_t event_count;
    size_t next_event;
} ptracer;

/* The bare call: its results are not squeezed through an int, and nothing is variadic. */
static long trace(long request, pid_t tid, uintptr_t address, uintptr_t data) {
    return syscall(SYS_ptrace, request, (long)tid, address, data);
}

/* A task that is gone (ESRCH) tells so by its wait status; nothing needs to be done here. */
static void resume(const rnc_task *task, int signal) {
    trace(PTRACE_SYSCALL, task->tid, 0, (uintptr_t)signal);
}

/* ---- records ----------------------------------------------------------------------------------
 */

static rnc_record *reserve(ptracer *self, int kind, const rnc_group *group, uint64_t time,
                           size_t payload_size) {
    rnc_record *record = rnc_queue_reserve(self->source->queue, payload_size);
    if (!record)
        return NULL;
    record->kind = (uint16_t)kind;
    record->start = record->end = time;
    record->parent_id = group->span_id;
    return record;
}

static rnc_record *reserve_process(ptracer *self, int kind, const rnc_group *group, uint64_t time,
                                   size_t payload_size) {
    rnc_record *record = reserve(self, kind, group, time, payload_size);
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

static void commit(ptracer *self, rnc_record *record) {
    rnc_queue_commit(self->source->queue, record);
}

static void write_start(ptracer *self, const rnc_group *group) {
    rnc_record *record = reserve_process(self, RNC_PROCESS_START, group, group->start, 0);
    if (record)
        commit(self, record);
}

static void write_exec(ptracer *self, const rnc_task *task, pid_t caller, uint64_t time) {
    rnc_record *record = reserve_process(self, RNC_PROCESS_EXEC, task->group, time, IMAGE_LIMIT);
    if (!record)
        return;
    record->process.tid = (uint32_t)caller;
    record->payload_size =
        (uint32_t)rnc_proc_image(task->group->pid, rnc_record_payload(record), IMAGE_LIMIT);
    commit(self, record);
}

static void write_exit(ptracer *self, const rnc_group *group, int wait_status, uint64_t time) {
    rnc_record *record = reserve_process(self, RNC_PROCESS_EXIT, group, group->start, 0);
    if (!record)
        return;
    record->end = time;
    record->process.wait_status = wait_status;
    commit(self, record);
}

static void write_call(ptracer *self, const rnc_task *task, uint64_t end) {
    size_t size = task->captures.size;
    rnc_record *record = reserve(self, RNC_SYSCALL, task->group, task->entered, size);
    if (!record)
        return;
    record->end = end;
    record->syscall = task->call;
    if (size)
        memcpy(rnc_record_payload(record), task->captures.data, size);
    commit(self, record);
}

static bool is_fault(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
           signal == SIGTRAP;
}

static void write_signal(ptracer *self, const rnc_task *task, const siginfo_t *info, bool stopped,
                         uint64_t time) {
    rnc_record *record = reserve(self, RNC_SIGNAL, task->group, time, 0);
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
    commit(self, record);
}

/* ---- calls ------------------------------------------------------------------------------------
 */

static uint8_t abi_of(uint32_t arch, uint64_t number) {
    switch (arch) {
    case AUDIT_ARCH_X86_64:
        return number & 0x40000000 ? RNC_ABI_X32 : RNC_ABI_X86_64;
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
        write_call(self, task, end);
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
                               .abi = abi_of(info->arch, info->entry.nr)};
    call->row = rnc_syscall_find(call->abi, call->number);
    for (int arg = 0; arg < 6; arg++)
        call->args[arg] = info->entry.args[arg];
    task->group->calls++;
    task->in_call = true;
    task->wanted = is_wanted(self, call->row);
    if (task->wanted)
        rnc_capture_entry(&task->captures, call, self->source->config.string_limit);
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
        rnc_capture_exit(&task->captures, call, self->source->config.string_limit);
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
    if (trace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof info, (uintptr_t)&info) <= 0)
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

/* ---- tasks come and go ------------------------------------------------------------------------
 */

static rnc_group *parent_group(ptracer *self, pid_t parent_pid, rnc_group *creator) {
    rnc_task *parent = rnc_tasks_find(&self->tasks, parent_pid);
    if (parent)
        return parent->group;
    return creator ? creator : self->root;
}

static rnc_group *add_group(ptracer *self, pid_t pid, pid_t parent_pid, const rnc_group *parent,
                            uint64_t time) {
    const rnc_source_config *config = &self->source->config;
    rnc_group *group = rnc_tasks_add_group(&self->tasks, pid);
    if (!group)
        return NULL;
    group->parent_pid = parent_pid;
    group->start_ticks = rnc_proc_start_ticks(pid);
    group->span_id = rnc_process_span_id(config->trace_id, (uint32_t)pid, group->start_ticks);
    group->parent_id = parent ? parent->span_id : config->parent_span_id;
    group->start = time;
    return group;
}

static rnc_task *add_process(ptracer *self, pid_t pid, pid_t parent_pid, const rnc_group *parent,
                             uint64_t time) {
    rnc_group *group = add_group(self, pid, parent_pid, parent, time);
    rnc_task *task = group ? rnc_tasks_add(&self->tasks, pid, group) : NULL;
    if (task)
        write_start(self, group);
    else if (group)
        rnc_tasks_remove_group(&self->tasks, group);
    return task;
}

/* The task of a tid that came under trace, known or new. Its creator's event and its own first stop
 * come in either order, and both lead here: with a creator the child may be long gone, which its
 * tracer tells; without one it stands stopped before us. */
static rnc_task *adopt(ptracer *self, pid_t tid, rnc_group *creator, uint64_t time) {
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
    return add_process(self, tid, status.ppid, parent_group(self, status.ppid, creator), time);
}

static void on_new_child(ptracer *self, rnc_task *task, uint64_t time) {
    unsigned long child;
    if (trace(PTRACE_GETEVENTMSG, task->tid, 0, (uintptr_t)&child) == 0)
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
    if (trace(PTRACE_GETEVENTMSG, task->tid, 0, (uintptr_t)&caller) != 0)
        return;
    if (task->tid == self->root_pid)
        self->launch = LAUNCHED;
    task = take_over(self, task, (pid_t)caller, time);
    write_exec(self, task, (pid_t)caller, time);
    resume(task, 0);
}

static void end_group(ptracer *self, rnc_group *group, int status, uint64_t time) {
    while (group->tasks) {
        close_unfinished(self, group->tasks, time);
        rnc_tasks_remove(&self->tasks, group->tasks);
    }
    write_exit(self, group, status, time);
    if (group == self->root) {
        self->root = NULL;
        self->source->wait_status = status;
    }
    rnc_tasks_remove_group(&self->tasks, group);
}

/* A leader's end is told only after that of every other thread of its group. */
static void on_end(ptracer *self, const event *event) {
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

/* ---- signals ----------------------------------------------------------------------------------
 */

static void on_signal(ptracer *self, rnc_task *task, int signal, uint64_t time) {
    siginfo_t info;
    if (trace(PTRACE_GETSIGINFO, task->tid, 0, (uintptr_t)&info) != 0)
        return;
    if (info.si_signo != signal)
        return; /* replaced by an exec since: a later event tells */
    write_signal(self, task, &info, false, time);
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
    write_signal(self, task, &(siginfo_t){.si_signo = signal}, true, time);
    trace(PTRACE_LISTEN, task->tid, 0, 0);
}

/* ---- events -----------------------------------------------------------------------------------
 */

static void on_stopped(ptracer *self, const event *event) {
    rnc_task *task = adopt(self, event->tid, NULL, event->time);
    if (!task) { /* no memory to follow it: it goes on without us */
        trace(PTRACE_DETACH, event->tid, 0, 0);
        return;
    }
    int signal = WSTOPSIG(event->status);
    task->queued = -1;
    switch ((unsigned)event->status >> 16) {
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

static bool dispatch(ptracer *self, const event *event) {
    if (!event)
        return false;
    if (WIFSTOPPED(event->status))
        on_stopped(self, event);
    else
        on_end(self, event);
    return true;
}

/* Makes room for one event of every task; with less, a round only gathers fewer. */
static void make_room(ptracer *self) {
    if (self->event_room >= self->tasks.count)
        return;
    event *events = realloc(self->events, 2 * self->tasks.count * sizeof *events);
    if (!events)
        return;
    self->events = events;
    self->event_room = 2 * self->tasks.count;
}

/* A second event of a task in one round means that it left the stop of the first without us. */
static void push_event(ptracer *self, pid_t tid, int status) {
    rnc_task *task = rnc_tasks_find(&self->tasks, tid);
    if (task && task->queued >= 0 && WIFSTOPPED(self->events[task->queued].status))
        self->events[task->queued].tid = 0;
    if (task)
        task->queued = (int32_t)self->event_count;
    self->events[self->event_count++] = (event){tid, status, rnc_clock_monotonic()};
}

/* Sleeps for one event and takes along what else is there. Only what belongs to this thread: other
 * children of the process are their makers' to wait for. */
static void gather(ptracer *self) {
    int flags = __WALL | __WNOTHREAD;
    self->event_count = self->next_event = 0;
    make_room(self);
    while (self->event_count < self->event_room) {
        int status;
        pid_t tid = wait4(-1, &status, flags, NULL);
        if (tid < 0 && errno == EINTR)
            continue;
        if (tid <= 0)
            break;
        push_event(self, tid, status);
        if (self->tasks.count == 1)
            break;
        flags |= WNOHANG;
    }
}

/* NULL once no task is left. */
static const event *next_event(ptracer *self) {
    for (;;) {
        if (self->next_event == self->event_count)
            gather(self);
        if (self->event_count == 0)
            return NULL;
        const event *next = &self->events[self->next_event++];
        if (next->tid)
            return next;
    }
}

/* ---- a run ------------------------------------------------------------------------------------
 */

/* Why a ptrace request on our own child was refused, in one sentence. */
static void explain_refusal(char *why, size_t size, int error, pid_t child) {
    rnc_proc_status own = {0}, other = {0};
    int scope = 0;
    FILE *yama = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    if (yama) {
        if (fscanf(yama, "%d", &scope) != 1)
            scope = 0;
        fclose(yama);
    }
    rnc_proc_read_status(0, &own);
    rnc_proc_read_status(child, &other);
    if (other.tracer)
        snprintf(why, size,
                 "process %d already traces this one and its children: only one tracer is possible",
                 (int)other.tracer);
    else if (scope >= 3)
        snprintf(why, size,
                 "kernel.yama.ptrace_scope is 3, which forbids ptrace until the next boot");
    else if (scope == 2)
        snprintf(why, size,
                 "kernel.yama.ptrace_scope is 2: ptrace needs the capability CAP_SYS_PTRACE");
    else if (own.seccomp == 2 && (error == EPERM || error == ENOSYS || error == EACCES))
        snprintf(why, size,
                 "a seccomp filter forbids ptrace (in a container: allow it, "
                 "e.g. with --cap-add=SYS_PTRACE)");
    else
        snprintf(why, size, "ptrace is refused: %s", strerror(error));
}

static int attach(pid_t pid, bool follow) {
    uintptr_t options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
    if (follow)
        options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    if (trace(PTRACE_SEIZE, pid, 0, options) != 0)
        return RNC_OS_ERROR;
    return trace(PTRACE_INTERRUPT, pid, 0, 0) == 0 ? RNC_OK : RNC_OS_ERROR;
}

static void reap(pid_t pid, int *status) {
    while (wait4(pid, status, __WALL, NULL) < 0 && errno == EINTR)
        continue;
}

static void kill_and_reap(pid_t pid) {
    int status;
    kill(pid, SIGKILL);
    do
        reap(pid, &status);
    while (WIFSTOPPED(status));
}

static int fail(rnc_source *source, const char *what, int error) {
    snprintf(source->error, sizeof source->error, "%s: %s", what, strerror(error));
    errno = error;
    return RNC_OS_ERROR;
}

/* The interrupt is pending before the gate opens, so the child stops before it passes the gate. */
static int begin(ptracer *self, rnc_launch *launch) {
    rnc_source *source = self->source;
    if (attach(launch->pid, source->config.follow) != RNC_OK) {
        int error = errno;
        explain_refusal(source->error, sizeof source->error, error, launch->pid);
        errno = error;
        return RNC_OS_ERROR;
    }
    rnc_task *task = add_process(self, launch->pid, getpid(), NULL, rnc_clock_monotonic());
    if (!task)
        return RNC_NO_MEMORY;
    self->root = task->group;
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
    if (dead) return RNC_OK;
    kill_and_reap(launch->pid);
    errno = error;
    return status;
}

static int trace_to_end(ptracer *self, rnc_launch *launch) {
    int status = begin(self, launch);
    if (status != RNC_OK) return abandon(self, launch, status);
    rnc_launch_open_gate(launch);
    while (dispatch(self, next_event(self))) continue;
    self->source->exec_errno = rnc_launch_exec_errno(launch);
    if (self->source->exec_errno)
        return fail(self->source, self->source->config.path, self->source->exec_errno);
    return RNC_OK;
}

static int run(rnc_source *source, const sigset_t *program_mask) {
    ptracer self = {.source = source, .own_tid = (pid_t)syscall(SYS_gettid)};
    rnc_launch launch;
    if (!rnc_tasks_init(&self.tasks))
        return RNC_NO_MEMORY;
    int status = rnc_launch_fork(&launch, &source->config, program_mask);
    if (status == RNC_OK) {
        status = trace_to_end(&self, &launch);
        rnc_launch_close(&launch);
    } else {
        fail(source, "cannot start a process", errno);
    }
    rnc_tasks_free(&self.tasks);
    free(self.events);
    return status;
}

/* ---- may we? ----------------------------------------------------------------------------------
 */

/* Seizes the child, stops it and asks for what needs the newest kernel. */
static int try_on(pid_t pid, char *why, size_t size) {
    struct ptrace_syscall_info info;
    int status;
    if (attach(pid, true) != RNC_OK) {
        explain_refusal(why, size, errno, pid);
        return RNC_OS_ERROR;
    }
    reap(pid, &status);
    if (trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, (uintptr_t)&info) > 0)
        return RNC_OK;
    snprintf(why, size, "this kernel has no PTRACE_GET_SYSCALL_INFO; Linux 5.3 or later is needed");
    return RNC_OS_ERROR;
}

static int probe(char *why, size_t size) {
    rnc_launch launch;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = rnc_launch_fork(&launch, NULL, &before);
    if (status == RNC_OK) {
        status = try_on(launch.pid, why, size);
        kill_and_reap(launch.pid);
        rnc_launch_close(&launch);
    } else {
        snprintf(why, size, "cannot start a process: %s", strerror(errno));
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

const rnc_engine rnc_engine_ptrace = {.name = "ptrace", .probe = probe, .run = run};
