/* Prints all that a program inherits: descriptors, signals, environment, limits, group, affinity.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void print_descriptors(void) {
    for (int file = 0; file < 1024; file++) {
        char link[64], target[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t size = readlink(link, target, sizeof target - 1);
        if (size < 0)
            continue;
        target[size] = '\0';
        printf("fd %d %s %#x\n", file, target, fcntl(file, F_GETFL));
    }
}

static void print_status(void) {
    static const char *const labels[] = {"SigBlk:",     "SigIgn:",  "SigCgt:", "Umask:",
                                         "NoNewPrivs:", "Seccomp:", "CapEff:", "Cpus_allowed:"};
    FILE *status = fopen("/proc/self/status", "r");
    char line[4096];
    while (fgets(line, sizeof line, status))
        for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
            if (strncmp(line, labels[i], strlen(labels[i])) == 0)
                fputs(line, stdout);
    fclose(status);
}

int main(int argc, char **argv) {
    print_descriptors();
    print_status();
    for (char **entry = environ; *entry; entry++)
        printf("env %s\n", *entry);
    for (int i = 0; i < argc; i++)
        printf("arg %s\n", argv[i]);
    for (int resource = 0; resource < RLIMIT_NLIMITS; resource++) {
        struct rlimit limit;
        getrlimit(resource, &limit);
        printf("limit %d %lu %lu\n", resource, limit.rlim_cur, limit.rlim_max);
    }
    char directory[4096];
    printf("pgrp %d sid %d nice %d cwd %s\n", getpgrp(), getsid(0), getpriority(PRIO_PROCESS, 0),
           getcwd(directory, sizeof directory));
    return 0;
}
