"""The environment of the traced program: what we were started with, plus what was asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from renacer.errors import UsageError

__all__ = ["program_environment", "trace_variables"]


def program_environment(
    original: Sequence[bytes], changes: Iterable[str], additions: Mapping[str, str]
) -> list[bytes]:
    """``original`` entries after ``-E`` changes (VAR=VAL sets, VAR removes), then ``additions``.

    Untouched entries keep their bytes and order. Raises UsageError for a change without a name.
    """
    entries = list(original)
    for change in changes:
        name, equals, value = os.fsencode(change).partition(b"=")
        if not name:
            raise UsageError(f"-E {change}: a variable needs a name: -E VAR[=VAL]")
        entries = _without(entries, name)
        if equals:
            entries.append(name + b"=" + value)
    for key, text in additions.items():
        entries = _without(entries, os.fsencode(key))
        entries.append(os.fsencode(f"{key}={text}"))
    return entries


def trace_variables(
    trace_id: int,
    compute: str | None = None,
    endpoint: str | None = None,
    protocol: str | None = None,
) -> dict[str, str]:
    """What a program needs to join the trace: TRACEPARENT, whose span id the engine fills in.

    With ``compute`` also which of its operations are wanted as spans, as a sampling text, and what
    was given of where they go: the rest it finds, as we do, in OTEL_* variables. Never headers or
    any other secret.
    """
    from renacer.tracing.context import SpanContext

    variables = {"TRACEPARENT": SpanContext(trace_id, 1).to_traceparent()}
    if compute is not None:
        variables["RENACER_TRACE_COMPUTE"] = compute
        if endpoint:
            variables["RENACER_OTLP_ENDPOINT"] = endpoint
        if protocol:
            variables["RENACER_OTLP_PROTOCOL"] = protocol
    return variables


def _without(entries: list[bytes], name: bytes) -> list[bytes]:
    prefix = name + b"="
    return [entry for entry in entries if not entry.startswith(prefix)]
