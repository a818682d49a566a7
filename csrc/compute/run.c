/* Running an operation: the path every vector method takes. Nothing here allocates, but for the
 * families that need scratch memory. */
#include <math.h>
#include <stdlib.h>

#include "compute/dispatch.h"
#include "compute/ops.h"
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

static double compute(const rnc_op_definition *op, const rnc_vec *vec, rnc_selection selection,
                      rnc_execution *execution) {
    rnc_input in = {.data = vec->data, .length = vec->length, .scale = 1};
    rnc_result raw;
    if (op->scratch) {
        in.rank = rnc_quantile_of(vec->length, execution->param).rank;
        in.scratch = malloc(RNC_SCRATCH_BYTES(vec->length));
        if (!in.scratch) {
            execution->status = RNC_NO_MEMORY;
            return (double)NAN;
        }
    }
    rnc_kernel *kernel =
        kernel_for(rnc_ladder(op->family, vec->dtype, selection.target), in.length);
    kernel(&in, &raw);
    int exponent = vec->dtype == RNC_F64 ? op->rescale(&raw) : 0;
    if (RNC_UNLIKELY(exponent)) {
        in.scale = ldexp(1, exponent);
        kernel(&in, &raw);
    }
    free(in.scratch);
    execution->kernel = raw.kernel;
    execution->isa = raw.isa;
    execution->reason = rnc_reason_for(op->family, vec->dtype, selection, raw.isa);
    return canonical(op->finish(&in, &raw, execution->param, exponent));
}

static double execute(const rnc_op_definition *op, const rnc_vec *vec, rnc_execution *execution) {
    rnc_selection selection = rnc_selected();
    execution->requested = selection.requested;
    execution->unmet = selection.unmet;
    if (RNC_UNLIKELY(vec->length == 0 && !op->row.empty_ok)) {
        execution->status = RNC_EMPTY_VECTOR;
        return (double)NAN;
    }
    execution->status = (uint32_t)op->check(vec->length, execution->param);
    if (RNC_UNLIKELY(execution->status != RNC_OK))
        return (double)NAN;
    return compute(op, vec, selection, execution);
}

double rnc_run(const rnc_vec *vec, int op, double param) {
    rnc_execution *execution = &last;
    const rnc_op_definition *definition = rnc_op_define(op);
    *execution = (rnc_execution){.kernel = "",
                                 .elements = vec->length,
                                 .duration_ns = -1,
                                 .param = param,
                                 .op = definition ? op : -1,
                                 .isa = -1,
                                 .requested = -1,
                                 .dtype = vec->dtype,
                                 .status = RNC_INVALID_INPUT};
    if (RNC_UNLIKELY(!definition || vec->dtype >= RNC_DTYPE_COUNT))
        return (double)NAN;

    rnc_tracer *tracer = rnc_tracer_current();
    if (RNC_LIKELY(!tracer) || !rnc_tracer_wants(tracer, op))
        return execute(definition, vec, execution);
    uint64_t start = rnc_clock_now();
    double result = execute(definition, vec, execution);
    uint64_t end = rnc_clock_now();
    execution->duration_ns = (int64_t)(end - start);
    rnc_tracer_record_compute(tracer, execution, start, end);
    return result;
}
