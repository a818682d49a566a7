#include "trace/tracer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "trace/counts.h"
#include "trace/fork.h"
#include "trace/ring.h"
#include "trace/sampler.h"
#include "trace/thread.h"

enum {
    DEFAULT_SLOTS = 1 << 15,
    TEXT_MAX = 4096, /* bytes of a name or an error message in a record */
};

/* What operations hang from in threads without a context of their own. */
typedef struct root {
    _Atomic uint64_t trace_id[2];
    _Atomic uint64_t span_id;
    _Atomic(const char *) operation;
    _Atomic bool sampled;
    _Atomic bool used;
} root;

struct rnc_tracer {
    _Atomic uint64_t generation; /* odd while open */
    _Atomic int64_t threshold;   /* ns, -1: none */
    root root;
    rnc_op_limits limits; /* of operations beyond op_count */
    rnc_op_limits *op_limits;
    int op_count;
    rnc_bucket bucket;
    rnc_ring *ring;
    uint32_t slots;
    bool pooled;      /* under the lock */
    rnc_tracer *next; /* under the lock: all there ever were */
    rnc_counts counts;
};

static rnc_tracer *all; /* under the lock */
static _Atomic(rnc_tracer *) active;

/* Never open: what rnc_call_begin makes this thread's operations report to. */
static rnc_tracer muted = {.threshold = -1};

/* ---- the hot side --------------------------------------------------------------------------- */

/* relaxed, for root and configuration alike: the acquire of an odd generation came first. */
#define LOAD(member) atomic_load_explicit(&(member), memory_order_relaxed)

rnc_tracer *rnc_tracer_current(void) {
    rnc_tracer *tracer = rnc_thread_self.context.tracer;
    /* acquire: pairs with rnc_tracer_activate */
    return tracer ? tracer : atomic_load_explicit(&active, memory_order_acquire);
}

static bool sampled(const rnc_tracer *tracer, const rnc_thread *thread) {
    return thread->context.span_id ? thread->context.sampled : LOAD(tracer->root.sampled);
}

static const rnc_op_limits *limits_of(const rnc_tracer *tracer, int op) {
    return op >= 0 && op < tracer->op_count ? &tracer->op_limits[op] : &tracer->limits;
}

bool rnc_tracer_wants(rnc_tracer *tracer, int op) {
    rnc_thread *thread = &rnc_thread_self;
    /* acquire: an open tracer's configuration is complete */
    uint64_t generation = atomic_load_explicit(&tracer->generation, memory_order_acquire);
    if (RNC_UNLIKELY(!(generation & 1))) {
        if (tracer == &muted)
            thread->ran = true;
        return false;
    }
    thread->generation = generation;
    if (sampled(tracer, thread) &&
        (LOAD(tracer->threshold) >= 0 || rnc_sampler_hit(thread, &limits_of(tracer, op)->head)))
        return true;
    rnc_counts_add(&tracer->counts, thread, RNC_SAMPLED_OUT);
    return false;
}

/* Whether the tracer is still the one that this thread's operation was accepted by. */
static bool still(const rnc_tracer *tracer, const rnc_thread *thread) {
    /* relaxed: only the number matters; rings and configurations outlive a recycled tracer */
    return LOAD(tracer->generation) == thread->generation;
}

/* The threshold and the cap; counts a rejection. */
static bool passes(rnc_tracer *tracer, rnc_thread *thread, int op, uint64_t start, uint64_t end) {
    int64_t threshold = LOAD(tracer->threshold);
    if (threshold >= 0 && (int64_t)(end - start) < threshold &&
        !rnc_sampler_hit(thread, &limits_of(tracer, op)->fast)) {
        rnc_counts_add(&tracer->counts, thread, RNC_FAST);
        return false;
    }
    if (!rnc_bucket_take(&tracer->bucket, end)) {
        rnc_counts_add(&tracer->counts, thread, RNC_CAPPED);
        return false;
    }
    return true;
}

/* A reserved RNC_COMPUTE record, its parent filled in, or NULL and counted. */
static rnc_record *reserve_compute(rnc_tracer *tracer, rnc_thread *thread, size_t payload_size) {
    rnc_record *record = rnc_ring_reserve(tracer->ring, payload_size);
    if (RNC_UNLIKELY(!record)) {
        if (still(tracer, thread))
            rnc_counts_add(&tracer->counts, thread, RNC_RING_FULL);
        return NULL;
    }
    const rnc_context *context = &thread->context;
    rnc_compute_body *body = &record->compute;
    record->kind = RNC_COMPUTE;
    record->span_id = 0;
    record->payload_size = (uint32_t)payload_size;
    if (RNC_LIKELY(context->span_id)) {
        body->trace_id[0] = context->trace_id[0];
        body->trace_id[1] = context->trace_id[1];
        body->operation = context->operation;
        record->parent_id = context->span_id;
    } else {
        root *root = &tracer->root;
        body->trace_id[0] = LOAD(root->trace_id[0]);
        body->trace_id[1] = LOAD(root->trace_id[1]);
        body->operation = LOAD(root->operation);
        record->parent_id = LOAD(root->span_id);
        if (RNC_UNLIKELY(!LOAD(root->used)))
            atomic_store_explicit(&root->used, true, memory_order_relaxed);
    }
    body->tid = rnc_thread_tid(thread);
    return record;
}

static void fill_execution(rnc_compute_body *body, const rnc_execution *execution) {
    body->elements = execution->elements;
    body->param = execution->param;
    body->kernel = execution->kernel;
    body->name = NULL;
    body->library = NULL;
    body->batch = execution->batch;
    body->op = (uint16_t)execution->op;
    body->isa = (int8_t)execution->isa;
    body->requested = (int8_t)execution->requested;
    body->dtype = (uint8_t)execution->dtype;
    body->reason = (uint8_t)execution->reason;
    body->status = (uint8_t)execution->status;
    body->unmet = execution->unmet;
}

void rnc_tracer_record_compute(rnc_tracer *tracer, const rnc_execution *execution, uint64_t start,
                               uint64_t end) {
    rnc_thread *thread = &rnc_thread_self;
    if (!still(tracer, thread) || !passes(tracer, thread, execution->op, start, end))
        return;
    rnc_record *record = reserve_compute(tracer, thread, 0);
    if (RNC_UNLIKELY(!record))
        return;
    record->start = start;
    record->end = end;
    fill_execution(&record->compute, execution);
    rnc_ring_commit(tracer->ring, record);
    rnc_counts_add(&tracer->counts, thread, RNC_RECORDED);
}

/* ---- whole calls ---------------------------------------------------------------------------- */

void rnc_call_begin(void) {
    rnc_thread_self.context.tracer = &muted;
    rnc_thread_self.ran = false;
}

/* At most TEXT_MAX bytes, ending on a whole UTF-8 character. */
static size_t cut_text(const char *text, size_t size) {
    if (size <= TEXT_MAX)
        return size;
    for (size = TEXT_MAX; size && ((unsigned char)text[size] & 0xC0) == 0x80;)
        size--;
    return size;
}

void rnc_tracer_record_labelled(rnc_tracer *tracer, const rnc_execution *execution,
                                const rnc_label *label, uint64_t start, uint64_t end) {
    rnc_thread *thread = &rnc_thread_self;
    if (!still(tracer, thread) || !passes(tracer, thread, label->op, start, end))
        return;
    size_t error_size = label->error ? cut_text(label->error, label->error_size) : 0;
    rnc_record *record = reserve_compute(tracer, thread, error_size);
    if (!record)
        return;
    record->start = start;
    record->end = end;
    fill_execution(&record->compute, execution);
    record->compute.name = label->name;
    record->compute.library = label->library;
    if (error_size)
        memcpy(rnc_record_payload(record), label->error, error_size);
    rnc_ring_commit(tracer->ring, record);
    rnc_counts_add(&tracer->counts, thread, RNC_RECORDED);
}

uint64_t rnc_tracer_accepted(void) {
    return rnc_thread_self.generation;
}

void rnc_tracer_resume(uint64_t accepted) {
    rnc_thread_self.generation = accepted;
}

void rnc_call_end(rnc_tracer *tracer, const rnc_call *call) {
    rnc_thread *thread = &rnc_thread_self;
    bool ran = thread->ran;
    thread->context = call->context;
    /* For an enclosing call, this one ran an operation if it did itself. */
    if (!rnc_tracer_wants(tracer, call->op))
        return;
    rnc_execution execution =
        ran ? *call->last : (rnc_execution){.kernel = "", .isa = -1, .requested = -1};
    /* The row names a parameter, which is known only if that operation is what ran. */
    if (!ran || execution.op != call->op)
        execution.op = -1;
    execution.elements = call->elements;
    execution.dtype = call->dtype;
    if (call->error)
        execution.status = RNC_INVALID_INPUT;
    const rnc_label label = {
        .name = call->name, .error = call->error, .error_size = call->error_size, .op = call->op};
    rnc_tracer_record_labelled(tracer, &execution, &label, call->start, call->end);
}

int rnc_tracer_record_operation(rnc_tracer *tracer, const rnc_operation_span *span) {
    size_t name_size = cut_text(span->name, span->name_size);
    size_t error_size = span->error ? cut_text(span->error, span->error_size) : 0;
    size_t allocations_size = span->allocation_count * sizeof *span->allocations;
    rnc_record *record = rnc_ring_reserve(tracer->ring, name_size + error_size + allocations_size);
    if (!record) {
        rnc_counts_add(&tracer->counts, &rnc_thread_self, RNC_OPERATION_SPANS_DROPPED);
        return RNC_NO_MEMORY;
    }
    record->kind = RNC_OPERATION;
    record->start = span->start;
    record->end = span->end;
    record->span_id = span->span_id;
    record->parent_id = span->parent_id;
    record->payload_size = (uint32_t)(name_size + error_size + allocations_size);
    record->operation = (rnc_operation_body){
        .trace_id = {span->trace_id[0], span->trace_id[1]},
        .name_size = (uint32_t)name_size,
        .error_size = (uint32_t)error_size,
        .allocation_count = span->allocation_count,
        .allocations_dropped = span->allocations_dropped,
        .tid = rnc_thread_tid(&rnc_thread_self),
        .failed = span->error != NULL,
    };
    char *payload = rnc_record_payload(record);
    memcpy(payload, span->name, name_size);
    if (error_size)
        memcpy(payload + name_size, span->error, error_size);
    if (allocations_size)
        memcpy(payload + name_size + error_size, span->allocations, allocations_size);
    rnc_ring_commit(tracer->ring, record);
    rnc_counts_add(&tracer->counts, &rnc_thread_self, RNC_OPERATION_SPANS);
    return RNC_OK;
}

/* ---- its life ------------------------------------------------------------------------------- */

#define STORE(member, value) atomic_store_explicit(&(member), (value), memory_order_relaxed)

static int count_ops(void) {
    int ops = 0;
    while (rnc_op(ops))
        ops++;
    return ops;
}

static rnc_tracer *make(uint32_t slots, int op_count) {
    rnc_tracer *tracer = aligned_alloc(RNC_CACHE_LINE, sizeof *tracer);
    rnc_op_limits *op_limits = calloc((size_t)op_count + 1, sizeof *op_limits);
    rnc_ring *ring = rnc_ring_new(slots);
    if (!tracer || !op_limits || !ring) {
        free(tracer);
        free(op_limits);
        rnc_ring_free(ring);
        return NULL;
    }
    memset(tracer, 0, sizeof *tracer);
    tracer->ring = ring;
    tracer->slots = slots;
    tracer->op_limits = op_limits;
    tracer->op_count = op_count;
    tracer->next = all;
    all = tracer;
    return tracer;
}

/* Under the lock. A freed tracer in whose ring a late thread still writes is passed over. */
static rnc_tracer *recycle(uint32_t slots) {
    for (rnc_tracer *tracer = all; tracer; tracer = tracer->next) {
        if (!tracer->pooled || tracer->slots != slots || !rnc_ring_reopen(tracer->ring))
            continue;
        tracer->pooled = false;
        return tracer;
    }
    return NULL;
}

static void configure(rnc_tracer *tracer, const rnc_tracer_config *config) {
    STORE(tracer->threshold, config->slow_threshold_ns);
    rnc_sampler_set(&tracer->limits, config, config->sample_rate);
    for (int op = 0; op < tracer->op_count; op++)
        rnc_sampler_set(&tracer->op_limits[op], config,
                        config->op_rates ? config->op_rates[op] : config->sample_rate);
    rnc_bucket_set(&tracer->bucket, config->max_spans_per_second);
    rnc_tracer_root(tracer, &(rnc_context){.sampled = true});
}

int rnc_tracer_open(const rnc_tracer_config *config, rnc_tracer **out) {
    uint32_t slots = config->ring_slots ? config->ring_slots : DEFAULT_SLOTS;
    int op_count = count_ops();
    if (slots < 2 || (slots & (slots - 1)) || !rnc_sampler_valid(config, op_count))
        return RNC_INVALID_INPUT;
    rnc_lock();
    rnc_tracer *tracer = recycle(slots);
    if (!tracer)
        tracer = make(slots, op_count);
    if (tracer) {
        rnc_counts_begin(&tracer->counts);
        configure(tracer, config);
        /* release: whoever sees it open sees it configured */
        atomic_fetch_add_explicit(&tracer->generation, 1, memory_order_release);
    }
    rnc_unlock();
    *out = tracer;
    return tracer ? RNC_OK : RNC_NO_MEMORY;
}

/* Under the lock. */
static void close_it(rnc_tracer *tracer) {
    rnc_tracer *expected = tracer;
    atomic_compare_exchange_strong(&active, &expected, NULL);
    if (!(LOAD(tracer->generation) & 1))
        return;
    atomic_fetch_add_explicit(&tracer->generation, 1, memory_order_relaxed);
    rnc_ring_close(tracer->ring);
}

void rnc_tracer_close(rnc_tracer *tracer) {
    rnc_lock();
    close_it(tracer);
    rnc_unlock();
}

void rnc_tracer_free(rnc_tracer *tracer) {
    if (!tracer)
        return;
    rnc_lock();
    close_it(tracer);
    tracer->pooled = true;
    rnc_unlock();
}

void rnc_tracer_activate(rnc_tracer *tracer) {
    /* release: who finds it here finds it configured, its root included */
    atomic_store_explicit(&active, tracer, memory_order_release);
}

rnc_tracer *rnc_tracer_active(void) {
    return atomic_load_explicit(&active, memory_order_acquire);
}

void rnc_tracer_root(rnc_tracer *tracer, const rnc_context *context) {
    STORE(tracer->root.trace_id[0], context->trace_id[0]);
    STORE(tracer->root.trace_id[1], context->trace_id[1]);
    STORE(tracer->root.span_id, context->span_id);
    STORE(tracer->root.operation, context->operation);
    STORE(tracer->root.sampled, context->sampled);
    STORE(tracer->root.used, false);
}

bool rnc_tracer_root_used(rnc_tracer *tracer) {
    return LOAD(tracer->root.used);
}

void rnc_tracer_read_counts(rnc_tracer *tracer, rnc_tracer_counts *out) {
    rnc_lock();
    rnc_counts_read(&tracer->counts, out);
    rnc_unlock();
}

rnc_stream *rnc_tracer_stream(rnc_tracer *tracer) {
    return rnc_ring_stream(tracer->ring);
}

void rnc_tracers_forked(void) {
    for (rnc_tracer *tracer = all; tracer; tracer = tracer->next) {
        rnc_ring_reset(tracer->ring);
        if (!(LOAD(tracer->generation) & 1))
            rnc_ring_close(tracer->ring);
        rnc_counts_begin(&tracer->counts);
    }
}
