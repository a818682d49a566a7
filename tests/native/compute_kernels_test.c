/* Every kernel against an oracle in long double, and against the scalar kernel bit for bit, with
 * guard pages before and behind the data. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "rnc.h"

enum { OP_SUM, OP_MEAN, OP_VARIANCE, OP_STDDEV, OP_MIN, OP_MAX, OP_PERCENTILE, OP_COUNT };

#define LONGEST 20011

static const size_t lengths[] = {0,  1,   2,   3,   4,   5,    7,    8,      9,  15,
                                 16, 17,  31,  32,  33,  47,   63,   64,     65, 96,
                                 97, 127, 128, 129, 255, 1000, 1023, LONGEST};

/* ---- data ------------------------------------------------------------------------------------ */

/* Readable memory of LONGEST doubles between two pages that fault. */
static char *guarded, *guarded_end;

static void map_guarded(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (LONGEST * sizeof(double) + page - 1) / page * page;
    char *base = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base + page, size, PROT_READ | PROT_WRITE))
        abort();
    guarded = base + page;
    guarded_end = guarded + size;
}

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint64_t random_bits(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static double uniform(void) {
    return (double)(random_bits() >> 11) * 0x1p-53;
}

typedef double fill_function(size_t index, uint32_t dtype);

static double fill_uniform(size_t i, uint32_t dtype) {
    return uniform() - 0.25;
}
static double fill_offset(size_t i, uint32_t dtype) {
    return 1e6 + uniform();
}
static double fill_constant(size_t i, uint32_t dtype) {
    return 0.1;
}
static double fill_ramp(size_t i, uint32_t dtype) {
    return (double)i;
}
static double fill_falling(size_t i, uint32_t dtype) {
    return -(double)i * 3.5;
}
static double fill_few_values(size_t i, uint32_t dtype) {
    return (double)(random_bits() % 3) - 1;
}
static double fill_zeros(size_t i, uint32_t dtype) {
    return random_bits() & 1 ? 0.0 : -0.0;
}
static double fill_cancelling(size_t i, uint32_t dtype) {
    double large = dtype == RNC_F32 ? 0x1p60 : 0x1p90;
    return i % 2 ? -large : large + (dtype == RNC_F64 && i % 4 ? 0x1p40 : 0);
}
static double fill_outlier_first(size_t i, uint32_t dtype) {
    return i ? uniform() : 1e12;
}
static double fill_denormal(size_t i, uint32_t dtype) {
    return (double)(random_bits() % 1000) * (dtype == RNC_F32 ? 0x1p-149 : 0x1p-1074);
}
static double fill_huge(size_t i, uint32_t dtype) {
    return (random_bits() & 1 ? 1 : -0.5) * (dtype == RNC_F32 ? (double)FLT_MAX : DBL_MAX);
}
static double fill_any_magnitude(size_t i, uint32_t dtype) {
    int range = dtype == RNC_F32 ? 100 : 300;
    return ldexp(uniform() - 0.5, (int)(random_bits() % (uint64_t)(2 * range)) - range);
}

static const struct {
    const char *name;
    fill_function *fill;
} fills[] = {
    {"uniform", fill_uniform},
    {"offset", fill_offset},
    {"constant", fill_constant},
    {"ramp", fill_ramp},
    {"falling", fill_falling},
    {"few values", fill_few_values},
    {"zeros", fill_zeros},
    {"cancelling", fill_cancelling},
    {"outlier", fill_outlier_first},
    {"denormal", fill_denormal},
    {"huge", fill_huge},
    {"any magnitude", fill_any_magnitude},
};

static double element(const char *data, size_t i, uint32_t dtype) {
    if (dtype == RNC_F64) {
        double value;
        memcpy(&value, data + i * sizeof value, sizeof value);
        return value;
    }
    float value;
    memcpy(&value, data + i * sizeof value, sizeof value);
    return (double)value;
}

static void put(char *data, size_t i, uint32_t dtype, double value) {
    float narrow = (float)value;
    if (dtype == RNC_F64)
        memcpy(data + i * sizeof value, &value, sizeof value);
    else
        memcpy(data + i * sizeof narrow, &narrow, sizeof narrow);
}

/* ---- oracle ---------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    double x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    if (x != y)
        return x < y ? -1 : 1;
    return signbit(y) - signbit(x) > 0 ? 1 : signbit(y) - signbit(x) < 0 ? -1 : 0;
}

typedef struct oracle {
    long double sum, sum_of_magnitudes, squares, greatest;
    double sorted[LONGEST];
} oracle;

static oracle expected;

static void consult(const char *data, size_t length, uint32_t dtype) {
    long double sum = 0, lost = 0, squares = 0;
    expected.sum_of_magnitudes = expected.greatest = 0;
    for (size_t i = 0; i < length; i++) {
        long double x = element(data, i, dtype), total = sum + x, taken = total - sum;
        lost += (sum - (total - taken)) + (x - taken);
        sum = total;
        expected.sum_of_magnitudes += fabsl(x);
        expected.greatest = fmaxl(expected.greatest, fabsl(x));
        expected.sorted[i] = element(data, i, dtype);
    }
    expected.sum = sum + lost;
    long double mean = length ? expected.sum / (long double)length : 0;
    for (size_t i = 0; i < length; i++) {
        long double distance = (long double)element(data, i, dtype) - mean;
        squares += distance * distance;
    }
    expected.squares = squares;
    qsort(expected.sorted, length, sizeof(double), compare);
}

static bool same(double a, double b) {
    return !memcmp(&a, &b, sizeof a);
}

static bool near(double got, long double want, long double tolerance) {
    if ((double)want == got)
        return true;
    return fabsl((long double)got - want) <= tolerance + 0x1p-1074L;
}

static bool right(int op, double got, size_t n, uint32_t dtype, double param) {
    long double count = (long double)n;
    /* float64 lanes of float32 add n/32 + 5 times; compensated float64 loses one rounding. */
    long double relative =
        dtype == RNC_F32 ? (count / 32 + 6) * 0x1p-53L : count * count * 0x1p-106L;
    long double sum_error = relative * expected.sum_of_magnitudes + 0x1p-53L * fabsl(expected.sum);
    long double variance = expected.squares / (count - (op < OP_MIN ? param : 0));
    /* 8192 elements in 16 lanes, twice the block's share: see moments.h; the oracle's own mean. */
    long double close = variance * 2048 * 0x1p-53L;
    switch (op) {
    case OP_SUM:
        return near(got, expected.sum, sum_error);
    case OP_MEAN:
        return near(got, expected.sum / count,
                    sum_error / count + fabsl(expected.sum / count) * 0x1p-53L);
    case OP_VARIANCE:
        return got >= 0 && near(got, variance, close);
    case OP_STDDEV:
        return got >= 0 && near(got, sqrtl(variance), sqrtl(variance) * 2048 * 0x1p-53L);
    case OP_MIN:
        return same(got, expected.sorted[0]);
    case OP_MAX:
        return same(got, expected.sorted[n - 1]);
    default:
        break;
    }
    double position = param * (double)(n - 1) / 100;
    size_t rank = (size_t)position;
    double t = position - (double)rank;
    if (rank + 1 >= n || t == 0)
        return same(got, expected.sorted[rank]);
    long double low = expected.sorted[rank], high = expected.sorted[rank + 1];
    return near(got, low + t * (high - low), (fabsl(low) + fabsl(high)) * 0x1p-52L);
}

/* ---- the matrix ------------------------------------------------------------------------------ */

static const double percentiles[] = {0, 50, 95, 99.9, 100};

static double run_on(int isa, const rnc_vec *vec, int op, double param) {
    CHECK(rnc_isa_force(isa, true) == RNC_OK, "%s", rnc_isa(isa)->name);
    double result;
    rnc_run(vec, NULL, op, param, &result);
    return result;
}

static void check_stamp(int isa) {
    const rnc_execution *execution = rnc_last_execution();
    const char *suffix = strrchr(execution->kernel, '_');
    CHECK(suffix && !strcasecmp(suffix + 1, rnc_isa(execution->isa)->name), "%s, %d",
          execution->kernel, execution->isa);
    CHECK(execution->isa >= isa, "%s on %s", execution->kernel, rnc_isa(isa)->name);
}

static void check_operation(const rnc_vec *vec, int op, double param, const char *fill) {
    int scalar = 0;
    while (strcmp(rnc_isa(scalar)->name, "Scalar"))
        scalar++;
    double specified = run_on(scalar, vec, op, param);
    for (int isa = 0; rnc_isa(isa); isa++) {
        if (!rnc_isa(isa)->available)
            continue;
        double got = run_on(isa, vec, op, param);
        const rnc_execution *execution = rnc_last_execution();
        if (!vec->length && op != OP_SUM) {
            CHECK(execution->status == RNC_EMPTY_VECTOR && isnan(got), "%s", rnc_op(op)->name);
            continue;
        }
        CHECK(execution->status == RNC_OK, "%s", execution->kernel);
        check_stamp(isa);
        CHECK(same(got, specified), "%s %s n=%zu param=%g on %s: %.17g, Scalar %.17g",
              rnc_op(op)->name, fill, vec->length, param, execution->kernel, got, specified);
        CHECK(right(op, got, vec->length, vec->dtype, param), "%s %s n=%zu param=%g by %s: %.17g",
              rnc_op(op)->name, fill, vec->length, param, execution->kernel, got);
    }
}

static void check_vector(const rnc_vec *vec, const char *fill) {
    consult(vec->data, vec->length, vec->dtype);
    for (int op = 0; op < OP_PERCENTILE; op++)
        check_operation(vec, op, 0, fill);
    if (vec->length > 1)
        check_operation(vec, OP_STDDEV, 1, fill);
    for (size_t i = 0; i < RNC_COUNT(percentiles); i++)
        check_operation(vec, OP_PERCENTILE, percentiles[i], fill);
}

/* The same elements against each end of the mapping, and at an odd address. */
static void check_places(size_t length, uint32_t dtype, fill_function *fill, const char *name) {
    size_t bytes = length * (dtype == RNC_F32 ? sizeof(float) : sizeof(double));
    char *places[] = {guarded, guarded_end - bytes, guarded + 1};
    for (size_t place = 0; place < (length < LONGEST ? 3 : 1); place++) {
        for (size_t i = 0; i < length; i++)
            put(places[place], i, dtype, fill(i, dtype));
        check_vector(&(rnc_vec){places[place], length, dtype}, name);
    }
}

static void test_every_operation(void) {
    for (uint32_t dtype = RNC_F32; dtype <= RNC_F64; dtype++)
        for (size_t f = 0; f < RNC_COUNT(fills); f++)
            for (size_t l = 0; l < RNC_COUNT(lengths); l++)
                check_places(lengths[l], dtype, fills[f].fill, fills[f].name);
}

/* One odd element at each place of a vector: NaN makes every result NaN, infinities follow IEEE. */
static void test_one_special_element(void) {
    const double specials[] = {(double)NAN, (double)-NAN, (double)INFINITY, (double)-INFINITY};
    const size_t sizes[] = {1, 5, 8, 33, 70};
    for (uint32_t dtype = RNC_F32; dtype <= RNC_F64; dtype++)
        for (size_t s = 0; s < RNC_COUNT(sizes); s++)
            for (size_t at = 0; at < sizes[s]; at++)
                for (size_t k = 0; k < RNC_COUNT(specials); k++) {
                    double special = specials[k];
                    for (size_t i = 0; i < sizes[s]; i++)
                        put(guarded, i, dtype, i == at ? special : (double)i - 2);
                    rnc_vec vec = {guarded, sizes[s], dtype};
                    for (int isa = 0; rnc_isa(isa); isa++) {
                        if (!rnc_isa(isa)->available)
                            continue;
                        bool single = sizes[s] == 1;
                        double low = special < 0 || single || isnan(special) ? special
                                     : at                                    ? -2
                                                                             : -1;
                        double high = special > 0 || single || isnan(special) ? special
                                      : at == sizes[s] - 1 ? (double)sizes[s] - 4
                                                           : (double)sizes[s] - 3;
                        const double want[] = {special, special, (double)NAN, (double)NAN,
                                               low,     high,    low};
                        for (int op = 0; op < OP_COUNT; op++) {
                            double got = run_on(isa, &vec, op, 0);
                            CHECK(isnan(want[op]) ? isnan(got) && !signbit(got) : got == want[op],
                                  "%s at %zu of %zu by %s: %g, not %g", rnc_op(op)->name, at,
                                  sizes[s], rnc_last_execution()->kernel, got, want[op]);
                        }
                    }
                }
}

int main(void) {
    map_guarded();
    test_every_operation();
    test_one_special_element();
    return check_report();
}
