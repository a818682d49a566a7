"""``renacer report FILE…``: traces that ``--otlp-file`` wrote, as tables or for other tools."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from renacer._descriptors import create
from renacer.analysis.trace_file import Span, read_spans
from renacer.cli.help import helper_page
from renacer.cli.options import SORT_KEYS, Flag, one_of, parse_flags, whole
from renacer.cli.terminal import say, show
from renacer.errors import UsageError

__all__ = ["FORMATS", "ReportOptions", "command"]

_HEAD = """\
renacer report - what a trace file holds, as tables or for other tools

Usage:
  renacer report [OPTIONS] FILE…

FILE is what --otlp-file wrote (OTLP JSON lines or length-prefixed protobuf); several are taken as
one trace. A damaged file is used as far as it can be read, and one line says so.
"""

Spans = Callable[[], Iterator[Span]]


class ReportOptions:
    """What the command line asks for."""

    def __init__(self) -> None:
        self.format = "summary"
        self.output: str | None = None
        self.sort = "time"
        self.max_spans = 200_000
        self.help = False


def _summary(spans: Spans, stream: BinaryIO, options: ReportOptions) -> None:
    from renacer.report.trace_summary import write_summary

    write_summary(spans(), stream, options.sort)


def _perfetto(spans: Spans, stream: BinaryIO, options: ReportOptions) -> None:
    from renacer.report.perfetto import write_perfetto

    write_perfetto(spans, stream)


def _html(spans: Spans, stream: BinaryIO, options: ReportOptions) -> None:
    from renacer.report.html import write_html

    write_html(spans(), stream, options.max_spans)


FORMATS = {"summary": _summary, "html": _html, "perfetto": _perfetto}
_BINARY = ("perfetto",)

_FLAGS = (
    Flag("", "", "format", "format",
         "summary (default): calls, errors, time and latencies per syscall. html: one page with a "
         "timeline, needing no network. perfetto: a trace for "
         "ui.perfetto.dev; needs the perfetto package (pip install 'renacer[perfetto]').",
         "NAME", one_of(*FORMATS)),
    Flag("", "o", "output", "output", "Write to FILE instead of stdout.", "FILE", str),
    Flag("", "S", "summary-sort-by", "sort",
         f"Order of the tables: {', '.join(SORT_KEYS)} (default time).", "KEY", one_of(*SORT_KEYS)),
    Flag("", "", "max-spans", "max_spans",
         "Spans on the timeline of the page, beside the processes (default 200000): those with "
         "anomalies, then the failed, then the longest. Its tables count all.", "N", whole(31)),
    Flag("", "h", "help", "help", "Show this page."),
)  # fmt: skip


def command(arguments: Sequence[str]) -> int:
    """Write the report; raises UsageError, TraceFileError or OSError."""
    options = ReportOptions()
    paths = parse_flags(_FLAGS, options, arguments)
    if options.help:
        show(helper_page(_HEAD, _FLAGS))
        return 0
    if not paths:
        raise UsageError("no trace file: renacer report [OPTIONS] FILE…")
    for path in paths:
        if Path(path).is_fifo():
            raise UsageError(f"{path} is a pipe; a report reads its file more than once")
    notes: dict[str, None] = {}

    def spans() -> Iterator[Span]:
        return read_spans(paths, notes.setdefault)

    next(spans())  # what cannot be read must not cost the output that stood there
    with _output(options, paths) as stream:
        FORMATS[options.format](spans, stream, options)
    for note in notes:
        say(note)
    return 0


@contextmanager
def _output(options: ReportOptions, paths: Sequence[str]) -> Iterator[BinaryIO]:
    if options.output is None:
        if options.format in _BINARY and os.isatty(1):
            raise UsageError(f"--format {options.format} is not for a terminal: add -o FILE")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if any(os.path.exists(options.output) and os.path.samefile(options.output, path)
           for path in paths if os.path.exists(path)):  # fmt: skip
        raise UsageError(f"-o {options.output} is the trace itself")
    try:
        descriptor = create(options.output)
    except OSError as error:
        raise UsageError(f"cannot write {options.output}: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as stream:
        yield stream
