#define _GNU_SOURCE
#include "syscall/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscall/proc.h"

/* What a shell gives for a command it did not find, and for one it could not run. */
enum { STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127 };

/* ---- the child: only async-signal-safe calls ------------------------------------------------- */

/* Signals ignored by us and not at our own start return to their default, and no handler of ours is
 * left to run in the child. */
static void reset_signals(uint64_t ignored) {
    for (int number = 1; number < NSIG; number++) {
        bool ignore = ignored >> (number - 1) & 1;
        struct sigaction action = {.sa_handler = ignore ? SIG_IGN : SIG_DFL};
        sigaction(number, &action, NULL);
    }
}

static void block_signals(uint64_t blocked) {
    sigset_t mask;
    sigemptyset(&mask);
    for (int number = 1; number < NSIG; number++)
        if (blocked >> (number - 1) & 1)
            sigaddset(&mask, number);
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

static void write_hex(char out[16], uint64_t value) {
    for (int digit = 15; digit >= 0; digit--, value >>= 4)
        out[digit] = "0123456789abcdef"[value & 15];
}

static bool pass_gate(int gate, int report) {
    char byte = 0;
    if (write(report, &byte, 1) != 1)
        return false;
    ssize_t got;
    while ((got = read(gate, &byte, 1)) < 0 && errno == EINTR)
        continue;
    return got == 1;
}

_Noreturn static void run_child(const rnc_source_config *config, int gate, int report) {
    if (config) {
        reset_signals(config->ignored_signals);
        block_signals(config->blocked_signals);
        if (config->traceparent) {
            uint64_t ticks = rnc_proc_start_ticks(0);
            write_hex(config->traceparent,
                      rnc_process_span_id(config->trace_id, (uint32_t)getpid(), ticks));
        }
    }
    if (!pass_gate(gate, report) || !config)
        _exit(0);
    execve(config->path, (char *const *)config->argv, (char *const *)config->envp);
    int error = errno;
    if (write(report, &error, sizeof error) < 0)
        _exit(STATUS_NOT_EXECUTABLE);
    _exit(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

/* ---- the parent ------------------------------------------------------------------------------ */

/* Until the child stands at the gate, or is dead, which its wait status tells. */
static void await_gate(const rnc_launch *launch) {
    char byte;
    ssize_t got = read(launch->report, &byte, 1);
    (void)got;
}

int rnc_launch_fork(rnc_launch *launch, const rnc_source_config *config) {
    int gate[2], report[2];
    if (pipe2(gate, O_CLOEXEC) != 0)
        return RNC_OS_ERROR;
    if (pipe2(report, O_CLOEXEC) != 0) {
        close(gate[0]);
        close(gate[1]);
        return RNC_OS_ERROR;
    }
    /* The bare call: the fork handlers of a large process are neither needed nor safe here. */
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        close(gate[1]);
        run_child(config, gate[0], report[1]);
    }
    close(gate[0]);
    close(report[1]);
    *launch = (rnc_launch){.pid = pid, .gate = gate[1], .report = report[0]};
    if (pid > 0) {
        await_gate(launch);
        return RNC_OK;
    }
    rnc_launch_close(launch);
    return RNC_OS_ERROR;
}

static void close_once(int *file) {
    int saved = errno;
    if (*file >= 0)
        close(*file);
    *file = -1;
    errno = saved;
}

void rnc_launch_open_gate(rnc_launch *launch) {
    /* It fails only when the child is dead, which its wait status tells. */
    ssize_t written = write(launch->gate, "", 1);
    (void)written;
    close_once(&launch->gate);
}

int rnc_launch_exec_errno(rnc_launch *launch) {
    int error = 0;
    return read(launch->report, &error, sizeof error) == sizeof error ? error : 0;
}

void rnc_launch_close(rnc_launch *launch) {
    close_once(&launch->gate);
    close_once(&launch->report);
}

void rnc_die_by(int signal) {
    /* The limit does not hold where core files go to a program. */
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    kill(getpid(), signal);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
}
