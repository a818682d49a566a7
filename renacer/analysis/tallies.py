"""Durations and errors per name, of spans read back."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

from renacer.analysis.stats import SyscallStatistics, distributions
from renacer.analysis.trace_file import Span

__all__ = ["Tallies", "Tally", "statistics"]


class Tally:
    """One name's spans: each duration in ns, their exact total, and how many failed."""

    def __init__(self) -> None:
        self.durations = array("d")
        self.total_ns = 0
        self.errors = 0

    def add(self, span: Span) -> None:
        """Count one span."""
        self.durations.append(span.duration)
        self.total_ns += span.duration
        self.errors += span.failed


class Tallies:
    """Tallies per syscall and per compute operation with its backend; 8 bytes a span.

    Calls that never returned are counted in ``unfinished`` only, as ``-c`` leaves them out.
    """

    def __init__(self) -> None:
        self.syscalls: dict[str, Tally] = {}
        self.compute: dict[str, Tally] = {}
        self.unfinished = 0

    def add(self, span: Span) -> None:
        """Count one span, whatever it is."""
        if name := span.syscall:
            if span.attributes.get("syscall.result") == "?":
                self.unfinished += 1
            else:
                _of(self.syscalls, name).add(span)
        elif backend := span.attributes.get("compute.backend"):
            _of(self.compute, f"{span.name} {backend}").add(span)


def _of(tallies: dict[str, Tally], name: str) -> Tally:
    tally = tallies.get(name)
    if tally is None:
        tally = tallies[name] = Tally()
    return tally


def statistics(tallies: Mapping[str, Tally]) -> list[SyscallStatistics]:
    """One row per name, with its distribution, in order of first appearance."""
    spreads = distributions([tally.durations for tally in tallies.values()])
    return [
        SyscallStatistics(name, len(tally.durations), tally.errors, tally.total_ns, spread)
        for (name, tally), spread in zip(tallies.items(), spreads, strict=True)
    ]
