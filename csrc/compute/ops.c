/* The operations' definitions, expanded from ops.def and families.def, and their arithmetic after
 * the kernel: domains of parameters, rescaling, finishing. */
#include "compute/ops.h"

#include <math.h>

#include "compute/matrix/ops.h"
#include "compute/quantiles.h"

/* ---- domains of parameters ------------------------------------------------------------------- */

#define check_none NULL

static int check_ddof(size_t length, double ddof) {
    if (!(ddof >= 0))
        return RNC_INVALID_INPUT;
    return ddof < (double)length ? RNC_OK : RNC_DIVISION_BY_ZERO;
}

static int check_percentile(size_t length, double percentile) {
    return percentile >= 0 && percentile <= 100 ? RNC_OK : RNC_INVALID_INPUT;
}

#define check_percentiles check_percentile

/* ---- rescaling: float64 data whose intermediate results leave float64's range ------------------
 */

/* Takes every sum of 2^60 float64 numbers into range. */
#define SUM_DOWN -64
/* Takes squares of float64 numbers into range, from above and from below. */
#define SQUARES_DOWN -600
#define SQUARES_UP   600
/* Takes every sum of 2^48 products of float64 numbers into range, and not the product 1 out of it.
 */
#define PRODUCTS_DOWN -536
/* Below it, squares lose bits to underflow; above the other, SQUARES_UP would overflow. */
#define SMALL_SQUARES 0x1p-900
#define LARGE_MEAN    0x1p400

static void rescale_never(const rnc_input *in, const rnc_result *raw, int exponent[2]) {}

static void rescale_sum(const rnc_input *in, const rnc_result *raw, int exponent[2]) {
    exponent[0] = isfinite(raw->value[0]) ? 0 : SUM_DOWN;
}

/* Scaling up is for squares only: one factor of a product may be large. */
static void rescale_products(const rnc_input *in, const rnc_result *raw, int exponent[2]) {
    if (!isfinite(raw->value[0]))
        exponent[0] = exponent[1] = PRODUCTS_DOWN;
    else if (in->data == in->other && raw->value[0] < SMALL_SQUARES)
        exponent[0] = exponent[1] = SQUARES_UP;
}

static int exponent_of_moments(double mean, double squares) {
    if (!isfinite(squares) || !isfinite(mean))
        return SQUARES_DOWN;
    return squares < SMALL_SQUARES && fabs(mean) < LARGE_MEAN ? SQUARES_UP : 0;
}

static void rescale_moments(const rnc_input *in, const rnc_result *raw, int exponent[2]) {
    exponent[0] = exponent_of_moments(raw->value[0], raw->value[1]);
}

static void rescale_comoments(const rnc_input *in, const rnc_result *raw, int exponent[2]) {
    exponent[0] = exponent_of_moments(raw->value[0], raw->value[1]);
    exponent[1] = exponent_of_moments(raw->value[2], raw->value[3]);
}

/* ---- finishers ------------------------------------------------------------------------------- */

/* Nearly always by nothing. */
static double scaled(double number, int exponent) {
    return RNC_LIKELY(exponent == 0) ? number : ldexp(number, exponent);
}

/* A sum that is not finite has no meaningful rounding error beside it. */
static double total(const rnc_result *raw) {
    return isfinite(raw->value[0]) && isfinite(raw->value[1]) ? raw->value[0] + raw->value[1]
                                                              : raw->value[0];
}

static double count_less_ddof(const rnc_outcome *outcome) {
    return (double)outcome->in->length - outcome->params[0];
}

static int finish_sum(const rnc_outcome *outcome, double *results) {
    results[0] = scaled(total(outcome->raw), -outcome->exponent[0]);
    return RNC_OK;
}

static int finish_mean(const rnc_outcome *outcome, double *results) {
    results[0] = scaled(total(outcome->raw) / (double)outcome->in->length, -outcome->exponent[0]);
    return RNC_OK;
}

static int finish_variance(const rnc_outcome *outcome, double *results) {
    results[0] =
        scaled(outcome->raw->value[1] / count_less_ddof(outcome), -2 * outcome->exponent[0]);
    return RNC_OK;
}

static int finish_stddev(const rnc_outcome *outcome, double *results) {
    results[0] =
        scaled(sqrt(outcome->raw->value[1] / count_less_ddof(outcome)), -outcome->exponent[0]);
    return RNC_OK;
}

static int finish_first(const rnc_outcome *outcome, double *results) {
    results[0] = outcome->raw->value[0];
    return RNC_OK;
}

/* A place among the elements that were not left out becomes one among all, and inside them also if
 * another thread overwrites them meanwhile. */
static int finish_place(const rnc_outcome *outcome, double *results) {
    size_t place = (size_t)outcome->raw->value[0];
    const rnc_vec *original = outcome->original;
    if (original)
        for (size_t i = 0; i <= place && place + 1 < original->length; i++)
            place += rnc_is_nan_at(original, i);
    results[0] = (double)place;
    return RNC_OK;
}

static int finish_greatest(const rnc_outcome *outcome, double *results) {
    const rnc_result *raw = outcome->raw;
    results[0] = isnan(raw->value[0]) ? raw->value[0] : raw->value[2];
    return RNC_OK;
}

static int finish_dot(const rnc_outcome *outcome, double *results) {
    results[0] = scaled(total(outcome->raw), -outcome->exponent[0] - outcome->exponent[1]);
    return RNC_OK;
}

static int finish_root(const rnc_outcome *outcome, double *results) {
    results[0] = scaled(sqrt(total(outcome->raw)), -outcome->exponent[0]);
    return RNC_OK;
}

static int finish_covariance(const rnc_outcome *outcome, double *results) {
    results[0] = scaled(outcome->raw->value[4] / count_less_ddof(outcome),
                        -outcome->exponent[0] - outcome->exponent[1]);
    return RNC_OK;
}

/* Both standard deviations carry the vectors' exponents as the products do. */
static int finish_correlation(const rnc_outcome *outcome, double *results) {
    const double *value = outcome->raw->value;
    if (value[1] == 0 || value[3] == 0)
        return RNC_DIVISION_BY_ZERO;
    double coefficient = value[4] / (sqrt(value[1]) * sqrt(value[3]));
    results[0] = coefficient > 1 ? 1 : coefficient < -1 ? -1 : coefficient;
    return RNC_OK;
}

static int finish_percentiles(const rnc_outcome *outcome, double *results) {
    for (size_t i = 0; i < outcome->param_count; i++)
        results[i] = rnc_quantile(outcome->in, outcome->params[i]);
    return RNC_OK;
}

static int finish_describe(const rnc_outcome *outcome, double *results) {
    const rnc_result *raw = outcome->raw;
    results[0] = (double)outcome->in->length;
    results[1] = scaled(raw->value[0], -outcome->exponent[0]);
    finish_stddev(outcome, &results[2]);
    results[3] = raw->value[2];
    results[4] = raw->value[3];
    return RNC_OK;
}

static int finish_zscore(const rnc_outcome *outcome, double *results) {
    const double *value = outcome->raw->value;
    if (value[1] == 0)
        return RNC_DIVISION_BY_ZERO;
    results[0] = value[0];
    results[1] = 1 / sqrt(value[1] / count_less_ddof(outcome));
    return RNC_OK;
}

/* ---- the table ---------------------------------------------------------------------------------
 */

#define FAMILY(name, rescale, avx2, sse2, neon, scalar)                                            \
    static void (*const rescale_of_##name)(const rnc_input *, const rnc_result *, int[2]) =        \
        rescale_##rescale;
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
    SHAPE_number = RNC_NUMBER,
    SHAPE_place = RNC_NUMBER,
    SHAPE_norm = RNC_NUMBER,
    SHAPE_pair = RNC_PAIR,
    SHAPE_several = RNC_SEVERAL,
    SHAPE_summary = RNC_SUMMARY,
    SHAPE_map = RNC_MAP,
};

rnc_op_definition rnc_op_definitions[RNC_OP_COUNT];

__attribute__((constructor)) static void define(void) {
#define OP(name_, shape_, family_, second_, finisher, parameter, empty_ok_)                        \
    rnc_op_definitions[RNC_OP_##name_] = (rnc_op_definition){                                      \
        .row = {.name = #name_,                                                                    \
                .span_name = "trueno: Vector::" #name_,                                            \
                .param = parameters[PARAMETER_##parameter].name,                                   \
                .attribute = parameters[PARAMETER_##parameter].attribute,                          \
                .shape = SHAPE_##shape_,                                                           \
                .empty_ok = empty_ok_},                                                            \
        .family = RNC_FAMILY_##family_,                                                            \
        .second_family = RNC_FAMILY_##second_,                                                     \
        .operands = (int)SHAPE_##shape_ == (int)RNC_PAIR ? 2 : 1,                                  \
        .selects = RNC_FAMILY_##family_ == RNC_FAMILY_select,                                      \
        .check = parameters[PARAMETER_##parameter].check,                                          \
        .rescale = rescale_of_##family_,                                                           \
        .finish = finish_##finisher,                                                               \
    };
#include "compute/ops.def"
#undef OP
}

int rnc_vector_op_count(void) {
    return RNC_OP_COUNT;
}

const rnc_op_row *rnc_op(int index) {
    const rnc_op_definition *definition = rnc_op_define(index);
    if (definition)
        return &definition->row;
    const rnc_matrix_definition *matrix = rnc_matrix_define(index - RNC_OP_COUNT);
    return matrix ? &matrix->row : NULL;
}

size_t rnc_op_results(const rnc_op_definition *op, size_t param_count) {
    switch (op->row.shape) {
    case RNC_SEVERAL:
        return param_count;
    case RNC_SUMMARY:
        return RNC_SUMMARY_RESULTS;
    default:
        return 1;
    }
}
