/* Running an operation: the path every vector method takes. Nothing here allocates, but for the
 * operations that select, and to leave NaNs out. */
#include <math.h>
#include <stdlib.h>

#include "compute/dispatch.h"
#include "compute/omit.h"
#include "compute/ops.h"
#include "compute/quantiles.h"
#include "compute/reason.h"
#include "compute/run.h"
#include "trace/tracer.h"

static _Thread_local rnc_execution last = {
    .kernel = "", .duration_ns = -1, .op = -1, .isa = -1, .requested = -1};

const rnc_execution *rnc_last_execution(void) {
    return &last;
}

rnc_execution *rnc_own_execution(void) {
    return &last;
}

/* One call: its operation and arguments, checked to fit its shape. */
typedef struct task {
    const rnc_op_definition *op;
    const rnc_arguments *arguments;
    rnc_selection selection;
} task;

/* The best kernel for this length; the last rung takes any. */
static rnc_kernel *kernel_for(const rnc_rung *rung, size_t length) {
    while (length < rung->least_length)
        rung++;
    return rung->kernel;
}

/* Every NaN is the same one, whatever the hardware's default is. */
static double canonical(double number) {
    return isnan(number) ? (double)NAN : number;
}

/* Of several kernels the lowest is what the execution names. */
static void note(const task *task, int family, uint32_t dtype, const rnc_result *raw,
                 rnc_execution *execution) {
    if (raw->isa < execution->isa)
        return;
    execution->kernel = raw->kernel;
    execution->isa = raw->isa;
    execution->reason = rnc_reason_for(family, dtype, task->selection, raw->isa);
    if (execution->batch > 1 && execution->reason == RNC_REASON_FEW_ELEMENTS)
        execution->reason = RNC_REASON_FEW_IN_BATCH;
}

static void run_kernel(const task *task, int family, uint32_t dtype, const rnc_input *in,
                       rnc_result *raw, rnc_execution *execution) {
    kernel_for(rnc_ladder(family, dtype, task->selection.target), in->length)(in, raw);
    note(task, family, dtype, raw, execution);
}

/* A map's second family, over all elements of the vector; `found` is its shift and factor. */
static void map(const task *task, const rnc_vec *vec, double scale, const double found[2],
                rnc_execution *execution) {
    rnc_input in = {.data = vec->data,
                    .length = vec->length,
                    .scale = scale,
                    .shift = found[0],
                    .factor = found[1],
                    .out = task->arguments->out};
    rnc_result raw;
    run_kernel(task, task->op->second_family, vec->dtype, &in, &raw, execution);
}

/* vecs: the operands; original: the first one before NaNs were left out, or NULL. */
static int compute(const task *task, const rnc_vec *vecs, const rnc_vec *original, double *results,
                   rnc_execution *execution) {
    const rnc_op_definition *op = task->op;
    const rnc_vec *vec = &vecs[0];
    rnc_input in = {.data = vec->data,
                    .other = op->operands == 2 ? vecs[1].data : vec->data,
                    .length = vec->length,
                    .scale = 1,
                    .other_scale = 1};
    rnc_result raw;
    rnc_outcome outcome = {.in = &in,
                           .raw = &raw,
                           .params = task->arguments->params,
                           .param_count = task->arguments->param_count,
                           .original = original};
    if (op->selects && rnc_quantiles_prepare(&in, outcome.params, outcome.param_count) != RNC_OK)
        return RNC_NO_MEMORY;
    run_kernel(task, op->family, vec->dtype, &in, &raw, execution);
    if (vec->dtype == RNC_F64)
        op->rescale(&in, &raw, outcome.exponent);
    if (RNC_UNLIKELY(outcome.exponent[0] | outcome.exponent[1])) {
        in.scale = ldexp(1, outcome.exponent[0]);
        in.other_scale = ldexp(1, outcome.exponent[1]);
        run_kernel(task, op->family, vec->dtype, &in, &raw, execution);
    }
    double found[2];
    bool is_map = op->row.shape == RNC_MAP;
    int status = op->finish(&outcome, is_map ? found : results);
    if (op->selects)
        rnc_quantiles_release(&in);
    if (is_map && status == RNC_OK)
        map(task, original ? original : vec, in.scale, found, execution);
    return status;
}

static int check(const task *task, const rnc_vec *vecs) {
    const rnc_op_definition *op = task->op;
    if (op->operands == 2 && vecs[1].length != vecs[0].length)
        return RNC_SIZE_MISMATCH;
    if (vecs[0].length == 0 && !op->row.empty_ok)
        return RNC_EMPTY_VECTOR;
    int status = RNC_OK;
    for (size_t i = 0; i < task->arguments->param_count && status == RNC_OK; i++)
        status = op->check(vecs[0].length, task->arguments->params[i]);
    return status;
}

static int run_without_nans(const task *task, rnc_vec *vecs, double *results,
                            rnc_execution *execution) {
    rnc_vec original = vecs[0];
    void *memory;
    if (task->op->operands == 2 && vecs[1].length != vecs[0].length)
        return RNC_SIZE_MISMATCH;
    int status = rnc_omit_nans(vecs, task->op->operands, &memory);
    if (status == RNC_OK)
        status = check(task, vecs);
    if (status == RNC_OK)
        status = compute(task, vecs, memory ? &original : NULL, results, execution);
    free(memory);
    return status;
}

static int run_item(const task *task, const rnc_vec *const *operands, double *results,
                    rnc_execution *execution) {
    rnc_vec vecs[2] = {*operands[0]};
    if (task->op->operands == 2)
        vecs[1] = *operands[1];
    if (task->arguments->omit_nan)
        return run_without_nans(task, vecs, results, execution);
    int status = check(task, vecs);
    return RNC_LIKELY(status == RNC_OK) ? compute(task, vecs, NULL, results, execution) : status;
}

static int run_items(task *task, rnc_execution *execution) {
    const rnc_arguments *arguments = task->arguments;
    size_t operands = task->op->operands;
    size_t step = rnc_op_results(task->op, arguments->param_count);
    double *results = arguments->results;
    int status = RNC_OK;
    task->selection = rnc_selected();
    execution->requested = task->selection.requested;
    execution->unmet = task->selection.unmet;
    for (size_t i = 0; i < arguments->vector_count && status == RNC_OK; i += operands) {
        status = run_item(task, arguments->vectors + i, results, execution);
        if (results)
            for (size_t k = 0; k < step; k++, results++)
                *results = canonical(*results);
    }
    return status;
}

/* Is the output the operand's own memory or apart from it? */
static bool is_own_or_apart(const rnc_vec *vec, const void *out) {
    size_t bytes = vec->length * (vec->dtype == RNC_F32 ? sizeof(float) : sizeof(double));
    uintptr_t from = (uintptr_t)vec->data, to = (uintptr_t)out;
    return from == to || from + bytes <= to || to + bytes <= from;
}

/* Do the arguments fit the operation's shape? */
static bool fits(const task *task) {
    const rnc_arguments *arguments = task->arguments;
    size_t count = arguments->vector_count, operands = task->op->operands;
    uint32_t dtype = count ? arguments->vectors[0]->dtype : RNC_DTYPE_COUNT;
    if (dtype >= RNC_DTYPE_COUNT || count % operands || (!arguments->batch && count != operands))
        return false;
    for (size_t i = 1; i < count; i++)
        if (arguments->vectors[i]->dtype != dtype)
            return false;
    if (task->op->row.shape == RNC_MAP)
        return (arguments->out || !arguments->vectors[0]->length) && !arguments->batch &&
               arguments->param_count == 1 &&
               is_own_or_apart(arguments->vectors[0], arguments->out);
    return arguments->results && (arguments->param_count == 1 ||
                                  (task->op->row.shape == RNC_SEVERAL && arguments->param_count));
}

static int run(int op, const rnc_arguments *arguments) {
    task task = {.op = rnc_op_define(op), .arguments = arguments};
    rnc_execution *execution = &last;
    *execution = (rnc_execution){.kernel = "",
                                 .duration_ns = -1,
                                 .param = arguments->param_count ? arguments->params[0] : 0,
                                 .op = task.op ? op : -1,
                                 .isa = -1,
                                 .requested = -1,
                                 .status = RNC_INVALID_INPUT};
    if (RNC_UNLIKELY(!task.op || !fits(&task)))
        return RNC_INVALID_INPUT;
    size_t operands = task.op->operands;
    execution->dtype = arguments->vectors[0]->dtype;
    for (size_t i = 0; i < arguments->vector_count; i += operands)
        execution->elements += arguments->vectors[i]->length;
    if (arguments->batch)
        execution->batch = (uint32_t)(arguments->vector_count / operands);

    rnc_tracer *tracer = rnc_tracer_current();
    if (RNC_LIKELY(!tracer) || !rnc_tracer_wants(tracer, op))
        return (int)(execution->status = (uint32_t)run_items(&task, execution));
    uint64_t start = rnc_clock_now();
    execution->status = (uint32_t)run_items(&task, execution);
    uint64_t end = rnc_clock_now();
    execution->duration_ns = (int64_t)(end - start);
    rnc_tracer_record_compute(tracer, execution, start, end);
    return (int)execution->status;
}

int rnc_apply(int op, const rnc_arguments *arguments) {
    return run(op, arguments);
}

/* A call that gives one number. */
static double run_for_number(const rnc_vec *const *vectors, size_t count, int op, double param) {
    double result[RNC_SUMMARY_RESULTS] = {(double)NAN};
    int status = run(op, &(rnc_arguments){.vectors = vectors,
                                          .vector_count = count,
                                          .params = &param,
                                          .param_count = 1,
                                          .results = result});
    return RNC_LIKELY(status == RNC_OK) ? result[0] : (double)NAN;
}

double rnc_run(const rnc_vec *vec, int op, double param) {
    return run_for_number(&vec, 1, op, param);
}

double rnc_run_pair(const rnc_vec *vec, const rnc_vec *other, int op, double param) {
    return run_for_number((const rnc_vec *const[]){vec, other}, 2, op, param);
}
