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
