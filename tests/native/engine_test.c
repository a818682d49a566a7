/* Every engine that works here, run from C on real programs, so that the sanitizers see it. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "syscall/source.h"

extern char **environ;

typedef struct run {
    rnc_source *source;
    int status;
} run;

typedef struct seen {
    unsigned starts, execs, exits, calls, signals;
    uint64_t counted; /* by the EXIT records */
    bool ordered;     /* START first, EXIT last, no record outside its process's time */
} seen;

static void *run_source(void *argument) {
    run *own = argument;
    own->status = rnc_source_run(own->source);
    return NULL;
}

static void look_at(seen *seen, const rnc_record *record) {
    seen->ordered &= record->start <= record->end && record->end != 0;
    switch (record->kind) {
    case RNC_PROCESS_START:
        seen->starts++;
        break;
    case RNC_PROCESS_EXEC:
        seen->execs++;
        break;
    case RNC_PROCESS_EXIT:
        seen->exits++;
        seen->counted += record->process.calls;
        break;
    case RNC_SYSCALL:
        seen->calls++;
        seen->ordered &= seen->starts > seen->exits;
        break;
    case RNC_SIGNAL:
        seen->signals++;
        break;
    default:
        CHECK(false, "kind %d", record->kind);
    }
}

static seen trace(int engine, const char *script, int *status, int *wait_status) {
    const char *argv[] = {"sh", "-c", script, NULL};
    rnc_source_config config = {.path = "/bin/sh",
                                .argv = argv,
                                .envp = (const char *const *)environ,
                                .follow = true,
                                .string_limit = 32,
                                .trace_id = {1, 2}};
    if (!script)
        config.path = "/nowhere";
    run own = {0};
    seen all = {.ordered = true};
    CHECK(rnc_source_open(engine, &config, &own.source) == RNC_OK);
    CHECK(rnc_source_pid(own.source) == 0);
    pthread_t thread;
    pthread_create(&thread, NULL, run_source, &own);
    rnc_stream *stream = rnc_source_stream(own.source);
    for (;;) {
        bool closed = stream->closed(stream);
        const rnc_record *record = stream->peek(stream);
        if (record) {
            look_at(&all, record);
            stream->release(stream, record);
        } else if (closed) {
            break;
        } else {
            stream->wait(stream, 1000);
        }
    }
    pthread_join(thread, NULL);
    CHECK(stream->dropped(stream) == 0);
    CHECK(rnc_source_pid(own.source) > 0);
    *status = own.status;
    *wait_status = rnc_source_wait_status(own.source);
    CHECK((own.status == RNC_OK) == (rnc_source_error(own.source)[0] == '\0'));
    rnc_source_close(own.source);
    return all;
}

static void test_engine(int engine) {
    int status, wait_status;
    seen all = trace(engine, "/bin/true | /bin/true; (exit 4); exit 3", &status, &wait_status);
    CHECK(status == RNC_OK);
    CHECK(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 3, "%x", (unsigned)wait_status);
    CHECK(all.starts == 4 && all.exits == 4, "%u %u", all.starts, all.exits);
    CHECK(all.execs == 3, "%u", all.execs);
    /* Several SIGCHLD that are pending at once are one. */
    CHECK(all.signals >= 1 && all.signals <= 3, "%u", all.signals);
    CHECK(all.counted == all.calls && all.calls > 100, "%u", all.calls);
    CHECK(all.ordered);

    trace(engine, "kill -15 $$", &status, &wait_status);
    CHECK(WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGTERM);

    all = trace(engine, NULL, &status, &wait_status);
    CHECK(status == RNC_OS_ERROR);
    CHECK(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 127);
    CHECK(all.starts == 1 && all.exits == 1 && all.calls == 1 && all.execs == 0);
}

int main(void) {
    char why[256];
    int engines = 0;
    for (; rnc_engine_name(engines); engines++) {
        int usable = rnc_engine_probe(engines, why, sizeof why);
        CHECK((usable == RNC_OK) == (why[0] == '\0'), "%s", why);
        if (usable == RNC_OK)
            test_engine(engines);
        else
            printf("  %s does not work here: %s\n", rnc_engine_name(engines), why);
    }
    CHECK(engines > 0);
    CHECK(rnc_engine_probe(engines, why, sizeof why) == RNC_INVALID_INPUT);
    rnc_source *source;
    CHECK(rnc_source_open(-1, &(rnc_source_config){0}, &source) == RNC_INVALID_INPUT);
    return check_report();
}
