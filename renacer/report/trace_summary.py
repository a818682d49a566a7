"""Tables of a trace read back: the ``-c`` table, latencies, and compute operations by backend."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import BinaryIO

from renacer.analysis.stats import SyscallStatistics, distributions
from renacer.analysis.trace_file import Span
from renacer.report.summary import latency_table, sort_rows, summary_table

__all__ = ["write_summary"]


class _Tally:
    """One name's spans: durations in ns, and how many failed."""

    def __init__(self) -> None:
        self.durations = array("d")
        self.total_ns = 0
        self.errors = 0

    def add(self, span: Span) -> None:
        self.durations.append(span.duration)
        self.total_ns += span.duration
        self.errors += span.failed


def write_summary(spans: Iterable[Span], stream: BinaryIO, sort: str) -> None:
    """Write the tables; memory grows by 8 bytes a span. Calls that never returned are left out."""
    syscalls: dict[str, _Tally] = {}
    compute: dict[str, _Tally] = {}
    for span in spans:
        if span.syscall and span.attributes.get("syscall.result") != "?":
            syscalls.setdefault(span.syscall, _Tally()).add(span)
        elif backend := span.attributes.get("compute.backend"):
            compute.setdefault(f"{span.name} {backend}", _Tally()).add(span)
    stream.write(_tables(syscalls, sort).encode())
    if compute:
        stream.write(b"\nCompute operations, by the instruction set that ran\n")
        stream.write(_tables(compute, sort).encode())


def _tables(tallies: dict[str, _Tally], sort: str) -> str:
    spreads = distributions([tally.durations for tally in tallies.values()])
    rows = [
        SyscallStatistics(name, len(tally.durations), tally.errors, tally.total_ns, spread)
        for (name, tally), spread in zip(tallies.items(), spreads, strict=True)
    ]
    rows = sort_rows(rows, sort)
    return summary_table(rows) + "\n" + latency_table(rows)
