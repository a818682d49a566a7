/* "trueno: Vector::<op>", one kernel-level operation, and "compute: <name>", what encloses some.
 * compute.duration_us keeps the nanoseconds in its fraction. */
#include "otlp/spans.h"

static const char *const data_types[] = {[RNC_F32] = "f32", [RNC_F64] = "f64"};

static const char *backend_of(const rnc_compute_body *body) {
    const rnc_isa_row *row = body->isa >= 0 ? rnc_isa(body->isa) : NULL;
    return row ? row->name : "Unknown";
}

static const char *data_type_of(const rnc_compute_body *body) {
    return body->dtype < RNC_COUNT(data_types) ? data_types[body->dtype] : "unknown";
}

static void fallback(rnc_spans *spans, const rnc_record *record) {
    const rnc_compute_body *body = &record->compute;
    rnc_span_boolean(spans, RNC_KEY_COMPUTE_FALLBACK, body->reason != 0);
    if (!body->reason)
        return;
    rnc_execution execution = {
        .kernel = body->kernel,
        .elements = body->elements,
        .duration_ns = (int64_t)(record->end - record->start),
        .param = body->param,
        .op = body->op,
        .isa = body->isa,
        .requested = body->requested,
        .reason = body->reason,
        .dtype = body->dtype,
        .status = body->status,
        .unmet = body->unmet,
    };
    char sentence[160];
    size_t size = rnc_execution_reason(&execution, sentence, sizeof sentence);
    if (size > sizeof sentence)
        size = sizeof sentence;
    rnc_span_bytes(spans, rnc_keys[RNC_KEY_COMPUTE_FALLBACK_REASON], (rnc_slice){sentence, size});
}

static void backend_selected(rnc_spans *spans, const rnc_record *record) {
    rnc_span_event(spans, RNC_SLICE("backend_selected"), record->start);
    rnc_span_text(spans, RNC_KEY_BACKEND, backend_of(&record->compute));
    rnc_span_text(spans, RNC_KEY_CPU_FEATURES, rnc_cpu_features());
    rnc_span_integer(spans, RNC_KEY_VECTOR_SIZE, (int64_t)record->compute.elements);
    spans->writer.ops->event_end(&spans->writer);
}

static void compute_status(rnc_spans *spans, const rnc_record *record) {
    const rnc_compute_body *body = &record->compute;
    bool scalar_only = body->isa >= 0 && !body->library && !spans->simd_available;
    if (record->payload_size)
        rnc_span_status(spans, RNC_STATUS_ERROR,
                        (rnc_slice){rnc_record_payload(record), record->payload_size});
    else if (body->status != RNC_OK)
        rnc_span_status(spans, RNC_STATUS_ERROR,
                        rnc_slice_of(body->library ? "" : rnc_status_name(body->status)));
    else if (scalar_only || body->unmet)
        rnc_span_status(spans, RNC_STATUS_ERROR,
                        RNC_SLICE("SIMD unavailable, used scalar fallback"));
    else
        rnc_span_status(spans, RNC_STATUS_OK, RNC_SLICE(""));
}

/* A span's name; stands in spans->decoded. */
static rnc_slice prefixed(rnc_spans *spans, const char *prefix, const char *further,
                          rnc_slice text) {
    rnc_buffer *name = &spans->decoded;
    name->size = 0;
    rnc_buffer_text(name, prefix);
    rnc_buffer_text(name, further);
    rnc_buffer_append(name, text.data, text.size);
    name->failed = false;
    return (rnc_slice){name->data ? name->data : "", name->size};
}

static rnc_slice name_of(rnc_spans *spans, const rnc_compute_body *body, const rnc_op_row *op,
                         rnc_slice operation) {
    if (body->library)
        return prefixed(spans, body->library, ": ", operation);
    return op ? rnc_slice_of(op->span_name) : prefixed(spans, "trueno: Vector::", "", operation);
}

void rnc_span_of_compute(rnc_spans *spans, const rnc_record *record) {
    const rnc_compute_body *body = &record->compute;
    const rnc_op_row *op = rnc_op(body->op);
    rnc_slice name = rnc_slice_of(body->name ? body->name : op ? op->name : "");
    uint64_t duration_ns = record->end - record->start;
    rnc_span_begin(spans, (rnc_span_head){
                              .trace_id = {body->trace_id[0], body->trace_id[1]},
                              .span_id = record->span_id,
                              .parent_id = record->parent_id,
                              .start = record->start,
                              .end = record->end,
                              .name = name_of(spans, body, op, name),
                          });
    rnc_span_bytes(spans, rnc_keys[RNC_KEY_COMPUTE_OPERATION], name);
    rnc_span_text(spans, RNC_KEY_COMPUTE_LIBRARY, body->library ? body->library : "trueno");
    rnc_span_text(spans, RNC_KEY_COMPUTE_BACKEND, backend_of(body));
    rnc_span_integer(spans, RNC_KEY_COMPUTE_ELEMENTS, (int64_t)body->elements);
    rnc_span_text(spans, RNC_KEY_COMPUTE_DATA_TYPE, data_type_of(body));
    rnc_span_number(spans, RNC_KEY_COMPUTE_DURATION_US, (double)duration_ns / 1000.0);
    rnc_span_integer(spans, RNC_KEY_COMPUTE_DURATION_NS, (int64_t)duration_ns);
    rnc_span_text(spans, RNC_KEY_COMPUTE_RESULT, body->status == RNC_OK ? "success" : "error");
    if (!body->library) /* of others we do not know what they could have run */
        fallback(spans, record);
    if (body->operation)
        rnc_span_bytes(spans, rnc_keys[RNC_KEY_COMPUTE_PARENT], rnc_slice_of(body->operation));
    if (body->kernel && *body->kernel)
        rnc_span_text(spans, RNC_KEY_COMPUTE_KERNEL, body->kernel);
    if (body->batch)
        rnc_span_integer(spans, RNC_KEY_COMPUTE_BATCH, body->batch);
    if (op && op->attribute)
        spans->writer.ops->number(&spans->writer, rnc_slice_of(op->attribute), body->param);
    if (body->status != RNC_OK && !body->library)
        rnc_span_text(spans, RNC_KEY_ERROR_TYPE, rnc_status_name(body->status));
    rnc_span_integer(spans, RNC_KEY_THREAD_ID, body->tid);
    backend_selected(spans, record);
    compute_status(spans, record);
    rnc_span_end(spans, 0);
}

static void allocation_event(rnc_spans *spans, const char *payload) {
    rnc_allocation allocation;
    memcpy(&allocation, payload, sizeof allocation);
    rnc_span_event(spans, RNC_SLICE("allocation"), allocation.time);
    rnc_span_integer(spans, RNC_KEY_BYTES, (int64_t)allocation.bytes);
    rnc_span_integer(spans, RNC_KEY_COPIED, (int64_t)allocation.copied);
    spans->writer.ops->event_end(&spans->writer);
}

void rnc_span_of_operation(rnc_spans *spans, const rnc_record *record) {
    const rnc_operation_body *body = &record->operation;
    const char *payload = rnc_record_payload(record);
    rnc_slice operation = {payload, body->name_size};
    rnc_slice error = {payload + body->name_size, body->error_size};
    const char *allocations = error.data + error.size;
    rnc_span_begin(spans, (rnc_span_head){
                              .trace_id = {body->trace_id[0], body->trace_id[1]},
                              .span_id = record->span_id,
                              .parent_id = record->parent_id,
                              .start = record->start,
                              .end = record->end,
                              .name = prefixed(spans, "compute: ", "", operation),
                          });
    rnc_span_bytes(spans, rnc_keys[RNC_KEY_COMPUTE_OPERATION], operation);
    rnc_span_integer(spans, RNC_KEY_THREAD_ID, body->tid);
    for (uint32_t i = 0; i < body->allocation_count; i++)
        allocation_event(spans, allocations + i * sizeof(rnc_allocation));
    rnc_span_status(spans, body->failed ? RNC_STATUS_ERROR : RNC_STATUS_OK,
                    body->failed ? error : RNC_SLICE(""));
    rnc_span_end(spans, body->allocations_dropped);
}
