/* Structures of one piece: what the kernel or the program wrote, field by field. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "syscall/flags.h"
#include "syscall/show.h"

/* The bytes of the structure; else shows the pointer and returns NULL. */
static const void *structure(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const void *bytes =
        rnc_captured_struct(call, index, 0, rnc_arg_unit(call->signature->args[index]));
    if (!bytes)
        rnc_show_pointer(out, call, index);
    return bytes;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void put_device(rnc_buffer *out, unsigned high, unsigned low) {
    rnc_buffer_text(out, "makedev(");
    rnc_put_hex(out, high);
    rnc_buffer_text(out, ", ");
    rnc_put_hex(out, low);
    rnc_buffer_char(out, ')');
}

/* A comment with a time, of the local zone; nothing for the epoch. */
static void put_when(rnc_buffer *out, int64_t seconds, uint64_t nanoseconds) {
    struct tm local;
    time_t when = (time_t)seconds;
    char text[64], zone[16];
    if ((!seconds && !nanoseconds) || nanoseconds > 999999999 || !localtime_r(&when, &local))
        return;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &local);
    strftime(zone, sizeof zone, "%z", &local);
    rnc_put_format(out, " /* %s", text);
    if (nanoseconds)
        rnc_put_format(out, ".%09" PRIu64, nanoseconds);
    rnc_put_format(out, "%s */", zone);
}

static void put_file_time(rnc_buffer *out, const char *name, struct timespec time) {
    rnc_put_format(out, ", st_%s=%" PRId64, name, (int64_t)time.tv_sec);
    put_when(out, time.tv_sec, (uint64_t)time.tv_nsec);
    rnc_put_format(out, ", st_%s_nsec=%" PRId64, name, (int64_t)time.tv_nsec);
}

void rnc_show_stat(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const struct stat *stat = structure(out, call, index);
    if (!stat)
        return;
    bool verbose = call->style.verbose;
    rnc_buffer_char(out, '{');
    if (verbose) {
        rnc_buffer_text(out, "st_dev=");
        put_device(out, gnu_dev_major(stat->st_dev), gnu_dev_minor(stat->st_dev));
        rnc_put_format(out, ", st_ino=%" PRIu64 ", ", (uint64_t)stat->st_ino);
    }
    rnc_buffer_text(out, "st_mode=");
    rnc_put_file_mode(out, stat->st_mode);
    if (verbose)
        rnc_put_format(out,
                       ", st_nlink=%" PRIu64 ", st_uid=%u, st_gid=%u, st_blksize=%" PRId64
                       ", st_blocks=%" PRId64,
                       (uint64_t)stat->st_nlink, stat->st_uid, stat->st_gid,
                       (int64_t)stat->st_blksize, (int64_t)stat->st_blocks);
    if (S_ISCHR(stat->st_mode) || S_ISBLK(stat->st_mode)) {
        rnc_buffer_text(out, ", st_rdev=");
        put_device(out, gnu_dev_major(stat->st_rdev), gnu_dev_minor(stat->st_rdev));
    } else {
        rnc_put_format(out, ", st_size=%" PRId64, (int64_t)stat->st_size);
    }
    if (verbose) {
        put_file_time(out, "atime", stat->st_atim);
        put_file_time(out, "mtime", stat->st_mtim);
        put_file_time(out, "ctime", stat->st_ctim);
        rnc_buffer_char(out, '}');
    } else {
        rnc_buffer_text(out, ", ...}");
    }
}

void rnc_show_statx(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const struct statx *stat = structure(out, call, index);
    if (!stat)
        return;
    rnc_buffer_text(out, "{stx_mask=");
    rnc_put_set(out, RNC_ARG_STATX_MASK, stat->stx_mask);
    rnc_buffer_text(out, ", stx_attributes=");
    rnc_put_set(out, RNC_ARG_STATX_ATTRIBUTES, stat->stx_attributes);
    rnc_buffer_text(out, ", stx_mode=");
    rnc_put_file_mode(out, stat->stx_mode);
    rnc_put_format(out, ", stx_size=%" PRIu64 ", ...}", (uint64_t)stat->stx_size);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void put_pair(rnc_buffer *out, const int64_t *pair, const char *fraction) {
    rnc_put_format(out, "{tv_sec=%" PRId64 ", tv_%s=%" PRId64 "}", pair[0], fraction, pair[1]);
}

void rnc_show_timespec(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const int64_t *pair = structure(out, call, index);
    if (pair)
        put_pair(out, pair, "nsec");
}

void rnc_show_timeval(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const int64_t *pair = structure(out, call, index);
    if (pair)
        put_pair(out, pair, "usec");
}

static void put_interval(rnc_buffer *out, const rnc_decode_call *call, unsigned index,
                         const char *fraction) {
    const int64_t *pairs = structure(out, call, index);
    if (!pairs)
        return;
    rnc_buffer_text(out, "{it_interval=");
    put_pair(out, pairs, fraction);
    rnc_buffer_text(out, ", it_value=");
    put_pair(out, pairs + 2, fraction);
    rnc_buffer_char(out, '}');
}

void rnc_show_itimerval(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_interval(out, call, index, "usec");
}

void rnc_show_itimerspec(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_interval(out, call, index, "nsec");
}

static void put_new_time(rnc_buffer *out, const int64_t *pair) {
    enum { NOW = 0x3fffffff, OMIT = 0x3ffffffe };
    if (pair[1] == NOW)
        return rnc_buffer_text(out, "UTIME_NOW");
    if (pair[1] == OMIT)
        return rnc_buffer_text(out, "UTIME_OMIT");
    put_pair(out, pair, "nsec");
    put_when(out, pair[0], (uint64_t)pair[1]);
}

void rnc_show_file_times(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const int64_t *pairs = structure(out, call, index);
    if (!pairs)
        return;
    rnc_buffer_char(out, '[');
    put_new_time(out, pairs);
    rnc_buffer_text(out, ", ");
    put_new_time(out, pairs + 2);
    rnc_buffer_char(out, ']');
}

/* ---- signals --------------------------------------------------------------------------------- */

enum { SIGNALS = 64 };

/* A mask that holds most signals is shown by those it lacks. */
static void put_sigset(rnc_buffer *out, uint64_t mask) {
    bool inverted = __builtin_popcountll(mask) >= SIGNALS * 2 / 3;
    const char *space = "";
    rnc_buffer_text(out, inverted ? "~[" : "[");
    for (int signal = 1; signal <= SIGNALS; signal++) {
        if ((mask >> (signal - 1) & 1) == inverted)
            continue;
        const char *name = rnc_signal_name(signal);
        rnc_put_format(out, "%s%s", space, name ? name + strlen("SIG") : "?");
        space = " ";
    }
    rnc_buffer_char(out, ']');
}

void rnc_show_sigset(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const uint64_t *mask = structure(out, call, index);
    if (mask)
        put_sigset(out, *mask);
}

void rnc_show_sigaction(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    enum { HAS_RESTORER = 0x04000000 };
    static const char *const names[] = {"SIG_DFL", "SIG_IGN"};
    const struct {
        uint64_t handler, flags, restorer, mask;
    } *action = structure(out, call, index);
    if (!action)
        return;
    bool named = action->handler < RNC_COUNT(names);
    rnc_buffer_text(out, "{sa_handler=");
    if (named)
        rnc_buffer_text(out, names[action->handler]);
    else
        rnc_put_pointer(out, action->handler);
    rnc_buffer_text(out, ", sa_mask=");
    put_sigset(out, action->mask);
    rnc_buffer_text(out, ", sa_flags=");
    rnc_put_set(out, RNC_ARG_SIGACTION_BITS, action->flags);
    if (action->flags & HAS_RESTORER) {
        rnc_buffer_text(out, ", sa_restorer=");
        rnc_put_pointer(out, action->restorer);
    }
    rnc_buffer_char(out, '}');
}

/* ---- processes and limits -------------------------------------------------------------------- */

void rnc_show_wait_status(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    if (call->body->result == 0) /* nobody's status: WNOHANG */
        return rnc_show_pointer(out, call, index);
    const int *word = structure(out, call, index);
    if (!word)
        return;
    int status = *word;
    rnc_buffer_text(out, "[{");
    if (WIFEXITED(status)) {
        rnc_put_format(out, "WIFEXITED(s) && WEXITSTATUS(s) == %d", WEXITSTATUS(status));
    } else if (WIFCONTINUED(status)) {
        rnc_buffer_text(out, "WIFCONTINUED(s)");
    } else {
        bool stopped = WIFSTOPPED(status);
        rnc_buffer_text(out, stopped ? "WIFSTOPPED(s) && WSTOPSIG(s) == "
                                     : "WIFSIGNALED(s) && WTERMSIG(s) == ");
        rnc_put_signal(out, stopped ? WSTOPSIG(status) & 0x7f : WTERMSIG(status));
        if (stopped && WSTOPSIG(status) & 0x80)
            rnc_buffer_text(out, " | 0x80");
        if (!stopped && WCOREDUMP(status))
            rnc_buffer_text(out, " && WCOREDUMP(s)");
    }
    rnc_buffer_text(out, "}]");
}

void rnc_show_rusage(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    bool of_wait = call->signature->args[1] == RNC_ARG_WAIT_STATUS;
    if (of_wait && call->body->result == 0) /* WNOHANG, and nobody's usage was written */
        return rnc_show_pointer(out, call, index);
    const int64_t *words = structure(out, call, index);
    if (!words)
        return;
    rnc_buffer_text(out, "{ru_utime=");
    put_pair(out, words, "usec");
    rnc_buffer_text(out, ", ru_stime=");
    put_pair(out, words + 2, "usec");
    if (!call->style.verbose)
        return rnc_buffer_text(out, ", ...}");
    static const char *const fields[] = {"maxrss", "ixrss",    "idrss",   "isrss",   "minflt",
                                         "majflt", "nswap",    "inblock", "oublock", "msgsnd",
                                         "msgrcv", "nsignals", "nvcsw",   "nivcsw"};
    for (size_t i = 0; i < RNC_COUNT(fields); i++)
        rnc_put_format(out, ", ru_%s=%" PRIu64, fields[i], (uint64_t)words[4 + i]);
    rnc_buffer_char(out, '}');
}

static void put_limit(rnc_buffer *out, uint64_t value, const char *infinity) {
    if (value == UINT64_MAX)
        rnc_buffer_text(out, infinity);
    else if (value > 1024 && value % 1024 == 0)
        rnc_put_format(out, "%" PRIu64 "*1024", value / 1024);
    else
        rnc_put_unsigned(out, value);
}

static void put_limits(rnc_buffer *out, const rnc_decode_call *call, unsigned index,
                       const char *infinity) {
    const uint64_t *limits = structure(out, call, index);
    if (!limits)
        return;
    rnc_buffer_text(out, "{rlim_cur=");
    put_limit(out, limits[0], infinity);
    rnc_buffer_text(out, ", rlim_max=");
    put_limit(out, limits[1], infinity);
    rnc_buffer_char(out, '}');
}

void rnc_show_rlimit(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_limits(out, call, index, "RLIM_INFINITY");
}

void rnc_show_rlimit64(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    put_limits(out, call, index, "RLIM64_INFINITY");
}

void rnc_show_cpus(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const rnc_capture *capture = rnc_captured(call, index, 0);
    if (!capture)
        return rnc_show_pointer(out, call, index);
    const uint8_t *bytes = (const uint8_t *)(capture + 1);
    const char *space = "";
    rnc_buffer_char(out, '[');
    for (unsigned cpu = 0; cpu < capture->size * 8; cpu++) {
        if (!(bytes[cpu / 8] >> cpu % 8 & 1))
            continue;
        rnc_put_format(out, "%s%u", space, cpu);
        space = " ";
    }
    rnc_buffer_char(out, ']');
}

void rnc_show_clone3(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    enum { PIDFD = 0x1000, SETTLS = 0x80000, PARENT_SETTID = 0x100000 };
    enum { CHILD_TID = 0x1000000 | 0x200000 };
    const struct {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } *args = rnc_captured_struct(call, index, 0, sizeof *args);
    if (!args)
        return rnc_show_pointer(out, call, index);
    rnc_buffer_text(out, "{flags=");
    rnc_put_set(out, RNC_ARG_CLONE_BITS, args->flags);
    if (args->flags & PIDFD)
        rnc_put_format(out, ", pidfd=%#" PRIx64, args->pidfd);
    if (args->flags & CHILD_TID)
        rnc_put_format(out, ", child_tid=%#" PRIx64, args->child_tid);
    if (args->flags & PARENT_SETTID)
        rnc_put_format(out, ", parent_tid=%#" PRIx64, args->parent_tid);
    rnc_buffer_text(out, ", exit_signal=");
    rnc_put_signal(out, (int32_t)args->exit_signal);
    rnc_buffer_text(out, ", stack=");
    rnc_put_pointer(out, args->stack);
    rnc_buffer_text(out, ", stack_size=");
    rnc_put_hex(out, args->stack_size);
    if (args->flags & SETTLS)
        rnc_put_format(out, ", tls=%#" PRIx64, args->tls);
    rnc_buffer_char(out, '}');
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void put_name(rnc_buffer *out, const rnc_decode_call *call, const char *label,
                     const char *name, size_t size) {
    rnc_buffer_text(out, label);
    rnc_put_string(out, call, name, strnlen(name, size), false);
}

void rnc_show_utsname(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const struct utsname *names = structure(out, call, index);
    if (!names)
        return;
    put_name(out, call, "{sysname=", names->sysname, sizeof names->sysname);
    put_name(out, call, ", nodename=", names->nodename, sizeof names->nodename);
    if (!call->style.verbose)
        return rnc_buffer_text(out, ", ...}");
    put_name(out, call, ", release=", names->release, sizeof names->release);
    put_name(out, call, ", version=", names->version, sizeof names->version);
    put_name(out, call, ", machine=", names->machine, sizeof names->machine);
    put_name(out, call, ", domainname=", names->domainname, sizeof names->domainname);
    rnc_buffer_char(out, '}');
}

void rnc_show_sysinfo(rnc_buffer *out, const rnc_decode_call *call, unsigned index) {
    const struct sysinfo *info = structure(out, call, index);
    if (!info)
        return;
    rnc_put_format(out, "{uptime=%ld, loads=[%lu, %lu, %lu], totalram=%lu, freeram=%lu, ",
                   info->uptime, info->loads[0], info->loads[1], info->loads[2], info->totalram,
                   info->freeram);
    rnc_put_format(out, "sharedram=%lu, bufferram=%lu, totalswap=%lu, freeswap=%lu, ",
                   info->sharedram, info->bufferram, info->totalswap, info->freeswap);
    rnc_put_format(out, "procs=%u, totalhigh=%lu, freehigh=%lu, mem_unit=%u}", info->procs,
                   info->totalhigh, info->freehigh, info->mem_unit);
}
