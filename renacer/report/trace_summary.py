"""Tables of a trace read back: the ``-c`` table, latencies, and compute operations by backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import BinaryIO

from renacer.analysis.tallies import Tallies, Tally, statistics
from renacer.analysis.trace_file import Span
from renacer.report.summary import latency_table, sort_rows, summary_table

__all__ = ["write_summary"]


def write_summary(spans: Iterable[Span], stream: BinaryIO, sort: str) -> None:
    """Write the tables, in the order of ``-S sort``. Calls that never returned are left out."""
    tallies = Tallies()
    for span in spans:
        tallies.add(span)
    parts = []
    if tallies.syscalls or not tallies.compute:
        parts.append(_tables(tallies.syscalls, sort, "syscall"))
    if tallies.compute:
        parts.append(_tables(tallies.compute, sort, "operation and instruction set"))
    stream.write("\n".join(parts).encode())


def _tables(tallies: Mapping[str, Tally], sort: str, what: str) -> str:
    rows = sort_rows(statistics(tallies), sort)
    return summary_table(rows, what) + "\n" + latency_table(rows)
