/* Operations on pairs, maps, summaries, several parameters and batches: every instruction set
 * against an oracle in long double and against the scalar kernel, between guard pages. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "rnc.h"

#define LONGEST 12301

static const size_t lengths[] = {1,  2,  3,  4,  5,  7,  8,   9,   15,   16,     17,
                                 31, 32, 33, 63, 64, 65, 127, 129, 1000, LONGEST};

static int op_of(const char *name) {
    int op = 0;
    while (strcmp(rnc_op(op)->name, name))
        op++;
    return op;
}

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static double uniform(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) * 0x1p-53;
}

/* ---- data between pages that fault ----------------------------------------------------------- */

typedef struct guarded {
    char *begin, *end;
} guarded;

static guarded map_guarded(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (LONGEST * sizeof(double) + page - 1) / page * page;
    char *base = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base + page, size, PROT_READ | PROT_WRITE))
        abort();
    return (guarded){base + page, base + page + size};
}

static size_t size_of(uint32_t dtype) {
    return dtype == RNC_F32 ? sizeof(float) : sizeof(double);
}

/* At the lower end of the mapping, at its upper end, or at an odd address. */
static char *place(guarded where, int at, size_t length, uint32_t dtype) {
    return at == 0   ? where.begin
           : at == 1 ? where.end - length * size_of(dtype)
                     : where.begin + (length < LONGEST);
}

static double get(const void *data, size_t i, uint32_t dtype) {
    float narrow;
    double wide;
    if (dtype == RNC_F32) {
        memcpy(&narrow, (const char *)data + i * sizeof narrow, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, (const char *)data + i * sizeof wide, sizeof wide);
    return wide;
}

static void put(void *data, size_t i, uint32_t dtype, double value) {
    float narrow = (float)value;
    if (dtype == RNC_F32)
        memcpy((char *)data + i * sizeof narrow, &narrow, sizeof narrow);
    else
        memcpy((char *)data + i * sizeof value, &value, sizeof value);
}

typedef double fill(size_t i, uint32_t dtype);

static double fill_uniform(size_t i, uint32_t dtype) {
    return uniform() - 0.25;
}
static double fill_shifted(size_t i, uint32_t dtype) {
    return 1e6 + uniform();
}
static double fill_cancelling(size_t i, uint32_t dtype) {
    double large = dtype == RNC_F32 ? 0x1p40 : 0x1p60;
    return i % 2 ? -large : large + uniform();
}
static double fill_heavy(size_t i, uint32_t dtype) {
    return exp(20 * (uniform() - 0.5)) * (i % 3 ? 1 : -1);
}
static double fill_constant(size_t i, uint32_t dtype) {
    return 0.1;
}
static double fill_zeros(size_t i, uint32_t dtype) {
    return uniform() < 0.5 ? 0.0 : -0.0;
}
static double fill_tiny(size_t i, uint32_t dtype) {
    return floor(uniform() * 1000) * (dtype == RNC_F32 ? 0x1p-149 : 0x1p-1074);
}
static double fill_huge(size_t i, uint32_t dtype) {
    return (uniform() - 0.5) * (dtype == RNC_F32 ? (double)FLT_MAX : 0x1p1023);
}
static double fill_few(size_t i, uint32_t dtype) {
    return floor(uniform() * 3) - 1;
}

static const struct {
    const char *name;
    fill *fill;
} fills[] = {
    {"uniform", fill_uniform}, {"shifted", fill_shifted},   {"cancelling", fill_cancelling},
    {"heavy", fill_heavy},     {"constant", fill_constant}, {"zeros", fill_zeros},
    {"tiny", fill_tiny},       {"huge", fill_huge},         {"few", fill_few},
};

/* ---- oracle ---------------------------------------------------------------------------------- */

typedef struct moments {
    long double mean, squares, magnitudes, greatest;
    size_t least_at, greatest_at;
} moments;

static bool precedes(double a, double b) {
    return a < b || (a == b && signbit(a) && !signbit(b));
}

static moments moments_of(const rnc_vec *vec) {
    moments out = {0};
    long double sum = 0;
    for (size_t i = 0; i < vec->length; i++) {
        double x = get(vec->data, i, vec->dtype);
        sum += x;
        out.magnitudes += fabsl(x);
        out.greatest = fmaxl(out.greatest, fabsl(x));
        if (precedes(x, get(vec->data, out.least_at, vec->dtype)))
            out.least_at = i;
        if (precedes(get(vec->data, out.greatest_at, vec->dtype), x))
            out.greatest_at = i;
    }
    out.mean = sum / (long double)vec->length;
    if (get(vec->data, out.least_at, vec->dtype) == get(vec->data, out.greatest_at, vec->dtype))
        out.mean = get(vec->data, 0, vec->dtype); /* of equal elements, exactly */
    for (size_t i = 0; i < vec->length; i++) {
        long double distance = (long double)get(vec->data, i, vec->dtype) - out.mean;
        out.squares += distance * distance;
    }
    return out;
}

static bool same(double a, double b) {
    return !memcmp(&a, &b, sizeof a);
}

static bool near(double got, long double want, long double tolerance) {
    if (isinf((double)want))
        return got == (double)want;
    return got == (double)want || fabsl((long double)got - want) <= tolerance + 0x1p-1074L;
}

/* ---- each instruction set -------------------------------------------------------------------- */

typedef struct outcome {
    int status;
    double numbers[8];
} outcome;

static int scalar(void) {
    int isa = 0;
    while (strcmp(rnc_isa(isa)->name, "Scalar"))
        isa++;
    return isa;
}

static outcome apply_on(int isa, const char *op, const rnc_arguments *arguments) {
    outcome out = {.numbers = {0}};
    rnc_arguments own = *arguments;
    own.results = out.numbers;
    CHECK(rnc_isa_force(isa, true) == RNC_OK, "%s", rnc_isa(isa)->name);
    out.status = rnc_apply(op_of(op), &own);
    const rnc_execution *execution = rnc_last_execution();
    CHECK((int)execution->status == out.status, "%s", op);
    if (execution->isa >= 0) {
        const char *suffix = strrchr(execution->kernel, '_') + 1;
        CHECK(!strcasecmp(suffix, rnc_isa(execution->isa)->name), "%s", execution->kernel);
        CHECK(execution->isa >= isa, "%s on %s", execution->kernel, rnc_isa(isa)->name);
    }
    return out;
}

static const double zero = 0;

/* The specification's outcome, after checking that every instruction set has its very bits. */
static outcome specified(const char *op, const rnc_vec *x, const rnc_vec *y, const double *params,
                         size_t param_count, size_t results, const char *fill) {
    const rnc_vec *operands[] = {x, y};
    const rnc_arguments arguments = {.vectors = operands,
                                     .vector_count = y ? 2 : 1,
                                     .params = params,
                                     .param_count = param_count};
    outcome want = apply_on(scalar(), op, &arguments);
    for (int isa = 0; isa < scalar(); isa++) {
        if (!rnc_isa(isa)->available)
            continue;
        outcome got = apply_on(isa, op, &arguments);
        CHECK(got.status == want.status, "%s %s n=%zu: %d %d", op, fill, x->length, got.status,
              want.status);
        for (size_t k = 0; k < results; k++)
            CHECK(same(got.numbers[k], want.numbers[k]), "%s %s n=%zu dtype %u by %s: %.17g, %.17g",
                  op, fill, x->length, x->dtype, rnc_last_execution()->kernel, got.numbers[k],
                  want.numbers[k]);
    }
    return want;
}

static double number(const char *op, const rnc_vec *x, const rnc_vec *y, const char *fill) {
    outcome out = specified(op, x, y, &zero, 1, 1, fill);
    CHECK(out.status == RNC_OK, "%s %s n=%zu: %d", op, fill, x->length, out.status);
    return out.numbers[0];
}

static void check_pair(const rnc_vec *x, const rnc_vec *y, const char *fill) {
    long double n = (long double)x->length, dot = 0, lost = 0, magnitudes = 0, products = 0;
    moments mx = moments_of(x), my = moments_of(y);
    for (size_t i = 0; i < x->length; i++) {
        long double a = get(x->data, i, x->dtype), b = get(y->data, i, y->dtype);
        long double total = dot + a * b, taken = total - dot;
        lost += (dot - (total - taken)) + (a * b - taken);
        dot = total;
        magnitudes += fabsl(a * b);
        products += (a - mx.mean) * (b - my.mean);
    }
    dot += lost;
    long double deviations = sqrtl(mx.squares / n) * sqrtl(my.squares / n);
    double got = number("dot", x, y, fill);
    if (fabsl(dot) + magnitudes < 0x1p1020L)
        CHECK(near(got, dot, (n + 8) * 0x1p-53L * magnitudes + 0x1p-53L * fabsl(dot)),
              "dot %s n=%zu: %.17g not %.17Lg", fill, x->length, got, dot);
    got = number("covariance", x, y, fill);
    if (fabsl(products / n) < 0x1p1020L)
        CHECK(near(got, products / n, 0x1p-24L * deviations), "covariance %s n=%zu: %g not %Lg",
              fill, x->length, got, products / n);
    outcome out = specified("correlation", x, y, &zero, 1, 1, fill);
    if (mx.squares == 0 || my.squares == 0) {
        CHECK(out.status == RNC_DIVISION_BY_ZERO, "%s n=%zu: %d", fill, x->length, out.status);
        return;
    }
    CHECK(out.status == RNC_OK && fabs(out.numbers[0]) <= 1, "%s n=%zu: %g", fill, x->length,
          out.numbers[0]);
    CHECK(near(out.numbers[0], products / n / deviations, 0x1p-24L), "%s n=%zu: %g not %Lg", fill,
          x->length, out.numbers[0], products / n / deviations);
}

static void check_one(const rnc_vec *x, const char *fill) {
    moments m = moments_of(x);
    long double n = (long double)x->length, squares = m.squares + n * m.mean * m.mean;
    double got = number("norm_l1", x, NULL, fill);
    if (m.magnitudes < 0x1p1024L)
        CHECK(near(got, m.magnitudes, (n / 32 + 8) * 0x1p-53L * m.magnitudes), "l1 %s: %g", fill,
              got);
    got = number("norm_l2", x, NULL, fill);
    if (sqrtl(squares) < 0x1p1024L)
        CHECK(near(got, sqrtl(squares), (n / 16 + 8) * 0x1p-52L * sqrtl(squares)), "l2 %s: %g %Lg",
              fill, got, sqrtl(squares));
    got = number("norm_linf", x, NULL, fill);
    CHECK(same(got, (double)m.greatest), "linf %s: %g", fill, got);
    got = number("argmin", x, NULL, fill);
    CHECK(got == (double)m.least_at, "argmin %s n=%zu: %g not %zu", fill, x->length, got,
          m.least_at);
    got = number("argmax", x, NULL, fill);
    CHECK(got == (double)m.greatest_at, "argmax %s n=%zu: %g not %zu", fill, x->length, got,
          m.greatest_at);
    outcome out = specified("describe", x, NULL, &zero, 1, 5, fill);
    CHECK(out.numbers[0] == (double)x->length, "%s", fill);
    CHECK(near(out.numbers[1], m.mean, (n + 8) * 0x1p-53L * m.magnitudes / n), "%s: %g %Lg", fill,
          out.numbers[1], m.mean);
    const char *singles[] = {"stddev", "min", "max"};
    for (int k = 0; k < 3; k++)
        CHECK(same(out.numbers[2 + k], number(singles[k], x, NULL, fill)), "%s of %s", singles[k],
              fill);
}

static void check_percentiles(const rnc_vec *x, const char *fill) {
    static const double wanted[] = {90, 0, 50, 99.9, 50, 100, 12.5};
    outcome out = specified("percentiles", x, NULL, wanted, 7, 7, fill);
    for (int k = 0; k < 7; k++) {
        double single;
        rnc_run(x, NULL, op_of("percentile"), wanted[k], &single);
        CHECK(same(out.numbers[k], single), "%s n=%zu dtype %u, %g: %.17g, alone %.17g", fill,
              x->length, x->dtype, wanted[k], out.numbers[k], single);
    }
    static const double bad[] = {50, 101};
    out = specified("percentiles", x, NULL, bad, 2, 0, fill);
    CHECK(out.status == RNC_INVALID_INPUT, "%d", out.status);
}

static void check_zscore(const rnc_vec *x, char *scores, const char *fill) {
    static double first[LONGEST];
    moments m = moments_of(x);
    long double deviation = sqrtl(m.squares / (long double)x->length);
    const rnc_arguments arguments = {
        .vectors = &x, .vector_count = 1, .params = &zero, .param_count = 1, .out = scores};
    for (int isa = scalar(); isa >= 0; isa--) {
        if (!rnc_isa(isa)->available)
            continue;
        outcome out = apply_on(isa, "zscore", &arguments);
        if (m.squares == 0) {
            CHECK(out.status == RNC_DIVISION_BY_ZERO, "%s", fill);
            continue;
        }
        CHECK(out.status == RNC_OK, "%s: %d", fill, out.status);
        for (size_t i = 0; i < x->length; i++) {
            double got = get(scores, i, x->dtype);
            long double want = (get(x->data, i, x->dtype) - m.mean) / deviation;
            CHECK(near(got, want, 0x1p-24L * fmaxl(1, fabsl(want))), "%s n=%zu by %s: %g %Lg", fill,
                  x->length, rnc_last_execution()->kernel, got, want);
            CHECK(isa == scalar() || same(got, first[i]), "%s n=%zu by %s", fill, x->length,
                  rnc_last_execution()->kernel);
            first[i] = got;
        }
    }
}

static void test_every_shape(void) {
    guarded first = map_guarded(), second = map_guarded(), third = map_guarded();
    for (uint32_t dtype = RNC_F32; dtype <= RNC_F64; dtype++)
        for (size_t f = 0; f < RNC_COUNT(fills); f++)
            for (size_t l = 0; l < RNC_COUNT(lengths); l++)
                for (int at = 0; at < (lengths[l] < LONGEST ? 3 : 1); at++) {
                    size_t length = lengths[l];
                    char *x = place(first, at, length, dtype),
                         *y = place(second, at, length, dtype);
                    char *scores = place(third, at, length, dtype);
                    for (size_t i = 0; i < length; i++) {
                        put(x, i, dtype, fills[f].fill(i, dtype));
                        put(y, i, dtype, fills[f].fill(i, dtype) * (i % 5 ? 0.5 : -1));
                    }
                    rnc_vec vx = {x, length, dtype}, vy = {y, length, dtype};
                    check_pair(&vx, &vy, fills[f].name);
                    check_one(&vx, fills[f].name);
                    check_percentiles(&vx, fills[f].name);
                    check_zscore(&vx, scores, fills[f].name);
                }
}

/* Long enough for several ranks to be found in one pass, in data that is bad for samples. */
static void test_percentiles_of_long_data(void) {
    enum { LENGTH = 300007 };
    static char data[LENGTH * sizeof(double)];
    for (uint32_t dtype = RNC_F32; dtype <= RNC_F64; dtype++)
        for (int shape = 0; shape < 5; shape++) {
            for (size_t i = 0; i < LENGTH; i++) {
                double ramp = (double)i, pipe = i < LENGTH / 2 ? ramp : (double)(LENGTH - i);
                double value[] = {uniform(), ramp, pipe, (double)(i % 3), exp(60 * uniform())};
                put(data, i, dtype, value[shape]);
            }
            check_percentiles(&(rnc_vec){data, LENGTH, dtype}, "long");
        }
    put(data, LENGTH - 1, RNC_F64, (double)NAN);
    const double wanted[] = {1, 50, 99};
    rnc_vec vec = {data, LENGTH, RNC_F64};
    outcome out = specified("percentiles", &vec, NULL, wanted, 3, 3, "long");
    CHECK(isnan(out.numbers[0]) && isnan(out.numbers[2]), "a NaN at the end");
}

/* ---- NaN ------------------------------------------------------------------------------------- */

static void test_nan_propagates_and_can_be_left_out(void) {
    static char x[LONGEST * sizeof(double)], kept[LONGEST * sizeof(double)];
    static const char *const ops[] = {"sum", "mean",    "variance", "stddev",    "min",
                                      "max", "norm_l1", "norm_l2",  "norm_linf", "percentile"};
    for (uint32_t dtype = RNC_F32; dtype <= RNC_F64; dtype++)
        for (size_t length = 2; length < 200; length += 7)
            for (size_t at = 0; at < length; at += 3) {
                size_t count = 0;
                for (size_t i = 0; i < length; i++) {
                    double value = i == at ? (double)NAN : uniform() - 0.5;
                    put(x, i, dtype, value);
                    if (i != at)
                        put(kept, count++, dtype, value);
                }
                rnc_vec whole = {x, length, dtype}, rest = {kept, count, dtype};
                const rnc_vec *operand = &whole, *filtered = &rest;
                rnc_arguments all = {
                    .vectors = &operand, .vector_count = 1, .params = &zero, .param_count = 1};
                rnc_arguments omitting = all, without = all;
                omitting.omit_nan = true;
                without.vectors = &filtered;
                for (int isa = 0; rnc_isa(isa); isa++) {
                    if (!rnc_isa(isa)->available)
                        continue;
                    for (size_t k = 0; k < RNC_COUNT(ops); k++) {
                        CHECK(isnan(apply_on(isa, ops[k], &all).numbers[0]), "%s", ops[k]);
                        CHECK(same(apply_on(isa, ops[k], &omitting).numbers[0],
                                   apply_on(isa, ops[k], &without).numbers[0]),
                              "%s without NaN", ops[k]);
                    }
                    double first = apply_on(isa, "argmin", &all).numbers[0];
                    CHECK(first == (double)at, "%g not %zu", first, at);
                    double best = apply_on(isa, "argmax", &without).numbers[0];
                    best += best >= (double)at;
                    CHECK(apply_on(isa, "argmax", &omitting).numbers[0] == best, "%zu", at);
                }
            }
}

/* ---- batches --------------------------------------------------------------------------------- */

static void test_a_batch_is_a_loop(void) {
    enum { COUNT = 40 };
    static double data[COUNT * COUNT], together[COUNT];
    rnc_vec vecs[COUNT];
    const rnc_vec *pointers[COUNT];
    for (size_t i = 0; i < COUNT * COUNT; i++)
        data[i] = uniform();
    for (size_t i = 0; i < COUNT; i++) {
        vecs[i] = (rnc_vec){data + i * COUNT, i + 1, RNC_F64};
        pointers[i] = &vecs[i];
    }
    rnc_arguments batch = {.vectors = pointers,
                           .vector_count = COUNT,
                           .params = &zero,
                           .param_count = 1,
                           .results = together,
                           .batch = true};
    rnc_isa_force(-1, false);
    for (int op = 0; rnc_op(op); op++) {
        if (rnc_op(op)->shape != RNC_NUMBER)
            continue;
        CHECK(rnc_apply(op, &batch) == RNC_OK, "%s", rnc_op(op)->name);
        rnc_execution execution = *rnc_last_execution();
        CHECK(execution.batch == COUNT && execution.elements == COUNT * (COUNT + 1) / 2, "%u",
              execution.batch);
        int lowest = -1;
        for (size_t i = 0; i < COUNT; i++) {
            double alone;
            rnc_run(&vecs[i], NULL, op, 0, &alone);
            CHECK(same(together[i], alone), "%s %zu", rnc_op(op)->name, i);
            lowest = rnc_last_execution()->isa > lowest ? rnc_last_execution()->isa : lowest;
        }
        CHECK(execution.isa == lowest, "%s names %s", rnc_op(op)->name, execution.kernel);
    }
    rnc_failure failure;
    batch.failure = &failure;
    data[2 * COUNT] = data[2 * COUNT + 1] = NAN;
    batch.omit_nan = true;
    CHECK(rnc_apply(op_of("mean"), &batch) == RNC_OK, "%s", rnc_last_execution()->kernel);
    data[2 * COUNT + 2] = NAN;
    CHECK(rnc_apply(op_of("mean"), &batch) == RNC_EMPTY_VECTOR, "nothing but NaNs");
    CHECK(failure.item == 2 && failure.length == 0, "%zu, %zu", failure.item, failure.length);
    batch.params = &(double){2};
    data[2 * COUNT + 2] = 1;
    vecs[0].length = 5;
    vecs[1].length = 4;
    CHECK(rnc_apply(op_of("variance"), &batch) == RNC_DIVISION_BY_ZERO, "ddof");
    CHECK(failure.item == 2 && failure.length == 1, "%zu, %zu", failure.item, failure.length);
    batch.params = &zero;
    batch.omit_nan = false;
    vecs[7].length = 0;
    CHECK(rnc_apply(op_of("mean"), &batch) == RNC_EMPTY_VECTOR, "an empty vector");
    CHECK(failure.item == 7 && failure.length == 0, "%zu, %zu", failure.item, failure.length);
    vecs[7].dtype = RNC_F32;
    CHECK(rnc_apply(op_of("sum"), &batch) == RNC_INVALID_INPUT, "two types");
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void test_what_does_not_fit_is_refused(void) {
    double data[8] = {1, 2, 3, 4, 5, 6, 7, 8}, result[8];
    rnc_vec four = {data, 4, RNC_F64}, three = {data, 3, RNC_F64}, none = {data, 0, RNC_F64};
    rnc_vec narrow = {data, 4, RNC_F32};
    const struct {
        const char *op;
        const rnc_vec *first, *second;
        int status;
    } refused[] = {
        {"dot", &four, &three, RNC_SIZE_MISMATCH}, {"dot", &four, &narrow, RNC_INVALID_INPUT},
        {"dot", &none, &none, RNC_EMPTY_VECTOR},   {"dot", &four, NULL, RNC_INVALID_INPUT},
        {"sum", &four, &four, RNC_INVALID_INPUT},  {"describe", &four, NULL, RNC_INVALID_INPUT},
    };
    for (size_t i = 0; i < RNC_COUNT(refused); i++) {
        int status =
            rnc_run(refused[i].first, refused[i].second, op_of(refused[i].op), 0, &result[0]);
        CHECK(status == refused[i].status && isnan(result[0]), "%zu %s: %d", i, refused[i].op,
              status);
        CHECK(rnc_last_execution()->status == (uint32_t)status, "%zu %s", i, refused[i].op);
    }
    const rnc_vec *operand = &four;
    rnc_arguments overlapping = {
        .vectors = &operand, .vector_count = 1, .params = &zero, .param_count = 1, .out = data + 1};
    CHECK(rnc_apply(op_of("zscore"), &overlapping) == RNC_INVALID_INPUT, "overlap");
    overlapping.out = data;
    CHECK(rnc_apply(op_of("zscore"), &overlapping) == RNC_OK, "in place");
    rnc_arguments no_parameter = {.vectors = &operand, .vector_count = 1, .results = result};
    CHECK(rnc_apply(op_of("percentiles"), &no_parameter) == RNC_INVALID_INPUT, "no parameter");
    CHECK(rnc_apply(9999, &no_parameter) == RNC_INVALID_INPUT, "no operation");
}

int main(void) {
    test_every_shape();
    test_percentiles_of_long_data();
    test_nan_propagates_and_can_be_left_out();
    test_a_batch_is_a_loop();
    test_what_does_not_fit_is_refused();
    return check_report();
}
