"""``renacer compare BASE NEW``: what differs between two trace files."""

from __future__ import annotations

from collections.abc import Sequence

from renacer.analysis.comparison import SAMPLES_MIN, Rules, TraceCounts, compare
from renacer.analysis.trace_file import read_spans
from renacer.cli.help import helper_page
from renacer.cli.options import Flag, one_of, parse_flags
from renacer.cli.terminal import say, show
from renacer.errors import UsageError
from renacer.report.comparison import COMPARISON_FORMATS

__all__ = ["command"]

_SAME, _DIFFERENT = 0, 1

_HEAD = f"""\
renacer compare - what differs between two traces

Usage:
  renacer compare [OPTIONS] BASE NEW

BASE and NEW are what --otlp-file wrote. Reported are calls added and gone, counts that changed,
errors that BASE does not have, and latencies that shifted: of syscalls with {SAMPLES_MIN} calls in
each trace, by a Mann-Whitney U test. docs/compare.md has the rules.

Exit status:
  0: no difference. 1: something differs. 125: they could not be compared.
"""


class CompareOptions:
    """What the command line asks for."""

    def __init__(self) -> None:
        self.format = "text"
        self.count_tolerance = 0.0
        self.latency_tolerance = 1.0
        self.alpha = 0.01
        self.no_latency = False
        self.help = False


def _percent(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError("must be a percentage, 0 or more")
    return value / 100


def _probability(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise ValueError("must be between 0 and 1")
    return value


_FLAGS = (
    Flag("", "", "format", "format",
         "text (default): a line per difference. json: every syscall with its figures. junit: a "
         "test case per syscall, for continuous integration.", "NAME", one_of(*COMPARISON_FORMATS)),
    Flag("", "", "count-tolerance", "count_tolerance",
         "By how much a count may change, in percent of BASE's (default 0).", "PERCENT", _percent),
    Flag("", "", "latency-tolerance", "latency_tolerance",
         "By how much a median latency may change, in percent of the smaller (default 100: a "
         "factor of two).", "PERCENT", _percent),
    Flag("", "", "alpha", "alpha",
         "Chance of calling any latency shifted when none is (default 0.01).", "P", _probability),
    Flag("", "", "no-latency", "no_latency", "Compare calls and errors only."),
    Flag("", "h", "help", "help", "Show this page."),
)  # fmt: skip


def command(arguments: Sequence[str]) -> int:
    """Print the comparison; raises UsageError or TraceFileError."""
    options = CompareOptions()
    paths = parse_flags(_FLAGS, options, arguments)
    if options.help:
        show(helper_page(_HEAD, _FLAGS))
        return _SAME
    if len(paths) != 2:
        raise UsageError("two trace files are compared: renacer compare [OPTIONS] BASE NEW")
    rules = Rules(
        options.count_tolerance,
        not options.no_latency,
        options.latency_tolerance,
        options.alpha,
    )
    base, new = map(_counts, paths)
    rows = compare(base, new, rules)
    show(COMPARISON_FORMATS[options.format](rows, rules))
    return _DIFFERENT if any(row.differences for row in rows) else _SAME


def _counts(path: str) -> TraceCounts:
    counts = TraceCounts(read_spans([path], say))
    if counts.held_back:
        say(f"{path} lacks {counts.held_back} calls (--otlp-max-spans): its counts are too low")
    return counts
