"""``renacer COMMAND``: put an engine, its reports and the exporters together, and run them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from renacer._native import lib, trace_words
from renacer.analysis.anomalies import Anomalies
from renacer.analysis.stats import Statistics, SyscallStatistics
from renacer.capture.engine import Engine, original_environment, resolve_program
from renacer.capture.environment import program_environment
from renacer.capture.filters import parse_filter
from renacer.capture.session import Session, Streaming
from renacer.cli.exporting import Export
from renacer.cli.options import CALL_FORMATS, RECORDED_FORMATS, Options
from renacer.cli.terminal import say
from renacer.errors import UsageError
from renacer.report.anomalies import anomaly_tables
from renacer.report.output import Output
from renacer.report.summary import latency_table, sort_rows, summary_table
from renacer.report.text import TextReport, TextStyle

if TYPE_CHECKING:
    from renacer.cli.recording import Recording

__all__ = ["command"]


def command(options: Options) -> int:
    """Trace ``options.command`` and report. The program's exit status, or its death repeated."""
    wanted = parse_filter(options.filters)
    program = resolve_program(options.command[0], os.environ.get("PATH"))
    with ExitStack() as cleanup:
        recording = _recording(options, cleanup)
        export = Export(options, cleanup)
        if recording and not export.enabled:
            raise UsageError("OTEL_SDK_DISABLED or OTEL_TRACES_SAMPLER leaves nothing to report")
        output = Output(options.output)
        cleanup.callback(output.close)
        engine = _engine(options, program, wanted, export)
        cleanup.callback(engine.close)
        _note(options, f"engine {engine.name}: {engine.reason}")
        status = _run(options, engine, export, output, cleanup)
        if engine.dropped:
            say(f"{engine.dropped} records were lost: neither memory nor disk could take them")
        for line in export.finish():
            say(line)
        if output.error:
            say(output.error)
        if recording:
            recording.write()
    return _leave(status)


def _recording(options: Options, cleanup: ExitStack) -> Recording | None:
    if options.format not in RECORDED_FORMATS:
        return None
    from renacer.cli.recording import Recording

    return Recording(options, cleanup)


def _engine(options: Options, program: bytes, wanted: bytes | None, export: Export) -> Engine:
    environment = program_environment(
        original_environment(), options.environment, export.program_variables()
    )
    return Engine(
        program,
        options.command,
        environment,
        engine=options.engine,
        follow=options.follow,
        wanted=wanted,
        string_limit=options.string_limit,
        verbose=options.verbose,
        trace_id=trace_words(export.trace_id),
        parent_span_id=export.parent_span_id,
        fill_traceparent=export.enabled,
    )


def _run(
    options: Options, engine: Engine, export: Export, output: Output, cleanup: ExitStack
) -> int:
    streaming: list[Streaming] = []
    anomalies = _anomalies(options, cleanup)
    if anomalies:  # before the spans, which carry what it finds
        streaming.append(anomalies)
    if spans := export.open(engine, anomalies):
        streaming.append(spans)
    if _wants_text(options, export.wanted):
        form = options.format if options.format in CALL_FORMATS else None
        text = TextReport(output, _style(options), form or "text")
        cleanup.callback(text.close)
        streaming.append(text)
    counting = []
    if options.summary_only or options.summary_too or options.extended:
        statistics = Statistics(options.extended)
        cleanup.callback(statistics.close)
        counting.append(statistics)
    session = Session(engine, streaming, counting)
    cleanup.callback(session.close)
    status = session.run()
    tracer = export.tracer(engine.root_span_id)
    for statistics in counting:
        rows = statistics.results(tracer)
        _print_tables(output, sort_rows(rows, options.summary_sort), options.extended)
    if anomalies:
        Output().write(anomaly_tables(anomalies.report(tracer)).encode())
    return status


def _anomalies(options: Options, cleanup: ExitStack) -> Anomalies | None:
    if not options.anomalies:
        return None
    anomalies = Anomalies(Output(), options.anomaly_threshold, options.anomaly_window)
    cleanup.callback(anomalies.close)
    return anomalies


def _wants_text(options: Options, exporting: bool) -> bool:
    if options.summary_too or options.format:
        return True
    if options.summary_only or options.extended:
        return False
    return not exporting or options.output is not None


def _style(options: Options) -> TextStyle:
    return TextStyle(
        durations=options.durations,
        timestamps=options.timestamps,
        relative=options.relative,
        pids=options.follow and options.output is not None,
        string_limit=options.string_limit,
        verbose=options.verbose,
        hex_strings=options.hex_strings,
    )


def _print_tables(output: Output, rows: Sequence[SyscallStatistics], extended: bool) -> None:
    output.write(summary_table(rows).encode())
    if extended:
        output.write(b"\n" + latency_table(rows).encode())


def _leave(status: int) -> int:
    if not os.WIFSIGNALED(status):
        return os.WEXITSTATUS(status)
    number = os.WTERMSIG(status)
    lib.rnc_die_by(number)
    return 128 + number


def _note(options: Options, line: str) -> None:
    if options.diagnostics:
        say(line)
