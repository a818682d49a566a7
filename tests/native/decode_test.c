/* Decoding of records made by hand: strings, results, other ABIs, and bytes no engine would write.
 */
#include <stdlib.h>

#include "check.h"
#include "record_maker.h"

static made_record made;
static rnc_buffer text;

static const char *decoded(uint32_t limit) {
    text.size = 0;
    rnc_decode_args(&text, &made.head, &(rnc_decode_style){.string_limit = limit});
    rnc_buffer_text(&text, " = ");
    rnc_decode_result(&text, &made.head);
    rnc_buffer_char(&text, '\0');
    return text.data;
}

#define EXPECT(limit, expected)                                                                    \
    CHECK(!strcmp(decoded(limit), expected), "\n   got      %s\n   expected %s", text.data,        \
          expected)

static void set_args(uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    uint64_t args[] = {a, b, c, d};
    memcpy(made.head.syscall.args, args, sizeof args);
}

static void paths_and_flags(void) {
    make_call(&made, "openat", 3);
    set_args((uint32_t)-100, 0x7f00, 02000000, 0644);
    add_capture(&made, 1, RNC_CAPTURE_WHOLE, "/etc/ld.so.cache", 16);
    EXPECT(4, "AT_FDCWD, \"/etc/ld.so.cache\", O_RDONLY|O_CLOEXEC = 3");
    set_args(5, 0x7f00, 0101, 0644);
    EXPECT(4, "5, \"/etc/ld.so.cache\", O_WRONLY|O_CREAT, 0644 = 3");

    make_call(&made, "openat", -2);
    set_args((uint32_t)-100, 0x7f00, 0, 0);
    add_capture(&made, 1, RNC_CAPTURE_FAULT, "", 0);
    EXPECT(32, "AT_FDCWD, 0x7f00, O_RDONLY = -1 ENOENT (No such file or directory)");
    set_args((uint32_t)-100, 0, 0, 0);
    EXPECT(32, "AT_FDCWD, NULL, O_RDONLY = -1 ENOENT (No such file or directory)");
}

static void strings_are_quoted_and_cut(void) {
    static const char bytes[] = "\1"
                                "2\2"
                                "9\3a\0\7\b\t\n\v\f\r\"\\'\33\177\310\377"
                                "7";
    make_call(&made, "write", 22);
    set_args(3, 0x7f00, 22, 0);
    add_capture(&made, 1, RNC_CAPTURE_WHOLE, bytes, sizeof bytes - 1);
    EXPECT(32,
           "3, \"\\0012\\29\\3a\\0\\7\\10\\t\\n\\v\\f\\r\\\"\\\\'\\33\\177\\310\\3777\", 22 = 22");
    make_call(&made, "write", 40);
    set_args(3, 0x7f00, 40, 0);
    add_capture(&made, 1, RNC_CAPTURE_CUT, "01234567", 8);
    EXPECT(32, "3, \"01234567\"..., 40 = 40");
    EXPECT(3, "3, \"012\"..., 40 = 40");
    EXPECT(0, "3, \"\"..., 40 = 40");
    make_call(&made, "getrandom", 2);
    set_args(0x7f00, 2, 1, 0);
    add_capture(&made, 0, RNC_CAPTURE_WHOLE, "\xc5\0", 2);
    EXPECT(32, "\"\\xc5\\x00\", 2, GRND_NONBLOCK = 2");
    make_call(&made, "getcwd", 5);
    set_args(0x7f00, 4096, 0, 0);
    add_capture(&made, 0, RNC_CAPTURE_WHOLE, "/tmp\0", 5);
    EXPECT(2, "\"/tmp\", 4096 = 5");
}

static void results(void) {
    make_call(&made, "pause", -514);
    made.head.syscall.flags = RNC_SYSCALL_RESTART;
    EXPECT(0, " = ? ERESTARTNOHAND (To be restarted if no handler)");
    made.head.syscall.flags = RNC_SYSCALL_UNFINISHED;
    EXPECT(0, " = ?");
    make_call(&made, "exit_group", 0);
    EXPECT(0, "0 = ?");
    make_call(&made, "close", -4000);
    EXPECT(0, "0 = -1 (errno 4000)");
    make_call(&made, "mmap", 0x7f0000001000);
    set_args(0, 8192, 3, 0x22);
    made.head.syscall.args[4] = (uint64_t)-1;
    EXPECT(0, "NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 = "
              "0x7f0000001000");
    make_call(&made, "umask", 022);
    EXPECT(0, "000 = 022");
    make_call(&made, "poll", 0);
    set_args(0, 0, 1, 0);
    EXPECT(0, "NULL, 0, 1 = 0 (Timeout)");
    make_call(&made, "lseek", 5000000000);
    EXPECT(0, "0, 0, SEEK_SET = 5000000000");
}

static void fcntl_results_say_what_they_mean(void) {
    make_call(&made, "fcntl", 0x801);
    set_args(3, 3, 0, 0);
    EXPECT(0, "3, F_GETFL = 0x801 (flags O_WRONLY|O_NONBLOCK)");
    make_call(&made, "fcntl", 1);
    set_args(3, 1, 0, 0);
    EXPECT(0, "3, F_GETFD = 0x1 (flags FD_CLOEXEC)");
    made.head.syscall.result = 0;
    EXPECT(0, "3, F_GETFD = 0");
    make_call(&made, "fcntl", 10);
    set_args(3, 11, 0, 0);
    EXPECT(0, "3, F_GETSIG = 10 (SIGUSR1)");
    make_call(&made, "fcntl", 2);
    set_args(3, 1025, 0, 0);
    EXPECT(0, "3, F_GETLEASE = 0x2 (F_UNLCK)");
}

static void other_abis(void) {
    make_call(&made, "pread64", 8);
    made.head.syscall.abi = RNC_ABI_I386;
    made.head.syscall.row = rnc_syscall_find(RNC_ABI_I386, 180);
    set_args(3, 0xffff1000, 8, 0x10);
    made.head.syscall.args[4] = 1;
    EXPECT(32, "3, 0xffff1000, 8, 4294967312 = 8");
    make_call(&made, "mmap2", 0xfffffffff7f00000);
    made.head.syscall.abi = RNC_ABI_I386;
    made.head.syscall.flags = 0;
    made.head.syscall.args[5] = 1;
    EXPECT(0, "NULL, 0, PROT_NONE, MAP_FILE, 0, 0x1000 = 0xf7f00000");
    make_call(&made, "clone", 7);
    set_args(0x1200011 | 0x80000, 0, 0, 0xcc);
    made.head.syscall.args[4] = 0xdd;
    EXPECT(0, "child_stack=NULL, "
              "flags=CLONE_SETTLS|CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, tls=0xdd, "
              "child_tidptr=0xcc = 7");
    made.head.syscall.abi = RNC_ABI_AARCH64;
    EXPECT(0, "child_stack=NULL, "
              "flags=CLONE_SETTLS|CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, tls=0xcc, "
              "child_tidptr=0xdd = 7");
}

static void unknown_numbers_have_a_name(void) {
    char scratch[24];
    rnc_syscall_body call = {.number = 0x1f4, .row = RNC_NO_ROW};
    CHECK(!strcmp(rnc_syscall_name(&call, scratch), "syscall_0x1f4"));
    call.number = 0;
    CHECK(!strcmp(rnc_syscall_name(&call, scratch), "syscall_0x0"));
    call.number = -1;
    CHECK(!strcmp(rnc_syscall_name(&call, scratch), "syscall_0xffffffff"));
    make_call(&made, "no such call", 0);
    EXPECT(0, "0, 0, 0, 0, 0, 0 = 0");
}

/* Whatever the bytes are: no crash, and one printable line. */
static void hostile_records(void) {
    unsigned state = 12345;
    for (unsigned round = 0; round < 60000; round++) {
        memset(&made.head, 0, sizeof made.head);
        made.head.kind = RNC_SYSCALL;
        unsigned char *bytes = (unsigned char *)&made.head.syscall;
        for (size_t i = 0; i < sizeof made.head.syscall; i++)
            bytes[i] = (unsigned char)((state = state * 1103515245u + 12345u) >> 16);
        for (size_t i = 0; i < 256; i++)
            made.payload[i] = (char)((state = state * 1103515245u + 12345u) >> 16);
        made.head.payload_size = (state >> 8) % 257;
        if (round & 1)
            made.head.syscall.row %= 490;
        if (round & 2)
            made.payload[0] %= 6, memset(made.payload + 5, 0, 3);
        const char *line = decoded(round % 40);
        size_t size = strlen(line);
        CHECK(size + 1 == text.size, "a NUL inside: %s", line);
        for (size_t i = 0; i < size; i++)
            CHECK(line[i] >= ' ' && line[i] < 0x7f, "%s", line);
    }
}

int main(void) {
    paths_and_flags();
    strings_are_quoted_and_cut();
    results();
    fcntl_results_say_what_they_mean();
    other_abis();
    unknown_numbers_have_a_name();
    hostile_records();
    rnc_buffer_free(&text);
    return check_report();
}
