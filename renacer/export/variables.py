"""The OTEL_* variables that are ours to read; the others are the OpenTelemetry packages' business.

A value that makes no sense counts as none, as the OpenTelemetry specification asks, unless a run
could not do what it was asked for; who reads it says so then.
"""

from __future__ import annotations

import os
from typing import NamedTuple

__all__ = [
    "BatchLimits",
    "attribute_count_limit",
    "attribute_value_limit",
    "batch_limits",
    "event_count_limit",
    "exporter_variable",
    "sampled",
    "sdk_disabled",
    "sink_wanted",
]

_SAMPLERS = {
    parent + kind
    for parent in ("", "parentbased_")
    for kind in ("always_on", "always_off", "traceidratio")
}
_UINT32_MAX = (1 << 32) - 1


def exporter_variable(name: str) -> tuple[str, str] | None:
    """Value and variable of OTEL_EXPORTER_OTLP_TRACES_<name>, else of OTEL_EXPORTER_OTLP_<name>."""
    for variable in (f"OTEL_EXPORTER_OTLP_TRACES_{name}", f"OTEL_EXPORTER_OTLP_{name}"):
        if value := os.environ.get(variable, "").strip():
            return value, variable
    return None


def sdk_disabled() -> bool:
    """OTEL_SDK_DISABLED is true."""
    return os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def sink_wanted() -> bool:
    """The variables name an OTLP receiver, and OTEL_TRACES_EXPORTER nothing else."""
    kind = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    return kind in ("", "otlp") and exporter_variable("ENDPOINT") is not None


def sampled(trace_id: int, parent: bool | None) -> bool:
    """What OTEL_TRACES_SAMPLER and its _ARG decide of a trace; ``parent``: a remote one's flag.

    A ratio takes the trace ids whose lower 64 bits lie below it, as the OpenTelemetry SDK does.
    """
    sampler = os.environ.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    if sampler not in _SAMPLERS:
        sampler = "parentbased_always_on"
    if sampler.startswith("parentbased_") and parent is not None:
        return parent
    kind = sampler.removeprefix("parentbased_")
    if kind != "traceidratio":
        return kind == "always_on"
    try:
        ratio = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG", ""))
    except ValueError:
        ratio = 1.0
    if not 0 <= ratio <= 1:
        ratio = 1.0
    return trace_id & (1 << 64) - 1 < round(ratio * (1 << 64))


def attribute_value_limit() -> int:
    """The longest attribute value in characters; 0 where there is no limit."""
    return _number("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")


def attribute_count_limit() -> int | None:
    """The most attributes of a span; None where there is no limit."""
    variables = ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT")
    limit = _number(*variables, default=-1)
    return None if limit < 0 else limit


def event_count_limit(default: int) -> int:
    """The most events of a span."""
    return _number("OTEL_SPAN_EVENT_COUNT_LIMIT", default=default)


class BatchLimits(NamedTuple):
    """What the OTEL_BSP_* variables ask of batches; None where they ask for nothing."""

    delay_s: float | None
    queue_spans: int | None
    batch_spans: int | None
    timeout_s: float | None


def batch_limits() -> BatchLimits:
    """The OTEL_BSP_* variables. A batch is never larger than the queue it has to fit in."""
    queue = _positive("OTEL_BSP_MAX_QUEUE_SIZE")
    batch = _positive("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
    delay, timeout = _positive("OTEL_BSP_SCHEDULE_DELAY"), _positive("OTEL_BSP_EXPORT_TIMEOUT")
    sizes = [size for size in (queue, batch) if size is not None]
    return BatchLimits(
        delay_s=None if delay is None else delay / 1000,
        queue_spans=queue,
        batch_spans=min(sizes, default=None),
        timeout_s=None if timeout is None else timeout / 1000,
    )


def _positive(variable: str) -> int | None:
    return _number(variable) or None


def _number(*variables: str, default: int = 0) -> int:
    for variable in variables:
        try:
            value = int(os.environ.get(variable, ""))
        except ValueError:
            continue
        if value >= 0:
            return min(value, _UINT32_MAX)
    return default
