"""The OpenTelemetry side of one run: its trace, exporter, compute tracer and last words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from renacer._native import new_trace_id
from renacer.cli.options import Options
from renacer.errors import InvalidInput, UsageError
from renacer.export.variables import sampled, sdk_disabled, sink_wanted

if TYPE_CHECKING:
    from renacer.analysis.anomalies import Anomalies
    from renacer.capture.engine import Engine
    from renacer.export.exporter import Exporter
    from renacer.export.spans import SpanReport
    from renacer.tracing.context import SpanContext
    from renacer.tracing.sampling import ComputeTracerConfig
    from renacer.tracing.tracer import ComputeTracer

__all__ = ["Export", "compute_config", "parse_headers", "quieten_grpc"]

# After the program's end, delivery is over within about this many seconds: with a receiver that has
# confirmed something, with one that never has, and for what the compute tracer still holds.
_PATIENCE_S = 7.0
_DOUBT_S = 3.0
_DRAIN_S = 1.0


class Export:
    """What is exported of a run; where no sink is asked for, nothing is imported and nothing paid.

    Flags and variables are checked here, before the program starts: raises UsageError, InvalidInput
    or ExportError.
    """

    def __init__(self, options: Options, cleanup: ExitStack) -> None:
        self._options = options
        self._cleanup = cleanup
        self._exporter: Exporter | None = None
        self._report: SpanReport | None = None
        self._tracer: ComputeTracer | None = None
        parent = _parent(options)
        self.trace_id = parent.trace_id if parent else new_trace_id()
        self.parent_span_id = parent.span_id if parent else 0
        self._trace_state = parent.trace_state if parent else ""
        #: A sink was asked for; enabled: and this trace is one to be exported.
        self.wanted = _has_sink(options) and not sdk_disabled()
        self.enabled = self.wanted and sampled(self.trace_id, parent.sampled if parent else None)
        self._compute = compute_config(options) if _wants_compute(options) else None

    def program_variables(self) -> dict[str, str]:
        """What the program finds in its environment so that it can join the trace."""
        if not self.enabled:
            return {}
        from renacer.capture.environment import trace_variables

        options = self._options
        joins = self._compute if options.otlp_file is None else None
        sampling = joins.to_text() if joins else None
        return trace_variables(
            self.trace_id, sampling, options.otlp_endpoint, options.otlp_protocol
        )

    def open(self, engine: Engine, anomalies: Anomalies | None = None) -> SpanReport | None:
        """The report that turns the run's records into spans; None where there is no sink.

        Spans carry what ``anomalies`` finds, if the pump feeds it before them.
        """
        if not self.enabled:
            return None
        from renacer.export.spans import SpanReport

        self._exporter = self._make_exporter(engine)
        self._cleanup.callback(self._exporter.shutdown, 0.0)
        self._report = SpanReport(
            self._exporter,
            self.trace_id,
            self._options.otlp_max_spans,
            self._options.otlp_command_args,
            anomalies.sink if anomalies else None,
            trace_state=self._trace_state,
        )
        self._cleanup.callback(self._report.close)
        return self._report

    def tracer(self, root_span_id: int) -> ComputeTracer | None:
        """The tracer of the run's own statistics, under the program's span; None where unwanted."""
        if self._exporter is None or self._compute is None:
            return None
        import logging

        from renacer.tracing.context import SpanContext
        from renacer.tracing.tracer import ComputeTracer

        # What is not delivered is told once, in the end.
        logging.getLogger("renacer").disabled = True
        parent = SpanContext(self.trace_id, root_span_id, trace_state=self._trace_state)
        self._tracer = ComputeTracer(self._exporter, self._compute, parent=parent)
        return self._tracer

    def finish(self) -> Iterator[str]:
        """Deliver what is left, within bounded time; then a line for each thing not delivered."""
        if self._exporter is None or self._report is None:
            return
        if self._tracer:
            self._tracer.shutdown(_DRAIN_S)
        proven = self._exporter.stats()["exported"] > 0
        self._exporter.shutdown(_PATIENCE_S if proven else _DOUBT_S)
        stats = self._exporter.stats()
        if lost := stats["produced"] - stats["exported"]:
            reason = self._exporter.last_error or "no answer in time"
            failure = f"could not be delivered to {self._exporter.target}: {reason}"
            yield f"{lost} spans {failure} (of {_listed(stats)})"
        if stats["spooled"]:
            spool = self._options.otlp_spool
            yield f"{stats['spooled']} spans are in {spool}: send them with renacer replay {spool}"
        if not_encoded := self._report.not_encoded:
            yield f"{not_encoded} spans were lost: out of memory"
        if held_back := self._report.held_back:
            limit = self._options.otlp_max_spans
            yield f"{held_back} syscall spans beyond --otlp-max-spans {limit} were not sent"
        if self._options.diagnostics and not lost:
            yield f"export: {_listed(stats)}"

    def _make_exporter(self, engine: Engine) -> Exporter:
        options = self._options
        attributes = {"renacer.engine": engine.name, "renacer.engine.reason": engine.reason}
        if options.otlp_file is not None:
            from renacer.export.file import FileExporter

            return FileExporter(
                options.otlp_file,
                service_name=options.otlp_service_name,
                resource_attributes=attributes,
            )
        from renacer.export.otlp import OtlpExporter

        quieten_grpc()
        return OtlpExporter(
            options.otlp_endpoint,
            options.otlp_protocol,
            headers=parse_headers(options.otlp_headers),
            service_name=options.otlp_service_name,
            resource_attributes=attributes,
            spool=options.otlp_spool,
        )


def quieten_grpc() -> None:
    """Keep gRPC's own log, such as of a receiver that goes away, off the terminal.

    It is for this process alone, and only heard before gRPC is first imported.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def _listed(stats: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {what}" for what, count in _flat(stats) if count)


def _flat(stats: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for name, count in stats.items():
        if isinstance(count, Mapping):
            yield from ((f"{name}: {reason}", number) for reason, number in count.items())
        else:
            yield name, count


def compute_config(options: Options) -> ComputeTracerConfig:
    """The tracer configuration that the --trace-compute flags describe."""
    from renacer.tracing.sampling import ComputeTracerConfig

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
    """The general rate and those of single operations, from "0.1" or "sum=0.1,mean=1"."""
    general, single = 1.0, {}
    for part in ("1" if text is None else text).split(","):
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
    values = (options.compute_sample, options.compute_threshold)
    return options.compute or options.compute_all or any(value is not None for value in values)


def _has_sink(options: Options) -> bool:
    if options.otlp_endpoint is not None and options.otlp_file is not None:
        raise UsageError("--otlp-endpoint and --otlp-file exclude each other")
    if options.otlp_spool is not None and options.otlp_file is not None:
        raise UsageError("--otlp-spool is for what a receiver does not take; --otlp-file has none")
    flagged = options.otlp_endpoint is not None or options.otlp_file is not None
    wanted = flagged or sink_wanted()
    if options.otlp_spool is not None and not wanted:
        raise UsageError("--otlp-spool needs a receiver: add --otlp-endpoint")
    return wanted


def parse_headers(words: Sequence[str]) -> dict[str, str]:
    """The --otlp-header flags as a dict; raises UsageError for one that is not NAME=VALUE."""
    headers = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise UsageError(f"--otlp-header {name}: a header is NAME=VALUE")
        headers[name] = value
    return headers


def _parent(options: Options) -> SpanContext | None:
    """--trace-parent, which must be right; else TRACEPARENT, which is ignored where it is not."""
    text = options.trace_parent or os.environ.get("TRACEPARENT")
    if options.trace_parent is None and not text:
        return None
    from renacer.tracing.context import SpanContext

    state = "" if options.trace_parent else os.environ.get("TRACESTATE", "")
    try:
        return SpanContext.parse_traceparent(text or "", state)
    except InvalidInput as error:
        if options.trace_parent is None:
            return None
        raise UsageError(f"--trace-parent: {error}") from None
