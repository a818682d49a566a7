#include "trace/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "trace/fork.h"
#include "trace/thread.h"

#ifdef RNC_X86_64
#include <cpuid.h>
#include <x86intrin.h>
#endif

enum {
    CALIBRATION_NS = 1000000,        /* shortest baseline of the first rate */
    ANCHOR_AGE_MAX_NS = 60000000000, /* an older first anchor may have slept through a suspend */
    BASELINE_NS = 5000000000,        /* the rate is measured over one to two of these */
    DISCIPLINE_NS = 1000000,         /* corrections closer together than this are skipped */
    BRACKET_NS_MAX = 20000,          /* a reading interrupted for longer says too little */
    SLEW_NS = 1000000000,            /* an error is worked off in this time … */
    STEP_NS = 1000000, /* … unless it is this large (a suspend): then the clock jumps */
};

/* The counter at one moment of CLOCK_MONOTONIC. */
typedef struct reading {
    uint64_t ticks;
    uint64_t ns;
    uint64_t width; /* ticks the reading took: its uncertainty */
} reading;

/* ns = base_ns + (counter - base_ticks) * rate / 2^32. Readers never wait: one that meets a writer
 * asks the kernel instead. */
static struct {
    _Alignas(
        RNC_CACHE_LINE) _Atomic uint64_t sequence; /* 0: no counter in use; odd: being written */
    _Atomic uint64_t ticks;
    _Atomic uint64_t ns;
    _Atomic uint64_t rate;
} mapping;

/* Under the lock. */
static bool tried;
static reading anchor;               /* the far end of the baseline … */
static reading next_anchor;          /* … and what takes its place when that grows too old */
static _Atomic uint64_t disciplined; /* ns of the last correction */

#ifdef RNC_X86_64
static inline uint64_t read_counter(void) {
    return __rdtsc();
}

/* The kernel watches the TSC against other clocks and leaves it when it drifts. */
static bool kernel_trusts_counter(void) {
    char name[32] = "";
    int file = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                    O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t size = read(file, name, sizeof name - 1);
    close(file);
    return size > 0 && (strstr(name, "tsc") || strstr(name, "kvm-clock"));
}

static bool counter_usable(void) {
    unsigned eax, ebx, ecx, edx;
    bool invariant = __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) && (edx & (1u << 8));
    return invariant && kernel_trusts_counter();
}
#else
static inline uint64_t read_counter(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
}

/* The generic timer runs at one rate, on all cores alike, by architecture. */
static bool counter_usable(void) {
    return true;
}
#endif

/* The narrowest of a few brackets. */
static reading read_both(int tries) {
    reading best = {.width = UINT64_MAX};
    for (int i = 0; i < tries; i++) {
        uint64_t before = read_counter();
        uint64_t ns = rnc_clock_monotonic();
        uint64_t width = read_counter() - before;
        if (width < best.width)
            best = (reading){before + width / 2, ns, width};
    }
    return best;
}

static uint64_t scale(uint64_t ticks, uint64_t rate) {
    return (uint64_t)((int64_t)(((__int128)(int64_t)ticks * (__int128)rate) >> 32));
}

static uint64_t rate_between(const reading *from, const reading *to) {
    uint64_t ticks = to->ticks - from->ticks;
    return ticks ? (uint64_t)(((unsigned __int128)(to->ns - from->ns) << 32) / ticks) : 0;
}

/* Under the lock. Each release store keeps the odd sequence ahead of the value it announces, so a
 * reader that saw a new value sees a changed sequence. */
static void publish(uint64_t ticks, uint64_t ns, uint64_t rate) {
    uint64_t sequence = atomic_load_explicit(&mapping.sequence, memory_order_relaxed);
    atomic_store_explicit(&mapping.sequence, sequence + 1, memory_order_relaxed);
    atomic_store_explicit(&mapping.ticks, ticks, memory_order_release);
    atomic_store_explicit(&mapping.ns, ns, memory_order_release);
    atomic_store_explicit(&mapping.rate, rate, memory_order_release);
    atomic_store_explicit(&mapping.sequence, sequence + 2, memory_order_release);
}

void rnc_clock_start(void) {
    anchor = read_both(3);
}

/* The first anchor was taken when the core was loaded, so by now the baseline is usually long. */
static void calibrate(void) {
    if (!counter_usable())
        return;
    reading now = read_both(3);
    if (now.ns - anchor.ns > ANCHOR_AGE_MAX_NS)
        anchor = now;
    while (now.ns - anchor.ns < CALIBRATION_NS)
        now = read_both(3);
    next_anchor = now;
    uint64_t rate = rate_between(&anchor, &now);
    if (rate)
        publish(now.ticks, now.ns, rate);
}

/* Within one thread time never runs backwards, except over the jump after a suspend. */
static uint64_t forward(uint64_t now) {
    uint64_t last = rnc_thread_self.clock_last;
    if (RNC_UNLIKELY(now < last && last - now < STEP_NS))
        return last;
    return rnc_thread_self.clock_last = now;
}

static uint64_t read_slow(void) {
    static _Atomic bool ready; /* release after tried, so that later calls skip the lock */
    if (!atomic_load_explicit(&ready, memory_order_acquire)) {
        rnc_lock();
        if (!tried)
            calibrate();
        tried = true;
        rnc_unlock();
        atomic_store_explicit(&ready, true, memory_order_release);
    }
    return forward(rnc_clock_monotonic());
}

uint64_t rnc_clock_now(void) {
    /* acquire on each load keeps the next one, and at last the second look at the sequence, after
     * it: the values belong together when the sequence did not change. */
    uint64_t before = atomic_load_explicit(&mapping.sequence, memory_order_acquire);
    uint64_t ticks = atomic_load_explicit(&mapping.ticks, memory_order_acquire);
    uint64_t ns = atomic_load_explicit(&mapping.ns, memory_order_acquire);
    uint64_t rate = atomic_load_explicit(&mapping.rate, memory_order_acquire);
    uint64_t counter = read_counter();
    uint64_t after = atomic_load_explicit(&mapping.sequence, memory_order_relaxed);
    if (RNC_UNLIKELY(!before || before != after || (before & 1)))
        return read_slow();
    return forward(ns + scale(counter - ticks, rate));
}

/* Under the lock: continue from where the mapping is, at the measured rate and a little more or
 * less, so that the error is gone after SLEW_NS. */
static void correct(const reading *now) {
    uint64_t rate = atomic_load_explicit(&mapping.rate, memory_order_relaxed);
    uint64_t mapped =
        atomic_load_explicit(&mapping.ns, memory_order_relaxed) +
        scale(now->ticks - atomic_load_explicit(&mapping.ticks, memory_order_relaxed), rate);
    if (scale(now->width, rate) > BRACKET_NS_MAX)
        return;
    int64_t error = (int64_t)(now->ns - mapped);
    if (error > STEP_NS || error < -STEP_NS) {
        anchor = next_anchor = *now;
        publish(now->ticks, now->ns, rate);
        return;
    }
    if (now->ns - anchor.ns >= CALIBRATION_NS)
        rate = rate_between(&anchor, now);
    if (now->ns - next_anchor.ns > BASELINE_NS) {
        anchor = next_anchor;
        next_anchor = *now;
    }
    publish(now->ticks, mapped, rate + (uint64_t)((int64_t)rate * error / SLEW_NS));
}

void rnc_clock_discipline(void) {
    /* relaxed: only keeps corrections apart */
    uint64_t last = atomic_load_explicit(&disciplined, memory_order_relaxed);
    uint64_t now = rnc_clock_monotonic();
    if (now - last < DISCIPLINE_NS || !rnc_try_lock())
        return;
    atomic_store_explicit(&disciplined, now, memory_order_relaxed);
    /* relaxed: written under the lock only */
    if (atomic_load_explicit(&mapping.sequence, memory_order_relaxed)) {
        reading both = read_both(5);
        correct(&both);
    }
    rnc_unlock();
}

static int64_t measure_epoch_offset(void) {
    int64_t offset = 0;
    uint64_t narrowest = UINT64_MAX;
    for (int i = 0; i < 10; i++) {
        struct timespec real;
        uint64_t before = rnc_clock_monotonic();
        clock_gettime(CLOCK_REALTIME, &real);
        uint64_t width = rnc_clock_monotonic() - before;
        if (width >= narrowest)
            continue;
        narrowest = width;
        offset = (int64_t)real.tv_sec * 1000000000 + real.tv_nsec - (int64_t)(before + width / 2);
    }
    return offset;
}

int64_t rnc_clock_epoch_offset(void) {
    static bool measured; /* both under the lock */
    static int64_t offset;
    rnc_lock();
    if (!measured)
        offset = measure_epoch_offset();
    measured = true;
    int64_t result = offset;
    rnc_unlock();
    return result;
}
