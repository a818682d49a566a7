#include "trace/counts.h"

static uint64_t total(rnc_counts *counts, int which) {
    uint64_t sum = 0;
    for (int i = 0; i < RNC_SHARDS; i++)
        sum += atomic_load_explicit(&counts->shards[i].counts[which], memory_order_relaxed);
    return sum;
}

void rnc_counts_begin(rnc_counts *counts) {
    for (int i = 0; i < RNC_COUNTS; i++)
        counts->baseline[i] = total(counts, i);
}

void rnc_counts_read(rnc_counts *counts, rnc_tracer_counts *out) {
    uint64_t since[RNC_COUNTS];
    for (int i = 0; i < RNC_COUNTS; i++)
        since[i] = total(counts, i) - counts->baseline[i];
    *out = (rnc_tracer_counts){
        .recorded = since[RNC_RECORDED],
        .sampled_out = since[RNC_SAMPLED_OUT],
        .fast = since[RNC_FAST],
        .capped = since[RNC_CAPPED],
        .ring_full = since[RNC_RING_FULL],
        .operation_spans = since[RNC_OPERATION_SPANS],
        .operation_spans_dropped = since[RNC_OPERATION_SPANS_DROPPED],
    };
    for (int i = 0; i < RNC_FATES; i++)
        out->operations += since[i];
}
