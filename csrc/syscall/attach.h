/* Bringing a child of ours under trace, and saying why that cannot be. */
#ifndef RNC_SYSCALL_ATTACH_H
#define RNC_SYSCALL_ATTACH_H

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "rnc.h"

/* The bare call: nothing is variadic, and glibc's and the kernel's headers do not get along. */
static inline long rnc_ptrace(long request, pid_t tid, uintptr_t address, uintptr_t data) {
    return syscall(SYS_ptrace, request, (long)tid, address, data);
}

/* Seizes the child, which will stop before it runs another instruction of its own. With follow its
 * children and threads come under trace as they appear. On failure one sentence is in `why`. */
int rnc_attach(pid_t pid, bool follow, char *why, size_t size);
/* Tries it on a child made for that. */
int rnc_attach_probe(char *why, size_t size);
void rnc_kill_and_reap(pid_t pid);

#endif
