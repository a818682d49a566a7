/* Starting the program so that it differs in nothing from a start without us, and holding it back
 * until its tracer is ready. */
#ifndef RNC_SYSCALL_LAUNCH_H
#define RNC_SYSCALL_LAUNCH_H

#include <sys/types.h>

#include "rnc.h"

typedef struct rnc_launch {
    pid_t pid;
    int gate;   /* the child waits for a byte from here; -1: open */
    int report; /* brings word that the child is at the gate, then the errno of a failed execve */
} rnc_launch;

/* Forks the program's process and returns once it waits at the gate; past it, it calls execve once
 * with config's path, argv and envp. Call it with every signal blocked. With no config the child
 * only waits and then exits. RNC_OK or RNC_OS_ERROR. */
int rnc_launch_fork(rnc_launch *launch, const rnc_source_config *config);
void rnc_launch_open_gate(rnc_launch *launch);
/* The errno of the child's execve once the child has ended or run: 0 when it succeeded. */
int rnc_launch_exec_errno(rnc_launch *launch);
/* A child still at the gate ends without running anything. */
void rnc_launch_close(rnc_launch *launch);

#endif
