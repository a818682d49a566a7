#define _GNU_SOURCE
#include "syscall/attach.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "syscall/launch.h"
#include "syscall/proc.h"

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

int rnc_attach(pid_t pid, bool follow, char *why, size_t size) {
    uintptr_t options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
    if (follow)
        options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    if (rnc_ptrace(PTRACE_SEIZE, pid, 0, options) == 0 &&
        rnc_ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0)
        return RNC_OK;
    int error = errno;
    explain_refusal(why, size, error, pid);
    errno = error;
    return RNC_OS_ERROR;
}

static void reap(pid_t pid, int *status) {
    while (wait4(pid, status, __WALL, NULL) < 0 && errno == EINTR)
        continue;
}

void rnc_kill_and_reap(pid_t pid) {
    int status = 0;
    kill(pid, SIGKILL);
    do
        reap(pid, &status);
    while (WIFSTOPPED(status));
}

/* Seizes the child, stops it and asks for what needs the newest kernel. */
static int try_on(pid_t pid, char *why, size_t size) {
    struct ptrace_syscall_info info;
    int status;
    if (rnc_attach(pid, true, why, size) != RNC_OK)
        return RNC_OS_ERROR;
    reap(pid, &status);
    if (rnc_ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, (uintptr_t)&info) > 0)
        return RNC_OK;
    snprintf(why, size, "this kernel has no PTRACE_GET_SYSCALL_INFO; Linux 5.3 or later is needed");
    return RNC_OS_ERROR;
}

int rnc_attach_probe(char *why, size_t size) {
    rnc_launch launch;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = rnc_launch_fork(&launch, NULL);
    if (status == RNC_OK) {
        status = try_on(launch.pid, why, size);
        rnc_kill_and_reap(launch.pid);
        rnc_launch_close(&launch);
    } else {
        snprintf(why, size, "cannot start a process: %s", strerror(errno));
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}
