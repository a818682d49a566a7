"""The OpenTelemetry side of one run: its trace, its exporters, its compute tracer, its closing words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from renacer._native import ffi, lib
from renacer.cli.options import Options
from renacer.errors import UsageError
from renacer.tracing.context import SpanContext

if TYPE_CHECKING:
    from renacer.capture.engine import Engine
    from renacer.export.spans import SpanReport
    from renacer.tracing.tracer import ComputeTracer, ComputeTracerConfig

__all__ = ["Export", "compute_config"]

# After the program's end, everything about export is over within this many seconds.
_PATIENCE_S = 8.0


class Export:
    """What is exported of a run; with no sink asked for, nothing is imported and nothing is paid.

    Raises UsageError or ExportError before the program starts, where the flags or the environment
    cannot be honoured.
    """

    def __init__(self, options: Options, cleanup: ExitStack) -> None:
        self._options = options
        self._cleanup = cleanup
        self._reports: list[SpanReport] = []
        parent = _parent(options)
        self.context = parent or _new_trace()
        self._target = _endpoint(options)
        sampled = parent is None or parent.sampled
        self.enabled = sampled and bool(self._target or options.otlp_file)
        self._exporter: Any = None
        # The flags are checked whether or not this run records compute operations.
        self._compute = compute_config(options) if _wants_compute(options) else None

    def program_variables(self) -> dict[str, str]:
        """The variables that let the program join the trace."""
        from renacer.capture.environment import trace_variables

        if not self.enabled:
            return {}
        return trace_variables(
            self.context, _wants_compute(self._options), self._target, _protocol(self._options)
        )

    def span_reports(self, engine: Engine) -> Iterator[SpanReport]:
        """The report that turns the run's records into spans, if there is a sink for them."""
        if not self.enabled:
            return
        from renacer.export.spans import SpanReport

        self._exporter = self._make_exporter(engine)
        report = SpanReport(self._exporter, self.context, self._options.otlp_max_spans)
        self._cleanup.callback(report.close)
        self._reports.append(report)
        yield report

    def tracer(self, root_span_id: int) -> ComputeTracer | None:
        """The tracer for the run's own statistics, under the program's span; closed by cleanup."""
        if self._exporter is None or self._compute is None:
            return None
        from renacer.tracing.tracer import ComputeTracer

        parent = SpanContext(self.context.trace_id, root_span_id, True)
        tracer = ComputeTracer(self._exporter, self._compute, parent=parent)
        self._tracer = tracer
        return tracer

    def finish(self) -> Iterator[str]:
        """Deliver what is left, within bounded time; then what the user should know, a line each."""
        if self._exporter is None:
            return
        yield from ()

    def _make_exporter(self, engine: Engine) -> Any:
        attributes = {"renacer.engine": engine.name, "renacer.engine.reason": engine.reason}
        raise NotImplementedError(attributes)


def compute_config(options: Options) -> ComputeTracerConfig:
    """The tracer configuration that the --trace-compute flags describe."""
    from renacer.tracing.tracer import ComputeTracerConfig

    if options.compute_all:
        return ComputeTracerConfig(max_spans_per_second=None)
    rate, per_operation = _rates(options.compute_sample)
    if options.compute_threshold is None:
        return ComputeTracerConfig(sample_rate=rate, per_operation=per_operation)
    return ComputeTracerConfig(
        sample_rate=rate,
        per_operation=per_operation,
        slow_threshold_us=options.compute_threshold,
        fast_sample_rate=0.0 if options.compute_sample is None else 1.0,
    )


def _rates(text: str | None) -> tuple[float, dict[str, float]]:
    """A general rate and the rates of single operations, from "0.1" or "sum=0.1,mean=1"."""
    general, single = 1.0, {}
    for part in (text or "1").split(","):
        name, equals, value = part.rpartition("=")
        try:
            rate = float(value)
        except ValueError:
            rate = -1.0
        if not 0.0 <= rate <= 1.0 or bool(name) != bool(equals):
            raise UsageError(f"--trace-compute-sample {text}: a rate is a number from 0 to 1")
        if name:
            single[name] = rate
        else:
            general = rate
    return general, single


def _wants_compute(options: Options) -> bool:
    flags = (options.compute_sample, options.compute_threshold)
    return options.compute or options.compute_all or any(flag is not None for flag in flags)


def _parent(options: Options) -> SpanContext | None:
    """--trace-parent, which must be right, else TRACEPARENT, which W3C says to ignore if wrong."""
    if options.trace_parent is not None:
        return SpanContext.parse_traceparent(options.trace_parent)
    ...


def _new_trace() -> SpanContext:
    words = ffi.new("uint64_t[2]")
    lib.rnc_new_trace_id(words)
    return SpanContext(words[0] << 64 | words[1], 0, True)
