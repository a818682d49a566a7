/* Span ids over threads and forks, and the test vectors of a process's span id. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "rnc.h"

enum { MAKERS = 4, IDS = 50000 };

static uint64_t *ids; /* shared with forked children; the last maker is a child */

static void *make(void *first) {
    for (int i = 0; i < IDS; i++)
        ((uint64_t *)first)[i] = rnc_new_span_id();
    return NULL;
}

static int ascending(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void test_never_twice(void) {
    size_t count = (size_t)(MAKERS + 2) * IDS;
    ids =
        mmap(NULL, count * sizeof *ids, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    rnc_new_span_id(); /* the fork happens inside a block */
    pid_t child = fork();
    if (!child) {
        make(ids + MAKERS * IDS);
        _exit(0);
    }
    pthread_t threads[MAKERS];
    for (int i = 0; i < MAKERS; i++)
        pthread_create(&threads[i], NULL, make, ids + i * IDS);
    make(ids + (MAKERS + 1) * IDS);
    for (int i = 0; i < MAKERS; i++)
        pthread_join(threads[i], NULL);
    int status;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    qsort(ids, count, sizeof *ids, ascending);
    CHECK(ids[0] != 0);
    size_t repeated = 0;
    for (size_t i = 1; i < count; i++)
        repeated += ids[i] == ids[i - 1];
    CHECK(repeated == 0, "%zu", repeated);
}

static void test_well_spread(void) {
    int ones[64] = {0};
    for (int i = 0; i < IDS; i++) {
        uint64_t id = rnc_new_span_id();
        for (int bit = 0; bit < 64; bit++)
            ones[bit] += id >> bit & 1;
    }
    /* Six standard deviations of a fair coin. */
    for (int bit = 0; bit < 64; bit++)
        CHECK(abs(ones[bit] - IDS / 2) < 6 * 112, "bit %d: %d", bit, ones[bit]);
}

static void test_trace_ids(void) {
    uint64_t a[2], b[2];
    rnc_new_trace_id(a);
    rnc_new_trace_id(b);
    CHECK(a[0] && a[1] && a[0] != b[0] && a[1] != b[1]);
}

static void test_process_vectors(void) {
    static const struct {
        uint64_t trace_id[2];
        uint32_t pid;
        uint64_t start_ticks;
        uint64_t span_id;
    } rows[] = {
        {{0x0000000000000000, 0x0000000000000000}, 0, 0x0, 0x2130748aaac80268},
        {{0x0af7651916cd43dd, 0x8448eb211c80319c}, 1, 0x0, 0x622525da6106cea4},
        {{0x0af7651916cd43dd, 0x8448eb211c80319c}, 4711, 0x75bcd15, 0xd7b1d42ac4a16706},
        {{0x0af7651916cd43dd, 0x8448eb211c80319c}, 4712, 0x75bcd15, 0x6f0aab42e7f7cb0c},
        {{0xffffffffffffffff, 0xffffffffffffffff}, 4194304, 0xffffffffffffffff, 0x73b76ae924084b64},
    };
    for (size_t i = 0; i < RNC_COUNT(rows); i++) {
        uint64_t id = rnc_process_span_id(rows[i].trace_id, rows[i].pid, rows[i].start_ticks);
        CHECK(id == rows[i].span_id, "row %zu: 0x%016lx", i, (unsigned long)id);
    }
}

int main(void) {
    test_never_twice();
    test_well_spread();
    test_trace_ids();
    test_process_vectors();
    return check_report();
}
