/* The clock against CLOCK_MONOTONIC: bracketed, so that a busy machine cannot fail it. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"
#include "trace/clock.h"

enum { ERROR_NS = 500000, ROUNDS = 40, NAP_US = 2000 };

static _Atomic bool done;

static void check_reading(void) {
    uint64_t before = rnc_clock_monotonic();
    uint64_t now = rnc_clock_now();
    uint64_t after = rnc_clock_monotonic();
    CHECK(now + ERROR_NS > before && now < after + ERROR_NS, "%ld ns before, %ld ns after",
          (long)(before - now), (long)(now - after));
}

static void *read_forward(void *unused) {
    uint64_t last = 0;
    long backwards = 0;
    while (!atomic_load(&done)) {
        uint64_t now = rnc_clock_now();
        backwards += now < last;
        last = now;
    }
    CHECK(backwards == 0, "%ld times", backwards);
    return unused;
}

static void test_stays_in_step(bool disciplined) {
    for (int i = 0; i < ROUNDS; i++) {
        check_reading();
        if (disciplined)
            rnc_clock_discipline();
        usleep(NAP_US);
    }
}

int main(void) {
    pthread_t reader;
    pthread_create(&reader, NULL, read_forward, NULL);
    test_stays_in_step(false);
    test_stays_in_step(true);
    test_stays_in_step(false);
    atomic_store(&done, true);
    pthread_join(reader, NULL);

    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    int64_t wall = (int64_t)real.tv_sec * 1000000000 + real.tv_nsec;
    int64_t mapped = (int64_t)rnc_clock_monotonic() + rnc_clock_epoch_offset();
    CHECK(mapped - wall < 1000000000 && wall - mapped < 1000000000);
    CHECK(rnc_clock_epoch_offset() == rnc_clock_epoch_offset());
    return check_report();
}
