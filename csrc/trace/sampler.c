#include "trace/sampler.h"

static bool is_rate(double rate) {
    return rate >= 0 && rate <= 1;
}

static uint64_t limit_of(double rate) {
    return (uint64_t)(rate * (double)RNC_LIMIT_ALWAYS);
}

bool rnc_sampler_valid(const rnc_tracer_config *config, int op_count) {
    for (int op = 0; config->op_rates && op < op_count; op++)
        if (!isnan(config->op_rates[op]) && !is_rate(config->op_rates[op]))
            return false;
    return is_rate(config->sample_rate) && is_rate(config->fast_sample_rate) &&
           config->slow_threshold_ns >= -1 && config->max_spans_per_second >= 0;
}

void rnc_sampler_set(rnc_op_limits *limits, const rnc_tracer_config *config, double rate) {
    if (isnan(rate))
        rate = config->sample_rate;
    atomic_store_explicit(&limits->head, limit_of(rate), memory_order_relaxed);
    atomic_store_explicit(&limits->fast, limit_of(rate * config->fast_sample_rate),
                          memory_order_relaxed);
}

void rnc_bucket_set(rnc_bucket *bucket, double per_second) {
    const double second = 16e9;
    /* Slower than one a century is one; faster than the clock ticks is no cap. */
    double per_span = per_second > 0 ? fmin(second / per_second, second * 3e9) : 0;
    atomic_store_explicit(&bucket->full_at, 0, memory_order_relaxed);
    atomic_store_explicit(&bucket->per_span, (uint64_t)per_span, memory_order_relaxed);
    atomic_store_explicit(&bucket->depth, (uint64_t)fmax(second, per_span), memory_order_relaxed);
}
