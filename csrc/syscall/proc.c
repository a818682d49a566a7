#define _GNU_SOURCE
#include "syscall/proc.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 64 };

static void proc_path(char out[PATH_ROOM], pid_t pid, const char *file) {
    char *end = stpcpy(out, "/proc/");
    if (pid == 0) {
        end = stpcpy(end, "self");
    } else {
        char digits[12];
        char *first = digits + sizeof digits - 1;
        *first = '\0';
        for (pid_t rest = pid; rest; rest /= 10)
            *--first = (char)('0' + rest % 10);
        end = stpcpy(end, first);
    }
    stpcpy(stpcpy(end, "/"), file);
}

/* The file's first size - 1 bytes, NUL-terminated; how many, or 0. */
static size_t read_start(pid_t pid, const char *name, char *out, size_t size) {
    char path[PATH_ROOM];
    proc_path(path, pid, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    size_t filled = 0;
    if (file >= 0) {
        for (ssize_t got; filled < size - 1; filled += (size_t)got)
            if ((got = read(file, out + filled, size - 1 - filled)) <= 0)
                break;
        close(file);
    }
    out[filled] = '\0';
    return filled;
}

static int status_field(const char *text, const char *label) {
    const char *found = strstr(text, label);
    return found ? (int)strtol(found + strlen(label), NULL, 10) : 0;
}

bool rnc_proc_read_status(pid_t tid, rnc_proc_status *out) {
    char text[4096];
    if (!read_start(tid, "status", text, sizeof text))
        return false;
    out->tgid = status_field(text, "\nTgid:");
    out->ppid = status_field(text, "\nPPid:");
    out->tracer = status_field(text, "\nTracerPid:");
    out->seccomp = status_field(text, "\nSeccomp:");
    return true;
}

uint64_t rnc_proc_start_ticks(pid_t pid) {
    char text[1024];
    size_t size = read_start(pid, "stat", text, sizeof text);
    /* The name, field 2, is in parentheses and may hold anything, parentheses and spaces too. */
    const char *field = memrchr(text, ')', size);
    for (int number = 2; field && number < 22; number++) {
        field = strchr(field, ' ');
        if (field)
            field++;
    }
    return field ? strtoull(field, NULL, 10) : 0;
}

size_t rnc_proc_image(pid_t pid, char *out, size_t size) {
    char link[PATH_ROOM];
    proc_path(link, pid, "exe");
    ssize_t path_size = readlink(link, out, size < PATH_MAX ? size : PATH_MAX);
    size_t filled = path_size > 0 ? (size_t)path_size : 0;
    if (filled + 2 > size)
        return filled;
    out[filled++] = '\0';
    size_t args = read_start(pid, "cmdline", out + filled, size - filled);
    /* The last argument's own NUL is not a separator. */
    if (args && out[filled + args - 1] == '\0')
        args--;
    return filled + args;
}
