/* The text sink: whole lines, as strace prints them. */
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "record_maker.h"
#include "trace/sink.h"

static made_record made;
static char lines[65536];

static const rnc_text_config plain = {.string_limit = 32, .chunk_bytes = 4096};

static const char *taken(rnc_sink *sink) {
    rnc_chunk chunk;
    rnc_sink_take(sink, &chunk);
    snprintf(lines, sizeof lines, "%.*s", (int)chunk.size, chunk.data ? chunk.data : "");
    return lines;
}

#define EXPECT(sink, expected)                                                                     \
    CHECK(!strcmp(taken(sink), expected), "\n   got      %s   expected %s", lines, expected)

static void accept_call(rnc_sink *sink, const char *name, int64_t result, uint32_t tid) {
    make_call(&made, name, result);
    made.head.syscall.tid = tid;
    made.head.start = 1500000000;
    made.head.end = 1500012345;
    sink->accept(sink, &made.head, NULL);
}

static void accept_process(rnc_sink *sink, int kind, uint32_t pid, int status) {
    rnc_record record = {.kind = (uint16_t)kind, .start = 1600000000, .end = 1600000000};
    record.process = (rnc_process_body){.pid = pid, .wait_status = status};
    sink->accept(sink, &record, NULL);
}

static void accept_signal(rnc_sink *sink, rnc_signal_body body) {
    rnc_record record = {.kind = RNC_SIGNAL, .start = 1700000000};
    body.pid = body.tid = 100;
    record.signal = body;
    sink->accept(sink, &record, NULL);
}

static void the_result_stands_in_column_40(void) {
    rnc_sink *sink = rnc_text_new(&plain);
    accept_process(sink, RNC_PROCESS_START, 100, 0);
    accept_call(sink, "getpid", 100, 100);
    accept_call(sink, "exit_group", 0, 100);
    accept_process(sink, RNC_PROCESS_EXIT, 100, 0);
    EXPECT(sink, "getpid()                                = 100\n"
                 "exit_group(0)                           = ?\n"
                 "+++ exited with 0 +++\n");
    EXPECT(sink, "");
    make_call(&made, "rename", 0);
    add_capture(&made, 0, RNC_CAPTURE_WHOLE, "12345678901234567", 17);
    add_capture(&made, 1, RNC_CAPTURE_WHOLE, "12345678", 8);
    sink->accept(sink, &made.head, NULL);
    EXPECT(sink, "rename(\"12345678901234567\", \"12345678\") = 0\n");
    rnc_sink_free(sink);
}

static void several_processes_are_told_apart(void) {
    rnc_sink *sink = rnc_text_new(&plain);
    accept_process(sink, RNC_PROCESS_START, 100, 0);
    accept_process(sink, RNC_PROCESS_START, 101, 0);
    accept_call(sink, "getpid", 7, 100);
    accept_process(sink, RNC_PROCESS_EXIT, 101, 3 << 8);
    accept_call(sink, "getpid", 7, 100);
    EXPECT(sink, "[pid   100] getpid()                    = 7\n"
                 "[pid   101] +++ exited with 3 +++\n"
                 "getpid()                                = 7\n");
    accept_call(sink, "getpid", 7, 123456);
    EXPECT(sink, "[pid 123456] getpid()                   = 7\n");
    rnc_sink_free(sink);

    rnc_text_config config = plain;
    config.pids = true;
    sink = rnc_text_new(&config);
    accept_call(sink, "getpid", 7, 100);
    EXPECT(sink, "100   getpid()                          = 7\n");
    rnc_sink_free(sink);
}

static void durations_and_times(void) {
    rnc_text_config config = plain;
    config.durations = true;
    config.timestamps = 3;
    config.epoch_offset = 1700000000000000000;
    rnc_sink *sink = rnc_text_new(&config);
    accept_call(sink, "getpid", 7, 100);
    accept_call(sink, "exit_group", 0, 100);
    EXPECT(sink, "1700000001.500000 getpid()              = 7 <0.000012>\n"
                 "1700000001.500000 exit_group(0)         = ?\n");
    rnc_sink_free(sink);

    setenv("TZ", "UTC0", 1);
    tzset();
    config.durations = false;
    config.timestamps = 2;
    sink = rnc_text_new(&config);
    accept_call(sink, "getpid", 7, 100);
    EXPECT(sink, "22:13:21.500000 getpid()                = 7\n");
    rnc_sink_free(sink);

    config.timestamps = 1;
    config.relative = true;
    sink = rnc_text_new(&config);
    accept_call(sink, "getpid", 7, 100);
    accept_process(sink, RNC_PROCESS_EXIT, 100, 0);
    EXPECT(sink, "22:13:21 (+     0.000000) getpid()      = 7\n"
                 "22:13:21 (+     0.100000) +++ exited with 0 +++\n");
    rnc_sink_free(sink);

    config.timestamps = 0;
    sink = rnc_text_new(&config);
    accept_call(sink, "getpid", 7, 100);
    EXPECT(sink, "     0.000000 getpid()                  = 7\n");
    rnc_sink_free(sink);
}

static void signals_and_deaths(void) {
    rnc_sink *sink = rnc_text_new(&plain);
    accept_signal(sink, (rnc_signal_body){.signal = 17, .code = 1, .sender_pid = 7, .status = 3});
    accept_signal(sink, (rnc_signal_body){.signal = 17, .code = 2, .sender_pid = 7, .status = 11});
    accept_signal(sink, (rnc_signal_body){.signal = 11, .code = 1, .address = 0x1234});
    accept_signal(sink, (rnc_signal_body){.signal = 11, .code = 128});
    accept_signal(sink, (rnc_signal_body){.signal = 14, .code = 128});
    accept_signal(sink, (rnc_signal_body){.signal = 12, .sender_pid = 5, .sender_uid = 6});
    accept_signal(sink, (rnc_signal_body){.signal = 20, .stopped = 1});
    accept_signal(sink, (rnc_signal_body){.signal = 99, .code = 77});
    accept_process(sink, RNC_PROCESS_EXIT, 100, 11 | 0x80);
    accept_process(sink, RNC_PROCESS_EXIT, 100, 9);
    EXPECT(sink,
           "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=7, si_uid=0, si_status=3, "
           "...} ---\n"
           "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=7, si_uid=0, "
           "si_status=SIGSEGV, ...} ---\n"
           "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x1234} ---\n"
           "--- SIGSEGV {si_signo=SIGSEGV, si_code=SI_KERNEL, si_addr=NULL} ---\n"
           "--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---\n"
           "--- SIGUSR2 {si_signo=SIGUSR2, si_code=SI_USER, si_pid=5, si_uid=6} ---\n"
           "--- stopped by SIGTSTP ---\n"
           "--- 99 {si_signo=99, si_code=77, ...} ---\n"
           "+++ killed by SIGSEGV (core dumped) +++\n"
           "+++ killed by SIGKILL +++\n");
    rnc_sink_free(sink);
}

static void a_chunk_fills_and_is_taken_whole(void) {
    rnc_text_config config = plain;
    rnc_chunk chunk;
    config.chunk_bytes = 100;
    rnc_sink *sink = rnc_text_new(&config);
    accept_call(sink, "getpid", 7, 100);
    CHECK(!rnc_sink_full(sink));
    accept_call(sink, "getpid", 7, 100);
    accept_call(sink, "getpid", 7, 100);
    CHECK(rnc_sink_full(sink));
    rnc_sink_take(sink, &chunk);
    CHECK(chunk.count == 3 && chunk.data[chunk.size - 1] == '\n');
    accept_call(sink, "getppid", 8, 100);
    CHECK(!memcmp(chunk.data, "getpid", 6), "a taken chunk stays as it is");
    rnc_sink_free(sink);
}

int main(void) {
    the_result_stands_in_column_40();
    several_processes_are_told_apart();
    durations_and_times();
    signals_and_deaths();
    a_chunk_fills_and_is_taken_whole();
    return check_report();
}
