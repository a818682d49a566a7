/* Running an operation: the path every vector method takes. Nothing here allocates, but for the
 * operations that select among many elements, and to leave NaNs out. */
#include <math.h>
#include <stdlib.h>

#include "compute/dispatch.h"
#include "compute/omit.h"
#include "compute/ops.h"
#include "compute/quantiles.h"
#include "compute/reason.h"
#include "compute/run.h"
#include "trace/thread.h"
#include "trace/tracer.h"

static RNC_THREAD_LOCAL rnc_execution last = {
    .kernel = "", .duration_ns = -1, .op = -1, .isa = -1, .requested = -1};

const rnc_execution *rnc_last_execution(void) {
    return &last;
}

rnc_execution *rnc_own_execution(void) {
    return &last;
}

/* One call, its operands for one item of it: two when the operation takes a pair. */
typedef struct task {
    const rnc_op_definition *op;
    const rnc_vec *vec, *other;
    const double *params;
    size_t param_count;
    double *results;
    void *out;
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
                    .out = task->out};
    rnc_result raw;
    run_kernel(task, task->op->second_family, vec->dtype, &in, &raw, execution);
}

/* original: the first operand before NaNs were left out, or NULL. */
static int compute_on(const task *task, const rnc_vec *original, rnc_input *in,
                      rnc_execution *execution) {
    const rnc_op_definition *op = task->op;
    const rnc_vec *vec = task->vec;
    rnc_result raw;
    rnc_outcome outcome = {.in = in,
                           .raw = &raw,
                           .params = task->params,
                           .param_count = task->param_count,
                           .original = original};
    run_kernel(task, op->family, vec->dtype, in, &raw, execution);
    if (vec->dtype == RNC_F64)
        op->rescale(in, &raw, outcome.exponent);
    if (RNC_UNLIKELY(outcome.exponent[0] | outcome.exponent[1])) {
        in->scale = ldexp(1, outcome.exponent[0]);
        in->other_scale = ldexp(1, outcome.exponent[1]);
        run_kernel(task, op->family, vec->dtype, in, &raw, execution);
    }
    double found[2];
    bool is_map = op->row.shape == RNC_MAP;
    int status = op->finish(&outcome, is_map ? found : task->results);
    if (is_map && status == RNC_OK)
        map(task, original ? original : vec, in->scale, found, execution);
    return status;
}

/* Apart from compute, so that no other operation pays for the memory on the stack. */
static __attribute__((noinline)) int compute_selected(const task *task, const rnc_vec *original,
                                                      rnc_input *in, rnc_execution *execution) {
    rnc_quantiles_memory few;
    int status = rnc_quantiles_prepare(in, task->params, task->param_count, &few);
    if (status == RNC_OK) {
        status = compute_on(task, original, in, execution);
        rnc_quantiles_release(in, &few);
    }
    return status;
}

static int compute(const task *task, const rnc_vec *original, rnc_execution *execution) {
    const rnc_vec *vec = task->vec;
    rnc_input in = {.data = vec->data,
                    .other = task->other ? task->other->data : vec->data,
                    .length = vec->length,
                    .scale = 1,
                    .other_scale = 1};
    return task->op->selects ? compute_selected(task, original, &in, execution)
                             : compute_on(task, original, &in, execution);
}

/* RNC_OK, or why the operation is not defined on this item. */
static int check(const task *task) {
    size_t length = task->vec->length;
    if (task->other && task->other->length != length)
        return RNC_SIZE_MISMATCH;
    if (length == 0 && !task->op->row.empty_ok)
        return RNC_EMPTY_VECTOR;
    int status = RNC_OK;
    for (size_t i = 0; task->op->check && i < task->param_count && status == RNC_OK; i++)
        status = task->op->check(length, task->params[i]);
    return status;
}

static int run_item(const task *task, rnc_execution *execution) {
    int status = check(task);
    return RNC_LIKELY(status == RNC_OK) ? compute(task, NULL, execution) : status;
}

/* *length: how many elements there are without NaNs. */
static int run_item_without_nans(const task *whole, size_t *length, rnc_execution *execution) {
    task task = *whole;
    rnc_vec vecs[2] = {*whole->vec};
    void *memory;
    if (whole->other) {
        if (whole->other->length != whole->vec->length)
            return RNC_SIZE_MISMATCH;
        vecs[1] = *whole->other;
        task.other = &vecs[1];
    }
    task.vec = &vecs[0];
    int status = rnc_omit_nans(vecs, whole->op->operands, &memory);
    *length = vecs[0].length;
    if (status == RNC_OK)
        status = check(&task);
    if (status == RNC_OK)
        status = compute(&task, memory ? whole->vec : NULL, execution);
    free(memory);
    return status;
}

/* The items of a call that has arguments, one after the other; the first failure ends it. */
static int run_items(task *task, const rnc_arguments *arguments, rnc_execution *execution) {
    size_t step = rnc_op_results(task->op, task->param_count);
    int status = RNC_OK;
    for (size_t i = 0; i < arguments->vector_count && status == RNC_OK; i += task->op->operands) {
        task->vec = arguments->vectors[i];
        task->other = task->op->operands == 2 ? arguments->vectors[i + 1] : NULL;
        size_t length = task->vec->length;
        status = arguments->omit_nan ? run_item_without_nans(task, &length, execution)
                                     : run_item(task, execution);
        if (status != RNC_OK && arguments->failure)
            *arguments->failure = (rnc_failure){i / task->op->operands, length};
        if (!task->results)
            continue;
        for (size_t k = 0; k < step && status == RNC_OK; k++)
            task->results[k] = canonical(task->results[k]);
        task->results += step;
    }
    return status;
}

/* arguments: NULL for the one item that the task has already. */
static int execute(task *task, const rnc_arguments *arguments, rnc_execution *execution) {
    task->selection = rnc_selected();
    execution->requested = task->selection.requested;
    execution->unmet = task->selection.unmet;
    int status = arguments ? run_items(task, arguments, execution) : run_item(task, execution);
    execution->status = (uint32_t)status;
    return status;
}

static int execute_traced(task *task, const rnc_arguments *arguments, rnc_execution *execution) {
    rnc_tracer *tracer = rnc_tracer_current();
    if (RNC_LIKELY(!tracer) || !rnc_tracer_wants(tracer, execution->op))
        return execute(task, arguments, execution);
    uint64_t start = rnc_clock_now();
    int status = execute(task, arguments, execution);
    uint64_t end = rnc_clock_now();
    execution->duration_ns = (int64_t)(end - start);
    rnc_tracer_record_compute(tracer, execution, start, end);
    return status;
}

static rnc_execution *begin(const rnc_op_definition *op, int index, double param) {
    last = (rnc_execution){.kernel = "",
                           .duration_ns = -1,
                           .param = param,
                           .op = op ? index : -1,
                           .isa = -1,
                           .requested = -1,
                           .status = RNC_INVALID_INPUT};
    return &last;
}

/* ---- calls that give one number -------------------------------------------------------------- */

int rnc_run(const rnc_vec *vec, const rnc_vec *other, int op, double param, double *result) {
    const rnc_op_definition *definition = rnc_op_define(op);
    rnc_execution *execution = begin(definition, op, param);
    execution->elements = vec->length;
    execution->dtype = vec->dtype;
    *result = (double)NAN;
    if (RNC_UNLIKELY(!definition || definition->row.shape != (other ? RNC_PAIR : RNC_NUMBER) ||
                     vec->dtype >= RNC_DTYPE_COUNT || (other && other->dtype != vec->dtype)))
        return RNC_INVALID_INPUT;
    task task = {.op = definition,
                 .vec = vec,
                 .other = other,
                 .params = &param,
                 .param_count = 1,
                 .results = result};
    int status = execute_traced(&task, NULL, execution);
    *result = RNC_LIKELY(status == RNC_OK) ? canonical(*result) : (double)NAN;
    return status;
}

/* ---- calls of any shape ---------------------------------------------------------------------- */

/* Is the output the operand's own memory or apart from it? */
static bool is_own_or_apart(const rnc_vec *vec, const void *out) {
    size_t bytes = vec->length * rnc_element_size(vec->dtype);
    uintptr_t from = (uintptr_t)vec->data, to = (uintptr_t)out;
    return from == to || from + bytes <= to || to + bytes <= from;
}

/* Do the arguments fit the operation's shape? */
static bool fits(const rnc_op_definition *op, const rnc_arguments *arguments) {
    size_t count = arguments->vector_count;
    uint32_t dtype = count ? arguments->vectors[0]->dtype : RNC_DTYPE_COUNT;
    if (dtype >= RNC_DTYPE_COUNT || count % op->operands ||
        (!arguments->batch && count != op->operands))
        return false;
    for (size_t i = 1; i < count; i++)
        if (arguments->vectors[i]->dtype != dtype)
            return false;
    if (op->row.shape == RNC_MAP)
        return (arguments->out || !arguments->vectors[0]->length) && !arguments->batch &&
               arguments->param_count == 1 &&
               is_own_or_apart(arguments->vectors[0], arguments->out);
    return arguments->results && (op->row.shape == RNC_SEVERAL ? arguments->param_count > 0
                                                               : arguments->param_count == 1);
}

int rnc_apply(int op, const rnc_arguments *arguments) {
    const rnc_op_definition *definition = rnc_op_define(op);
    rnc_execution *execution =
        begin(definition, op, arguments->param_count ? arguments->params[0] : 0);
    if (arguments->failure)
        *arguments->failure =
            (rnc_failure){0, arguments->vector_count ? arguments->vectors[0]->length : 0};
    if (RNC_UNLIKELY(!definition || !fits(definition, arguments)))
        return RNC_INVALID_INPUT;
    execution->dtype = arguments->vectors[0]->dtype;
    for (size_t i = 0; i < arguments->vector_count; i += definition->operands)
        execution->elements += arguments->vectors[i]->length;
    if (arguments->batch)
        execution->batch = (uint32_t)(arguments->vector_count / definition->operands);
    task task = {.op = definition,
                 .params = arguments->params,
                 .param_count = arguments->param_count,
                 .results = arguments->results,
                 .out = arguments->out};
    return execute_traced(&task, arguments, execution);
}
