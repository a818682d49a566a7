/* The operations' definitions, expanded from ops.def and families.def, and their arithmetic after
 * the kernel: domains of parameters, rescaling, finishing. */
#include "compute/ops.h"

#include <math.h>

#include "compute/matrix/ops.h"

/* ---- domains of parameters ------------------------------------------------------------------- */

static int check_none(size_t length, double param) {
    return RNC_OK;
}

static int check_ddof(size_t length, double ddof) {
    if (!(ddof >= 0))
        return RNC_INVALID_INPUT;
    return ddof < (double)length ? RNC_OK : RNC_DIVISION_BY_ZERO;
}

static int check_percentile(size_t length, double percentile) {
    return percentile >= 0 && percentile <= 100 ? RNC_OK : RNC_INVALID_INPUT;
}

/* ---- rescaling: float64 data whose intermediate results leave float64's range ------------------
 */

/* Takes every sum of 2^60 float64 numbers into range. */
#define SUM_DOWN -64
/* Takes squares of float64 numbers into range, from above and from below. */
#define SQUARES_DOWN -600
#define SQUARES_UP   600
/* Below it, squares lose bits to underflow; above the other, SQUARES_UP would overflow. */
#define SMALL_SQUARES 0x1p-900
#define LARGE_MEAN    0x1p400

static int rescale_never(const rnc_result *raw) {
    return 0;
}

static int rescale_sum(const rnc_result *raw) {
    return isfinite(raw->value[0]) ? 0 : SUM_DOWN;
}

static int rescale_moments(const rnc_result *raw) {
    double mean = raw->value[0], squares = raw->value[1];
    if (!isfinite(squares) || !isfinite(mean))
        return SQUARES_DOWN;
    return squares < SMALL_SQUARES && fabs(mean) < LARGE_MEAN ? SQUARES_UP : 0;
}

/* ---- finishers ------------------------------------------------------------------------------- */

/* A sum that is not finite has no meaningful rounding error beside it. */
static double total(const rnc_result *raw) {
    return isfinite(raw->value[0]) ? raw->value[0] + raw->value[1] : raw->value[0];
}

static double finish_sum(const rnc_input *in, const rnc_result *raw, double param, int exponent) {
    return ldexp(total(raw), -exponent);
}

static double finish_mean(const rnc_input *in, const rnc_result *raw, double param, int exponent) {
    return ldexp(total(raw) / (double)in->length, -exponent);
}

static double finish_variance(const rnc_input *in, const rnc_result *raw, double ddof,
                              int exponent) {
    return ldexp(raw->value[1] / ((double)in->length - ddof), -2 * exponent);
}

static double finish_stddev(const rnc_input *in, const rnc_result *raw, double ddof, int exponent) {
    return ldexp(sqrt(raw->value[1] / ((double)in->length - ddof)), -exponent);
}

static double finish_first(const rnc_input *in, const rnc_result *raw, double param, int exponent) {
    return raw->value[0];
}

rnc_quantile rnc_quantile_of(size_t length, double percentile) {
    double position = percentile * (double)(length - 1) / 100;
    size_t rank = (size_t)position;
    if (rank >= length - 1)
        return (rnc_quantile){length - 1, 0};
    return (rnc_quantile){rank, position - (double)rank};
}

/* Between lower and upper, monotone in t and never outside them. Where both have one sign their
 * difference cannot overflow; where they do not, each product moves one way only. */
static double interpolate(double lower, double upper, double t) {
    if (t == 0 || lower == upper)
        return lower;
    if ((lower <= 0 && upper >= 0) || isinf(lower) || isinf(upper))
        return (1 - t) * lower + t * upper;
    double between = lower + t * (upper - lower);
    return between < upper ? between : upper;
}

static double finish_percentile(const rnc_input *in, const rnc_result *raw, double percentile,
                                int exponent) {
    return interpolate(raw->value[0], raw->value[1], rnc_quantile_of(in->length, percentile).t);
}

/* ---- the table ---------------------------------------------------------------------------------
 */

#define FAMILY(name, rescale, scratch, avx2, sse2, neon, scalar)                                   \
    static int (*const rescale_of_##name)(const rnc_result *) = rescale_##rescale;                 \
    enum { scratch_of_##name = scratch };
#include "compute/families.def"
#undef FAMILY

enum parameter_index {
#define PARAMETER(name, python, attribute) PARAMETER_##name,
#include "compute/ops.def"
#undef PARAMETER
};

static const struct {
    const char *name;
    const char *attribute;
    int (*check)(size_t length, double param);
} parameters[] = {
#define PARAMETER(name, python, attribute) {python, attribute, check_##name},
#include "compute/ops.def"
#undef PARAMETER
};

enum {
#define OP(name, family, finisher, parameter, empty_ok) OP_##name,
#include "compute/ops.def"
#undef OP
    OP_COUNT
};

static rnc_op_definition definitions[OP_COUNT];

__attribute__((constructor)) static void define(void) {
#define OP(name_, family_, finisher, parameter, empty_ok_)                                         \
    definitions[OP_##name_] = (rnc_op_definition){                                                 \
        .row = {.name = #name_,                                                                    \
                .span_name = "trueno: Vector::" #name_,                                            \
                .param = parameters[PARAMETER_##parameter].name,                                   \
                .attribute = parameters[PARAMETER_##parameter].attribute,                          \
                .empty_ok = empty_ok_},                                                            \
        .family = RNC_FAMILY_##family_,                                                            \
        .scratch = scratch_of_##family_,                                                           \
        .check = parameters[PARAMETER_##parameter].check,                                          \
        .rescale = rescale_of_##family_,                                                           \
        .finish = finish_##finisher,                                                               \
    };
#include "compute/ops.def"
#undef OP
}

const rnc_op_definition *rnc_op_define(int op) {
    return op >= 0 && op < OP_COUNT ? &definitions[op] : NULL;
}

int rnc_vector_op_count(void) {
    return OP_COUNT;
}

const rnc_op_row *rnc_op(int index) {
    const rnc_op_definition *definition = rnc_op_define(index);
    if (definition)
        return &definition->row;
    const rnc_matrix_definition *matrix = rnc_matrix_define(index - OP_COUNT);
    return matrix ? &matrix->row : NULL;
}
