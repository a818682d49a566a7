/* Selection: what is forced is what runs, and when it is not, the reason says why. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "rnc.h"

static float data[64];

static int row_of(const char *name) {
    for (int isa = 0; rnc_isa(isa); isa++)
        if (!strcmp(rnc_isa(isa)->name, name))
            return isa;
    abort();
}

static int op_of(const char *name) {
    for (int op = 0; rnc_op(op); op++)
        if (!strcmp(rnc_op(op)->name, name))
            return op;
    abort();
}

static int best_available(void) {
    int isa = 0;
    while (!rnc_isa(isa)->available)
        isa++;
    return isa;
}

static int best_built(void) {
    int isa = 0;
    while (!rnc_isa(isa)->built)
        isa++;
    return isa;
}

static const rnc_execution *sum(size_t length) {
    double sum;
    rnc_run(&(rnc_vec){data, length, RNC_F32}, NULL, op_of("sum"), 0, &sum);
    return rnc_last_execution();
}

static const char *reason(void) {
    static char text[256];
    text[rnc_execution_reason(rnc_last_execution(), text, sizeof text - 1)] = '\0';
    return text;
}

static void test_forced_is_what_runs(void) {
    for (int isa = 0; rnc_isa(isa); isa++) {
        bool available = rnc_isa(isa)->available;
        CHECK((rnc_isa_force(isa, true) == RNC_OK) == available, "%s", rnc_isa(isa)->name);
        if (!available)
            continue;
        CHECK(sum(64)->isa == isa, "%s ran for %s", rnc_last_execution()->kernel,
              rnc_isa(isa)->name);
        CHECK(rnc_last_execution()->requested == isa, "%d", isa);
        char forced[64] = "";
        if (isa != best_built())
            strcat(strcpy(forced, rnc_isa(isa)->name), " forced");
        CHECK(!strcmp(reason(), forced), "%s: %s", rnc_isa(isa)->name, reason());
    }
    rnc_isa_force(-1, true);
    CHECK(rnc_isa_forced() == -1, "%d", rnc_isa_forced());
}

static void test_the_best_runs_when_nothing_is_forced(void) {
    CHECK(sum(64)->isa == best_available(), "%s", rnc_last_execution()->kernel);
    const rnc_isa_row *best = rnc_isa(best_built());
    char expected[256] = "";
    if (!best->available)
        snprintf(expected, sizeof expected, "%s not available on this CPU (lacks %s)", best->name,
                 best->missing);
    CHECK(!strcmp(reason(), expected), "%s", reason());
}

static void test_a_lower_set_runs_what_is_shorter_than_a_vector(void) {
    if (best_available() != best_built())
        return;
    sum(1);
    CHECK(rnc_last_execution()->isa == row_of("Scalar"), "%s", rnc_last_execution()->kernel);
    CHECK(!strcmp(reason(), "fewer elements than one vector"), "%s", reason());
    sum(0);
    CHECK(rnc_last_execution()->status == RNC_OK, "%s", reason());
}

static void test_an_unmet_request_runs_the_next_lower_and_says_so(void) {
    for (int isa = 0; rnc_isa(isa); isa++) {
        if (rnc_isa(isa)->available)
            continue;
        CHECK(rnc_isa_force(isa, false) == RNC_OK, "%s", rnc_isa(isa)->name);
        CHECK(sum(64)->unmet, "%s", rnc_isa(isa)->name);
        CHECK(rnc_last_execution()->isa > isa, "%s", rnc_last_execution()->kernel);
        CHECK(strstr(reason(), rnc_isa(isa)->name) == reason(), "%s", reason());
        CHECK(strstr(reason(), "not available on this CPU"), "%s", reason());
        rnc_isa_force(-1, true);
    }
}

static void test_an_unknown_row_is_refused(void) {
    CHECK(rnc_isa_force(99, false) == RNC_UNSUPPORTED_BACKEND, "accepted");
    CHECK(rnc_isa_force(-2, false) == RNC_UNSUPPORTED_BACKEND, "accepted");
    CHECK(rnc_isa_default(99, true) == RNC_UNSUPPORTED_BACKEND, "accepted");
}

static void *isa_of_a_thread(void *unused) {
    return (void *)(intptr_t)sum(64)->isa;
}

static intptr_t on_another_thread(void) {
    pthread_t thread;
    void *isa;
    pthread_create(&thread, NULL, isa_of_a_thread, NULL);
    pthread_join(thread, &isa);
    return (intptr_t)isa;
}

static void test_force_is_per_thread_and_default_is_not(void) {
    int scalar = row_of("Scalar");
    rnc_isa_force(scalar, true);
    CHECK(on_another_thread() == best_available(), "a thread's choice reached another");
    rnc_isa_force(-1, true);
    rnc_isa_default(scalar, true);
    CHECK(on_another_thread() == scalar, "the default did not reach a thread");
    CHECK(sum(64)->isa == scalar, "the default did not reach this thread");
    rnc_isa_force(best_available(), true);
    CHECK(sum(64)->isa == best_available(), "the default beat the thread's choice");
    rnc_isa_force(-1, true);
    rnc_isa_default(-1, true);
}

static void test_parameters_outside_their_domain(void) {
    rnc_vec four = {data, 4, RNC_F32};
    const struct {
        const char *op;
        double param;
        uint32_t status;
    } cases[] = {
        {"percentile", -0.5, RNC_INVALID_INPUT},
        {"percentile", 100.5, RNC_INVALID_INPUT},
        {"percentile", __builtin_nan(""), RNC_INVALID_INPUT},
        {"variance", 4, RNC_DIVISION_BY_ZERO},
        {"variance", -1, RNC_INVALID_INPUT},
        {"stddev", 5, RNC_DIVISION_BY_ZERO},
        {"variance", 3, RNC_OK},
        {"percentile", 100, RNC_OK},
    };
    for (size_t i = 0; i < RNC_COUNT(cases); i++) {
        double result;
        uint32_t status =
            (uint32_t)rnc_run(&four, NULL, op_of(cases[i].op), cases[i].param, &result);
        CHECK(status == cases[i].status && rnc_last_execution()->status == status, "%s(%g): %u",
              cases[i].op, cases[i].param, status);
        CHECK(isnan(result) == (status != RNC_OK), "%s(%g): %g", cases[i].op, cases[i].param,
              result);
    }
}

static void test_a_reason_fits_the_room_it_is_given(void) {
    rnc_isa_force(row_of("Scalar"), true);
    sum(64);
    char room[8] = "1234567";
    CHECK(rnc_execution_reason(rnc_last_execution(), room, 4) == 4, "length");
    CHECK(!strcmp(room, "Scal567"), "%s", room);
    rnc_isa_force(-1, true);
}

int main(void) {
    test_forced_is_what_runs();
    test_the_best_runs_when_nothing_is_forced();
    test_a_lower_set_runs_what_is_shorter_than_a_vector();
    test_an_unmet_request_runs_the_next_lower_and_says_so();
    test_an_unknown_row_is_refused();
    test_force_is_per_thread_and_default_is_not();
    test_parameters_outside_their_domain();
    test_a_reason_fits_the_room_it_is_given();
    return check_report();
}
