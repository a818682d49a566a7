"""The OTEL_* variables that are ours to read say what the OpenTelemetry SDK makes of them."""

from __future__ import annotations

import random

import pytest
from opentelemetry.sdk.trace.sampling import Decision, _get_from_env_or_default
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)

from renacer.export import variables

SAMPLERS = ["always_on", "always_off", "traceidratio"]


@pytest.mark.parametrize("ratio", ["0", "0.25", "1", "2", "x", ""])
@pytest.mark.parametrize("parent", [None, True, False])
@pytest.mark.parametrize(
    "sampler", ["", "nonsense", *SAMPLERS, *(f"parentbased_{kind}" for kind in SAMPLERS)]
)
def test_a_trace_is_sampled_as_the_sdk_would(
    monkeypatch: pytest.MonkeyPatch, sampler: str, parent: bool | None, ratio: str
) -> None:
    """OTEL_TRACES_SAMPLER and its argument decide the same of the same trace ids."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler or "parentbased_always_on")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", ratio)
    oracle = _get_from_env_or_default()
    for _ in range(50):
        trace_id = random.getrandbits(128) | 1
        context = None
        if parent is not None:
            remote = SpanContext(trace_id, 1, is_remote=True, trace_flags=TraceFlags(parent))
            context = set_span_in_context(NonRecordingSpan(remote))
        expected = oracle.should_sample(context, trace_id, "x").decision
        assert variables.sampled(trace_id, parent) == (expected is Decision.RECORD_AND_SAMPLE)


@pytest.mark.parametrize(
    ("queue", "batch", "expected"),
    [("", "", (None, None)), ("100", "", (100, 100)), ("", "7", (None, 7)), ("5", "9", (5, 5))],
)
def test_batches_fit_their_queue(
    monkeypatch: pytest.MonkeyPatch, queue: str, batch: str, expected: tuple[int, int]
) -> None:
    """OTEL_BSP_MAX_QUEUE_SIZE bounds OTEL_BSP_MAX_EXPORT_BATCH_SIZE too, or nothing would fit."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", queue)
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", batch)
    limits = variables.batch_limits()
    assert (limits.queue_spans, limits.batch_spans) == expected


@pytest.mark.parametrize(
    ("text", "seconds"), [("250", 0.25), ("0", None), ("-1", None), ("soon", None), ("", None)]
)
def test_batch_times_are_milliseconds(
    monkeypatch: pytest.MonkeyPatch, text: str, seconds: float | None
) -> None:
    """OTEL_BSP_SCHEDULE_DELAY and _EXPORT_TIMEOUT; what makes no sense counts as none."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", text)
    monkeypatch.setenv("OTEL_BSP_EXPORT_TIMEOUT", text)
    limits = variables.batch_limits()
    assert limits.delay_s == limits.timeout_s == seconds
