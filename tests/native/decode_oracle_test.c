/* Decoding against strace: this program, run under strace, makes every syscall with given arguments
 * behind a filter that refuses them all; our line for the same numbers must be strace's line. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "syscall/tables.h"

enum { LAST = 450, MARK = 0x7777 };

#if RNC_X86_64
#define ABI RNC_ABI_X86_64
#else
#define ABI RNC_ABI_AARCH64
#endif

static bool among(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

/* Not to be called: the filter cannot refuse it, or strace shows another call's state. */
static bool left_out(const char *name) {
    static const char *const names[] = {"rt_sigreturn", "uretprobe",       "uprobe",
                                        "exit_group",   "restart_syscall", "exit"};
    return among(name, names, RNC_COUNT(names));
}

/* Shown in another way than strace 6.1 does. */
static bool told_otherwise(const char *name) {
    static const char *const names[] = {
        /* flags or commands that are younger than strace 6.1 */
        "fallocate",
        "fsconfig",
        "fsmount",
        "io_uring_enter",
        "kexec_file_load",
        "landlock_add_rule",
        "landlock_create_ruleset",
        "memfd_create",
        "mmap",
        "move_mount",
        "pidfd_open",
        "preadv2",
        "pwritev2",
        "remap_file_pages",
        "sched_get_priority_max",
        "sched_get_priority_min",
        "sched_setscheduler",
        /* numbers that strace takes apart */
        "fanotify_init",
        "ioprio_set",
        "kexec_load",
        "membarrier",
        "personality",
        "quotactl",
        "quotactl_fd",
        "reboot",
        "seccomp",
        "swapon",
        "syslog",
        /* arguments that strace shows by what another one says */
        "add_key",
        "fanotify_mark",
        "getsockopt",
        "kcmp",
        "keyctl",
        "prctl",
        "ptrace",
        "request_key",
        "setsockopt",
        "socketpair",
        /* flags of which strace knows fewer, or joins the rest with nothing */
        "memfd_secret",
        "mount_setattr",
        "move_pages",
        "msgget",
        "name_to_handle_at",
        "pkey_alloc",
        "semget",
        "statx",
        "mq_open",
        "create_module",
        "query_module",
    };
    return among(name, names, RNC_COUNT(names));
}

static void refuse_everything(void) {
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 38),
    };
    struct sock_fprog filter = {RNC_COUNT(program), program};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        _exit(3);
}

static void arguments(uint64_t out[6], unsigned set) {
    for (unsigned i = 0; i < 6; i++) {
        if (set < 31) /* an address of bit 31 may be mapped */
            out[i] = 1ull << set;
        else if (set == 31)
            out[i] = 0;
        else if (set == 32)
            out[i] = UINT32_MAX;
        else
            out[i] = 0xdead0000u + i + (set - 33) * 0x1357u;
    }
}

enum { SETS = 60 };

static void make_calls(void) {
    refuse_everything();
    for (unsigned set = 0; set < SETS; set++) {
        uint64_t a[6];
        arguments(a, set);
        syscall(MARK + set, 0, 0, 0, 0, 0, 0);
        for (int number = 0; number <= LAST; number++) {
            const rnc_syscall_row *row = rnc_syscall(rnc_syscall_find(ABI, number));
            if (row && !left_out(row->name))
                syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        }
    }
    _exit(0);
}

static void expected(rnc_buffer *out, int number, unsigned set) {
    rnc_record record = {.kind = RNC_SYSCALL};
    char scratch[24];
    record.syscall = (rnc_syscall_body){.number = number,
                                        .abi = ABI,
                                        .row = rnc_syscall_find(ABI, number),
                                        .flags = RNC_SYSCALL_FAILED,
                                        .result = -38};
    arguments(record.syscall.args, set);
    out->size = 0;
    rnc_buffer_text(out, rnc_syscall_name(&record.syscall, scratch));
    rnc_buffer_char(out, '(');
    rnc_decode_args(out, &record, &(rnc_decode_style){.string_limit = 32});
    rnc_buffer_text(out, ") = ");
    rnc_decode_result(out, &record);
    rnc_buffer_char(out, '\0');
}

static void compare(FILE *lines) {
    rnc_buffer ours = {0};
    char theirs[2048];
    int number = 0;
    unsigned set = 0;
    bool started = false;
    while (fgets(theirs, sizeof theirs, lines)) {
        unsigned mark;
        theirs[strcspn(theirs, "\n")] = '\0';
        if (sscanf(theirs, "syscall_0x%x", &mark) == 1 && mark >= MARK && mark < MARK + SETS) {
            started = true;
            set = mark - MARK;
            number = 0;
            continue;
        }
        if (!started || number > LAST)
            continue;
        for (const rnc_syscall_row *row;; number++) {
            row = rnc_syscall(rnc_syscall_find(ABI, number));
            if (row && !left_out(row->name))
                break;
        }
        if (told_otherwise(rnc_syscall(rnc_syscall_find(ABI, number++))->name))
            continue;
        expected(&ours, number - 1, set);
        CHECK(!strcmp(theirs, ours.data), "set %u\n   strace %s\n   ours   %s", set, theirs,
              ours.data);
    }
    rnc_buffer_free(&ours);
}

int main(int argc, char **argv) {
    if (argc > 1)
        make_calls();
    char command[4096], self[2048];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    self[size < 0 ? 0 : size] = '\0';
    if (system("strace -V >/dev/null 2>&1"))
        return puts("  skipped: no strace here"), 0;
    snprintf(command, sizeof command, "strace -a1 -o /dev/stdout -e signal=none '%s' calls", self);
    FILE *lines = popen(command, "r");
    compare(lines);
    pclose(lines);
    if (!check_count)
        return puts("  skipped: strace cannot run this program here"), 0;
    return check_report();
}
