"""Joining the trace of the `renacer` command that this process runs under."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Mapping
from dataclasses import replace

from renacer._native import ffi, lib, trace_words
from renacer.errors import RenacerError
from renacer.tracing.context import SpanContext
from renacer.tracing.sampling import ComputeTracerConfig

__all__ = ["join_trace"]

# A receiver that is gone may not hold the program's exit up for longer.
_PATIENCE_S = 2.0


def join_trace(environment: Mapping[str, str] = os.environ) -> None:
    """Trace this process's operations as `renacer --trace-compute` asked through the environment.

    The spans hang from this process's own span where it is under trace itself, else from the span
    that TRACEPARENT names; those of a forked child from the child's. Never raises: the program must
    not notice; what is wrong is logged.
    """
    from renacer.export.otlp import OtlpExporter
    from renacer.tracing.tracer import ComputeTracer

    try:
        inherited = SpanContext.parse_traceparent(
            environment.get("TRACEPARENT", ""), environment.get("TRACESTATE", "")
        )
        config = ComputeTracerConfig.from_text(environment.get("RENACER_TRACE_COMPUTE", "1"))
        if not inherited.sampled:
            return
        exporter = OtlpExporter(
            environment.get("RENACER_OTLP_ENDPOINT"), environment.get("RENACER_OTLP_PROTOCOL")
        )
        tracer = ComputeTracer(exporter, config, parent=_own_span(inherited))
    except (RenacerError, OSError) as error:
        logging.getLogger("renacer").warning("operations are not traced: %s", error)
        return

    def leave() -> None:
        tracer.shutdown(_PATIENCE_S)
        exporter.shutdown(_PATIENCE_S)

    def forked() -> None:
        tracer.hang_from(_own_span(inherited))

    atexit.register(leave)
    os.register_at_fork(after_in_child=forked)


def _own_span(inherited: SpanContext) -> SpanContext:
    if not _is_traced():
        return inherited
    trace_id = ffi.new("uint64_t[2]", trace_words(inherited.trace_id))
    own = lib.rnc_process_span_id(trace_id, os.getpid(), _start_ticks())
    return replace(inherited, span_id=own)


def _is_traced() -> bool:
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    return fields.get("TracerPid", "0").strip() != "0"


def _start_ticks() -> int:
    """Field 22 of /proc/self/stat; the fields after the name begin behind the last parenthesis."""
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as stat:
        return int(stat.read().rpartition(")")[2].split()[19])
