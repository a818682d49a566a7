#include "python/reporting.h"

#include <string.h>

#include "compute/isa.h"
#include "renacer.h"
#include "trace/tracer.h"

/* The public numbers stay what they are, however the rows of isa.def are ordered. */
static int isa_of(int32_t backend) {
    switch (backend) {
    case RENACER_SCALAR:
        return RNC_ISA_Scalar;
    case RENACER_SSE2:
        return RNC_ISA_SSE2;
    case RENACER_AVX2:
        return RNC_ISA_AVX2;
    case RENACER_NEON:
        return RNC_ISA_NEON;
    default:
        return -1;
    }
}

static uint32_t dtype_of(int32_t dtype) {
    switch (dtype) {
    case RENACER_FLOAT32:
        return RNC_F32;
    case RENACER_FLOAT64:
        return RNC_F64;
    default:
        return RENACER_OTHER;
    }
}

static int begin(renacer_operation *operation) {
    rnc_tracer *tracer = rnc_tracer_current();
    if (!tracer || !rnc_tracer_wants(tracer, -1)) {
        operation->tracer = NULL;
        return 0;
    }
    operation->tracer = tracer;
    operation->generation = rnc_tracer_accepted();
    operation->start = rnc_clock_now();
    return 1;
}

static void end(renacer_operation *operation) {
    rnc_tracer *tracer = operation->tracer;
    if (!tracer)
        return;
    uint64_t end = rnc_clock_now();
    const char *error = operation->error;
    const rnc_execution execution = {
        .kernel = operation->kernel ? operation->kernel : "",
        .elements = operation->elements,
        .op = -1,
        .isa = isa_of(operation->backend),
        .requested = -1,
        .dtype = dtype_of(operation->dtype),
        .status = error ? RNC_INVALID_INPUT : RNC_OK,
    };
    const rnc_label label = {
        .library = operation->library ? operation->library : "",
        .name = operation->name ? operation->name : "",
        .error = error,
        .error_size = error ? strlen(error) : 0,
        .op = -1,
    };
    rnc_tracer_resume(operation->generation);
    rnc_tracer_record_labelled(tracer, &execution, &label, operation->start, end);
}

static const renacer_api api = {RENACER_API_VERSION, begin, end};

PyObject *rnc_reporting_capsule(void) {
    return PyCapsule_New((void *)&api, RENACER_CAPSULE, NULL);
}
