"""``renacer --help``, written from the table of options."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from renacer.cli.options import FLAGS, Flag

__all__ = ["helper_page", "page"]

_HEAD = """\
renacer - every syscall of a program and every SIMD compute operation, in one trace

Usage:
  renacer [OPTIONS] [--] COMMAND [ARG…]
  renacer report | compare | replay | backends | doctor [OPTIONS] …

Runs COMMAND and shows its syscalls: one line per call, a table (-c), or one OpenTelemetry trace
(--otlp-endpoint, --otlp-file). COMMAND keeps its input, output, signals and exit status; what
renacer prints goes to stderr or -o FILE. Options that strace has mean what they mean there.
"""

_TAIL = """\
Helper commands:
  report FILE…             Tables, an HTML page or a Perfetto trace of what --otlp-file wrote.
  compare BASE NEW         What differs between two traces that --otlp-file wrote; exits 1 if
                           anything does.
  replay DIR               Sends what --otlp-spool DIR kept.
  backends                 The instruction sets of this CPU, best first, and what is missing.
  doctor                   What this machine allows, and why not. A program of one of these names
                           is traced with `renacer -- NAME`.

Environment:
  OTEL_EXPORTER_OTLP_*, OTEL_BSP_*, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
  OTEL_TRACES_SAMPLER, OTEL_TRACES_EXPORTER and OTEL_SDK_DISABLED hold as the OpenTelemetry
  specification says; an option beats a variable. TRACEPARENT names the parent span.
  RENACER_BACKEND forces an instruction set for the statistics. COMMAND finds TRACEPARENT in its
  environment where spans are exported, and with --trace-compute and a receiver also
  RENACER_TRACE_COMPUTE, RENACER_OTLP_ENDPOINT and RENACER_OTLP_PROTOCOL.

Exit status:
  COMMAND's own; if a signal killed it, renacer dies by the same signal. 125: renacer failed.
  126: COMMAND cannot be executed. 127: COMMAND was not found.

Examples:
  renacer -f -- make                        every call of a build, as strace shows it
  renacer -c --stats-extended -- ls -R /    where the time went, with percentiles
  renacer -e trace=openat,%network -T -- curl example.org
  renacer --otlp-endpoint http://127.0.0.1:4317 --trace-compute -c --stats-extended -f -- make
  renacer --otlp-file trace.jsonl -f -- ./script.sh
"""

_INDENT = 27
_WIDTH = 100


def page() -> str:
    """The whole help text."""
    sections = dict.fromkeys(flag.section for flag in FLAGS)
    body = [
        f"{section}:\n" + "".join(_entry(flag) for flag in FLAGS if flag.section == section)
        for section in sections
    ]
    return "\n".join([_HEAD, *body, _TAIL])


def helper_page(head: str, flags: Sequence[Flag]) -> str:
    """The help text of a helper command."""
    return f"{head}\nOptions:\n" + "".join(map(_entry, flags))


def _entry(flag: Flag) -> str:
    short = f"-{flag.short}, " if flag.short else "    "
    value = f" {flag.metavar}" if flag.metavar else ""
    names = f"  {short}--{flag.long}{value}"
    lines = textwrap.wrap(flag.help, _WIDTH - _INDENT)
    if len(names) < _INDENT - 1:
        lines[0] = names.ljust(_INDENT) + lines[0]
    else:
        lines = [names, " " * _INDENT + lines[0], *lines[1:]]
    first, *rest = lines
    if rest and not rest[0].startswith(" "):
        rest = [" " * _INDENT + line for line in rest]
    elif rest:
        rest = [rest[0], *(" " * _INDENT + line for line in rest[1:])]
    return "\n".join([first, *rest]) + "\n"
