/* The anomaly sink: planted anomalies are found with the right distance, noise alarms at the rate
 * that the threshold implies, and the sums stay exact. */
#include <math.h>

#include "check.h"
#include "record_maker.h"
#include "report/anomalies.h"
#include "trace/sink.h"

static made_record made;

static rnc_sink *new_sink(double threshold, uint32_t window) {
    rnc_anomalies_config config = {.threshold = threshold, .window = window, .chunk_bytes = 4096};
    return rnc_anomalies_new(&config);
}

/* What the sink found about one call of `ns`, or NULL. */
static const rnc_anomaly *call(rnc_sink *sink, const char *name, uint64_t ns) {
    make_call(&made, name, 0);
    made.head.start = 1000;
    made.head.end = 1000 + ns;
    sink->accept(sink, &made.head, NULL);
    return rnc_anomaly_of(sink, &made.head);
}

static uint64_t random_state = 88172645463325252ull;

static double uniform(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return ((double)(random_state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void) {
    return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* P(|T| > t) of Student's distribution, by Simpson's rule on its density from 0 to t. */
static double two_tails(double t, double freedom) {
    double scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * M_PI);
    double sum = 0;
    enum { STEPS = 2000 };
    for (int i = 0; i <= STEPS; i++) {
        double x = t * i / STEPS, weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        sum += weight * scale * pow(1 + x * x / freedom, -(freedom + 1) / 2);
    }
    return 1 - 2 * sum * t / (3 * STEPS);
}

static void a_planted_spike_has_its_distance(void) {
    rnc_sink *sink = new_sink(3, 100);
    for (int i = 0; i < 10; i++)
        CHECK(!call(sink, "read", 1000 + 10 * (uint64_t)i));
    const rnc_anomaly *found = call(sink, "read", 2000);
    CHECK(found != NULL);
    double mean = 1045, stddev = sqrt(825.0 * 10 / 9); /* of 1000, 1010, … 1090 */
    CHECK(found && found->mean_ns == mean && fabs(found->stddev_ns - stddev) < 1e-9);
    CHECK(found && fabs(found->zscore - (2000 - mean) / stddev) < 1e-9);
    CHECK(found && found->samples == 10 && found->duration_ns == 2000 && found->start == 1000);
    CHECK(found && !strcmp(found->name, "read") && found->pid == 100);
    CHECK(found && !strcmp(rnc_anomaly_severity(found->zscore), "High"));
    rnc_chunk chunk;
    rnc_sink_take(sink, &chunk);
    CHECK(chunk.count == 1 && memchr(chunk.data, '\n', chunk.size) == chunk.data + chunk.size - 1);
    rnc_sink_free(sink);
}

static void both_tails_are_reported_with_their_sign(void) {
    rnc_sink *sink = new_sink(3, 50);
    for (int i = 0; i < 50; i++)
        call(sink, "read", 100000 + (i & 1 ? 100 : 0));
    const rnc_anomaly *found = call(sink, "read", 10);
    CHECK(found && found->zscore < -3);
    rnc_sink_free(sink);
}

static void a_verdict_needs_ten_calls_of_the_same_name_that_differ(void) {
    rnc_sink *sink = new_sink(3, 100);
    for (int i = 0; i < 9; i++)
        call(sink, "read", 1000 + (uint64_t)i);
    CHECK(!call(sink, "write", 1000000));
    CHECK(!call(sink, "read", 1000000)); /* nine before it */
    for (int i = 0; i < 20; i++)
        CHECK(!call(sink, "close", 500));
    CHECK(!call(sink, "close", 1000000)); /* no spread: no distance */
    rnc_anomalies_counts counts;
    rnc_anomalies_read_counts(sink, &counts);
    CHECK(counts.tested == 0 && counts.high == 0);
    rnc_sink_free(sink);
}

static void calls_that_never_returned_are_left_out(void) {
    rnc_sink *sink = new_sink(3, 10);
    for (int i = 0; i < 10; i++)
        call(sink, "read", 1000 + (uint64_t)i);
    make_call(&made, "read", 0);
    made.head.syscall.flags = RNC_SYSCALL_UNFINISHED;
    made.head.end = 1u << 30;
    sink->accept(sink, &made.head, NULL);
    CHECK(!rnc_anomaly_of(sink, &made.head));
    rnc_sink_free(sink);
}

static void a_lasting_change_stops_being_news(void) {
    rnc_sink *sink = new_sink(3, 20);
    for (uint64_t i = 0; i < 20; i++)
        call(sink, "read", 1000 + i);
    CHECK(call(sink, "read", 50000));
    for (uint64_t i = 0; i < 20; i++)
        call(sink, "read", 50000 + i);
    for (uint64_t i = 0; i < 20; i++)
        CHECK(!call(sink, "read", 50000 + i));
    rnc_sink_free(sink);
}

static void the_top_is_the_ten_furthest_in_order(void) {
    rnc_sink *sink = new_sink(3, 10);
    for (uint64_t spike = 1; spike <= 30; spike++) {
        for (uint64_t i = 0; i < 10; i++)
            call(sink, "read", 1000 + i);
        call(sink, "read", 1000 + 100 * (spike * 7 % 31));
    }
    rnc_anomaly row, before = {.zscore = INFINITY};
    size_t count = 0;
    for (; rnc_anomalies_read_top(sink, count, &row) == RNC_OK; count++) {
        CHECK(fabs(row.zscore) <= fabs(before.zscore));
        CHECK(row.duration_ns == 1000 + 100 * (30 - count));
        before = row;
    }
    CHECK(count == 10);
    rnc_anomalies_counts counts;
    rnc_anomalies_read_counts(sink, &counts);
    CHECK(counts.low + counts.medium + counts.high == 30);
    rnc_sink_free(sink);
}

static void names_survive_many_more(void) {
    rnc_sink *sink = new_sink(3, 10);
    for (int32_t number = 100000; number < 100200; number++)
        for (uint64_t i = 0; i < 11; i++) {
            make_call(&made, "no such call", 0);
            made.head.syscall.number = number;
            made.head.end = number == 100000 && i == 10 ? 90000 : 1000 + i;
            sink->accept(sink, &made.head, NULL);
        }
    rnc_anomaly row;
    CHECK(rnc_anomalies_read_top(sink, 0, &row) == RNC_OK && !strcmp(row.name, "syscall_0x186a0"));
    rnc_anomaly_window window;
    CHECK(rnc_anomalies_read_window(sink, 0, &window) == RNC_OK);
    CHECK(window.count == 10 && window.tested == 1 && window.anomalies == 1);
    CHECK(rnc_anomalies_read_window(sink, 200, &window) == RNC_INVALID_INPUT);
    rnc_sink_free(sink);
}

/* After long calls have passed through, the window's own numbers are the only ones that count. */
static void sums_do_not_drift(void) {
    enum { WINDOW = 100 };
    rnc_sink *sink = new_sink(3, WINDOW);
    for (int i = 0; i < 300000; i++)
        call(sink, "read", (uint64_t)(uniform() * 1e15));
    for (uint64_t i = 0; i < WINDOW; i++)
        call(sink, "read", i & 1 ? 1001 : 1000);
    const rnc_anomaly *found = call(sink, "read", 1010);
    CHECK(found && found->mean_ns == 1000.5);
    CHECK(found && fabs(found->stddev_ns - sqrt(0.25 * WINDOW / (WINDOW - 1))) < 1e-12);
    rnc_sink_free(sink);
}

static void noise_alarms_at_the_rate_of_the_threshold(void) {
    static const struct {
        double threshold;
        uint32_t window;
    } cases[] = {{3, 100}, {3, 10}, {2, 30}, {4, 20}};
    enum { CALLS = 400000 };
    for (size_t c = 0; c < RNC_COUNT(cases); c++) {
        double window = cases[c].window;
        rnc_sink *sink = new_sink(cases[c].threshold, cases[c].window);
        for (int i = 0; i < CALLS; i++)
            call(sink, "read", (uint64_t)(1e7 + 1e6 * normal()));
        rnc_anomalies_counts counts;
        rnc_anomalies_read_counts(sink, &counts);
        double found = (double)(counts.low + counts.medium + counts.high);
        double expected = (double)counts.tested *
                          two_tails(cases[c].threshold / sqrt(1 + 1 / window), window - 1);
        CHECK(fabs(found - expected) < 6 * sqrt(expected));
        rnc_chunk chunk;
        rnc_sink_take(sink, &chunk);
        rnc_sink_free(sink);
    }
}

static void a_configuration_out_of_range_is_refused(void) {
    CHECK(!new_sink(3, 9) && !new_sink(3, 65537) && !new_sink(0, 100) && !new_sink(NAN, 100));
    rnc_sink *sink = new_sink(0.5, 65536);
    CHECK(sink != NULL);
    rnc_sink_free(sink);
}

int main(void) {
    a_planted_spike_has_its_distance();
    both_tails_are_reported_with_their_sign();
    a_verdict_needs_ten_calls_of_the_same_name_that_differ();
    calls_that_never_returned_are_left_out();
    a_lasting_change_stops_being_news();
    the_top_is_the_ten_furthest_in_order();
    names_survive_many_more();
    sums_do_not_drift();
    noise_alarms_at_the_rate_of_the_threshold();
    a_configuration_out_of_range_is_refused();
    return check_report();
}
