"""Joining the trace of the `renacer` command that this process runs under."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Mapping

from renacer._native import ffi, lib, trace_words
from renacer.errors import RenacerError
from renacer.tracing.context import SpanContext

__all__ = ["join_trace"]

# A receiver that is gone may not hold the program's exit up for longer.
_PATIENCE_S = 2.0


def join_trace(environment: Mapping[str, str] = os.environ) -> None:
    """Trace this process's operations as `renacer --trace-compute` asked through the environment.

    The spans hang from this process's own span where it is under trace itself, else from the span
    that TRACEPARENT names. Never raises: the program must not notice; what is wrong is logged.
    """
    from renacer.export.otlp import OtlpExporter
    from renacer.tracing.tracer import ComputeTracer

    try:
        parent = _own_span(SpanContext.parse_traceparent(environment.get("TRACEPARENT", "")))
        if not parent.sampled:
            return
        exporter = OtlpExporter(
            environment.get("RENACER_OTLP_ENDPOINT"), environment.get("RENACER_OTLP_PROTOCOL")
        )
        tracer = ComputeTracer(exporter, parent=parent)
    except (RenacerError, OSError) as error:
        logging.getLogger("renacer").warning("operations are not traced: %s", error)
        return

    def leave() -> None:
        tracer.shutdown(_PATIENCE_S)
        exporter.shutdown(_PATIENCE_S)

    atexit.register(leave)


def _own_span(inherited: SpanContext) -> SpanContext:
    if not _is_traced():
        return inherited
    trace_id = ffi.new("uint64_t[2]", trace_words(inherited.trace_id))
    own = lib.rnc_process_span_id(trace_id, os.getpid(), _start_ticks())
    return SpanContext(inherited.trace_id, own, inherited.sampled)


def _is_traced() -> bool:
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    return fields.get("TracerPid", "0").strip() != "0"


def _start_ticks() -> int:
    """Field 22 of /proc/self/stat; the fields after the name begin behind the last parenthesis."""
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as stat:
        return int(stat.read().rpartition(")")[2].split()[19])
