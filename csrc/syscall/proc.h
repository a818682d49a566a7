/* Facts about a task from /proc. Nothing here allocates or locks, so a forked child may call it. */
#ifndef RNC_SYSCALL_PROC_H
#define RNC_SYSCALL_PROC_H

#include <sys/types.h>

#include "rnc.h"

typedef struct rnc_proc_status {
    pid_t tgid;
    pid_t ppid;
    pid_t tracer; /* the tid of the thread that traces it, or 0 */
    int seccomp;  /* 0 none, 1 strict, 2 filters */
} rnc_proc_status;

/* False when there is no such task. pid 0 is the calling thread's process, here and below. */
bool rnc_proc_read_status(pid_t tid, rnc_proc_status *out);

/* When the process started, in clock ticks since boot: field 22 of /proc/PID/stat; 0: not known. */
uint64_t rnc_proc_start_ticks(pid_t pid);

/* What a process runs: the path of its executable, NUL, its command line with NULs between the
 * arguments. Writes at most size bytes and gives how many; a long command line is cut. */
size_t rnc_proc_image(pid_t pid, char *out, size_t size);

#endif
