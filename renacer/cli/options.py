"""The command line as a table: one row per option, for parsing, ``--help`` and nearest matches."""

from __future__ import annotations

import getopt
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from renacer.errors import UsageError

__all__ = [
    "CALL_FORMATS",
    "FLAGS",
    "RECORDED_FORMATS",
    "Flag",
    "Options",
    "one_of",
    "parse",
    "parse_flags",
    "whole",
]


class Options:
    """What the command line asks for; every attribute is set by one row of :data:`FLAGS`."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.follow = False
        self.filters: list[str] = []
        self.environment: list[str] = []
        self.engine = "auto"
        self.output: str | None = None
        self.format: str | None = None
        self.diagnostics = False
        self.timestamps = 0
        self.relative = False
        self.durations = False
        self.string_limit = 32
        self.verbose = False
        self.hex_strings = 0
        self.summary_only = False
        self.summary_too = False
        self.summary_sort = "time"
        self.wall_clock = True
        self.extended = False
        self.anomalies = False
        self.anomaly_threshold = 3.0
        self.anomaly_window = 100
        self.otlp_endpoint: str | None = None
        self.otlp_protocol: str | None = None
        self.otlp_service_name: str | None = None
        self.otlp_headers: list[str] = []
        self.otlp_file: str | None = None
        self.otlp_spool: str | None = None
        self.otlp_max_spans = 100_000
        self.otlp_command_args = False
        self.trace_parent: str | None = None
        self.compute = False
        self.compute_all = False
        self.compute_sample: str | None = None
        self.compute_threshold: float | None = None
        self.help = False
        self.version = False


Convert = Callable[[str], Any]


class Flag(NamedTuple):
    """One option. ``convert`` None: a switch (or a counter, where the field is an int)."""

    section: str
    short: str
    long: str
    field: str
    help: str
    metavar: str = ""
    convert: Convert | None = None


def whole(bits: int) -> Convert:
    """A conversion to a whole number of that many bits, 0 or more."""

    def convert(text: str) -> int:
        value = int(text)
        if not 0 <= value < 1 << bits:
            raise ValueError(f"must be from 0 to {(1 << bits) - 1}")
        return value

    return convert


def _microseconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError("must be a number of microseconds, 0 or more")
    return value


def _deviations(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError("must be a number of standard deviations, above 0")
    return value


def _window(text: str) -> int:
    value = int(text)
    if not 10 <= value <= 65536:
        raise ValueError("must be from 10 to 65536")
    return value


def one_of(*choices: str) -> Convert:
    """A conversion that takes these words only."""

    def convert(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be {' or '.join(choices)}")
        return text

    return convert


#: Formats of calls, written while the program runs.
CALL_FORMATS = ("text", "json", "csv")
#: Formats of a whole run, written at its end.
RECORDED_FORMATS = ("html", "perfetto")
SORT_KEYS = ("time", "calls", "errors", "name", "nothing")

_TRACE, _OUTPUT, _STATS = "Tracing", "Output", "Statistics"
_OTLP, _COMPUTE, _HELP = "OpenTelemetry", "Compute tracing", "Help"

FLAGS: tuple[Flag, ...] = (
    Flag(_TRACE, "f", "follow-forks", "follow",
         "Trace the processes and threads that the command starts, too."),
    Flag(_TRACE, "e", "trace", "filters",
         "Which syscalls to record: trace=NAMES or just NAMES, a comma-separated list of names, "
         "%class, /regex/, all or none; a leading ! means all but these. Classes: %file, %desc, "
         "%network, %process, %memory, %signal, %ipc, %creds, %clock, %pure, %stat, %statfs. "
         "The last -e holds.",
         "EXPR", str),
    Flag(_TRACE, "E", "env", "environment",
         "Set VAR in the command's environment; VAR alone removes it.", "VAR[=VAL]", str),
    Flag(_TRACE, "", "engine", "engine",
         "How to see syscalls: auto or ptrace. auto takes the cheapest that works here.",
         "NAME", one_of("auto", "ptrace")),
    Flag(_OUTPUT, "o", "output", "output",
         "Write the trace and the tables to FILE instead of stderr.", "FILE", str),
    Flag(_OUTPUT, "", "format", "format",
         "Show the calls as text (a line per call, as strace does), json (an object a line, see "
         "docs/strace.md) or csv, also beside an OTLP sink. html or perfetto: write the trace to "
         "-o FILE as one page, or for ui.perfetto.dev, when the command has ended; tables then go "
         "to stderr.",
         "NAME", one_of(*CALL_FORMATS, *RECORDED_FORMATS)),
    Flag(_OUTPUT, "T", "syscall-times", "durations", "Show the time spent in each call."),
    Flag(_OUTPUT, "t", "absolute-timestamps", "timestamps",
         "Begin each line with the time of day; -tt adds microseconds; -ttt shows seconds since "
         "the epoch."),
    Flag(_OUTPUT, "r", "relative-timestamps", "relative",
         "Begin each line with the time since the previous one."),
    Flag(_OUTPUT, "s", "string-limit", "string_limit",
         "Show at most SIZE bytes of a string (default 32). Paths are always whole.",
         "SIZE", whole(31)),
    Flag(_OUTPUT, "v", "no-abbrev", "verbose",
         "Show structures, arguments and environments whole."),
    Flag(_OUTPUT, "x", "strings-in-hex", "hex_strings",
         "Show strings that have unprintable bytes in hexadecimal; -xx shows all strings so."),
    Flag(_OUTPUT, "d", "debug", "diagnostics",
         "Say on stderr which engine was chosen and why, and what was exported."),
    Flag(_STATS, "c", "summary-only", "summary_only",
         "Print a table of calls, errors and wall-clock time per syscall instead of the calls."),
    Flag(_STATS, "C", "summary", "summary_too", "Print the calls and then the table."),
    Flag(_STATS, "S", "summary-sort-by", "summary_sort",
         f"Order of the table: {', '.join(SORT_KEYS)} (default time).",
         "KEY", one_of(*SORT_KEYS)),
    Flag(_STATS, "w", "summary-wall-clock", "wall_clock",
         "Wall-clock time in the table. It always is; for the scripts that say so."),
    Flag(_STATS, "", "stats-extended", "extended",
         "Add mean, standard deviation, minimum, P50/75/90/95/99 and maximum per syscall, computed "
         "by the SIMD kernels over every duration."),
    Flag(_STATS, "", "anomaly-realtime", "anomalies",
         "Report on stderr, while the program runs, each call that took much longer or shorter "
         "than the calls of its name just before it; at the end the ten furthest and the "
         "baselines. docs/anomalies.md has the mathematics."),
    Flag(_STATS, "", "anomaly-threshold", "anomaly_threshold",
         "How many standard deviations are much (default 3).", "SIGMA", _deviations),
    Flag(_STATS, "", "anomaly-window-size", "anomaly_window",
         "With how many calls before it a call is compared, 10 to 65536 (default 100).",
         "N", _window),
    Flag(_OTLP, "", "otlp-endpoint", "otlp_endpoint",
         "Send one trace of the run to this OTLP receiver, such as http://127.0.0.1:4317.",
         "URL", str),
    Flag(_OTLP, "", "otlp-protocol", "otlp_protocol",
         "grpc (default) or http/protobuf.", "NAME", one_of("grpc", "http/protobuf")),
    Flag(_OTLP, "", "otlp-service-name", "otlp_service_name",
         "service.name of the trace (default: OTEL_SERVICE_NAME, else renacer).", "NAME", str),
    Flag(_OTLP, "", "otlp-header", "otlp_headers",
         "A header for the receiver, such as an authorisation; may be repeated.",
         "NAME=VALUE", str),
    Flag(_OTLP, "", "otlp-file", "otlp_file",
         "Write the trace to FILE: OTLP JSON lines if it ends in .jsonl, else OTLP protobuf, each "
         "message after its length in 4 bytes, big-endian.", "FILE", str),
    Flag(_OTLP, "", "otlp-spool", "otlp_spool",
         "Keep in DIR what could not be delivered, up to 1 GiB; `renacer replay DIR` sends it "
         "later.", "DIR", str),
    Flag(_OTLP, "", "otlp-max-spans", "otlp_max_spans",
         "Syscall spans sent at most (default 100000; 0 lifts the limit). What is held back is "
         "counted on the process span and announced.", "N", whole(63)),
    Flag(_OTLP, "", "otlp-command-args", "otlp_command_args",
         "Add process.command_args, the words of each command, to its process span. They may hold "
         "secrets."),
    Flag(_OTLP, "", "trace-parent", "trace_parent",
         "W3C traceparent of the span this run belongs to (default: TRACEPARENT).",
         "HEADER", str),
    Flag(_COMPUTE, "", "trace-compute", "compute",
         "Record each SIMD operation of the statistics as a span that says which instruction set "
         "ran; programs under trace that use renacer join in."),
    Flag(_COMPUTE, "", "trace-compute-all", "compute_all",
         "The same, with no sampling, threshold or rate cap."),
    Flag(_COMPUTE, "", "trace-compute-sample", "compute_sample",
         "Share of operations to record, 0 to 1; also per operation: sum=0.1,mean=1.",
         "RATE", str),
    Flag(_COMPUTE, "", "trace-compute-threshold", "compute_threshold",
         "Always record operations at least US microseconds long; faster ones at the sample rate, "
         "or not at all if none is given.", "US", _microseconds),
    Flag(_HELP, "h", "help", "help", "Show this page."),
    Flag(_HELP, "V", "version", "version", "Show the version."),
)  # fmt: skip


def parse(arguments: Sequence[str]) -> Options:
    """Options from the command line after the program name.

    Options end at the first word that is none, or at ``--``; the rest is the command.
    Raises UsageError, with the nearest option where one is unknown.
    """
    options = Options([])
    options.command = parse_flags(FLAGS, options, arguments, getopt.getopt)
    if options.summary_only and options.summary_too:
        raise UsageError("-c and -C exclude each other: the table only, or the calls and the table")
    return options


def parse_flags(
    flags: Sequence[Flag],
    options: object,
    arguments: Sequence[str],
    split: Callable[..., Any] = getopt.gnu_getopt,
) -> list[str]:
    """Set the fields of ``options`` that the arguments name, and return the words that are none.

    Raises UsageError, with the nearest of ``flags`` where one is unknown.
    """
    by_name = {f"-{flag.short}": flag for flag in flags if flag.short}
    by_name |= {f"--{flag.long}": flag for flag in flags}
    shorts = "".join(flag.short + (":" if flag.convert else "") for flag in flags if flag.short)
    longs = [flag.long + ("=" if flag.convert else "") for flag in flags]
    try:
        pairs, words = split(list(arguments), shorts, longs)
    except getopt.GetoptError as error:
        raise UsageError(_explain(error, flags)) from None
    for name, text in pairs:
        _apply(options, by_name[name], name, text)
    return list(words)


def _apply(options: object, flag: Flag, name: str, text: str) -> None:
    current = getattr(options, flag.field)
    if flag.convert is None:
        counted = isinstance(current, int) and not isinstance(current, bool)
        setattr(options, flag.field, current + 1 if counted else True)
        return
    try:
        value = flag.convert(text)
    except ValueError as error:
        reason = str(error) if str(error).startswith("must") else "must be a number"
        raise UsageError(f"{name} {text}: {reason}") from None
    if isinstance(current, list):
        current.append(value)
    else:
        setattr(options, flag.field, value)


def _explain(error: getopt.GetoptError, flags: Sequence[Flag]) -> str:
    import difflib

    dashed = f"-{error.opt}" if len(error.opt) == 1 else f"--{error.opt}"
    if "requires argument" in error.msg:
        flag = next(flag for flag in flags if error.opt in (flag.short, flag.long))
        return f"{dashed} needs a value: {dashed} {flag.metavar}"
    if "must not have an argument" in error.msg:
        return f"{dashed} takes no value"
    if "not a unique prefix" in error.msg:
        fitting = [f"--{flag.long}" for flag in flags if flag.long.startswith(error.opt)]
        return f"{dashed} could mean {', '.join(fitting)}"
    near = difflib.get_close_matches(error.opt, [flag.long for flag in flags], 1)
    hint = f"did you mean --{near[0]}?" if near else "see renacer --help"
    return f"unknown option {dashed}: {hint}"
