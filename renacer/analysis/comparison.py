"""What differs between two traces: calls, their counts, errors and latencies.

The rules are in docs/compare.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from renacer.analysis.rank_test import RankTest, holm, mann_whitney
from renacer.analysis.tallies import Tallies, Tally
from renacer.analysis.trace_file import Span

__all__ = ["SAMPLES_MIN", "CallComparison", "Latency", "Rules", "TraceCounts", "compare"]

SAMPLES_MIN = 20  # calls of a name in each trace, for its latencies to be compared
_LARGE_EFFECT = 0.21  # distance from 0.5: Vargha and Delaney's "large" begins at 0.71


class Rules(NamedTuple):
    """What counts as a difference; tolerances are fractions, ``latency`` compares latencies."""

    count_tolerance: float = 0.0
    latency: bool = True
    latency_tolerance: float = 1.0
    alpha: float = 0.01


class Latency(NamedTuple):
    """Medians in ns and the test; ``p`` is adjusted for the number of names tested."""

    base_median: float
    new_median: float
    test: RankTest
    p: float


class CallComparison(NamedTuple):
    """One syscall name in both traces, and a sentence for each difference."""

    name: str
    base_calls: int
    new_calls: int
    new_errors: dict[str, int]
    latency: Latency | None
    differences: list[str]


class TraceCounts:
    """What is compared of one trace: tallies of calls, errors by name and errno."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.tallies = Tallies()
        self.calls: Counter[str] = Counter()
        self.errors: dict[str, Counter[str]] = {}
        self.held_back = 0  # spans the trace itself says it lacks
        for span in spans:
            self.tallies.add(span)
            held_back = span.attributes.get("renacer.spans.held_back", 0)
            self.held_back += held_back if isinstance(held_back, int) else 0
            if span.syscall:
                self.calls[span.syscall] += 1
                if error := span.attributes.get("error.type"):
                    self.errors.setdefault(span.syscall, Counter())[str(error)] += 1


def compare(base: TraceCounts, new: TraceCounts, rules: Rules) -> list[CallComparison]:
    """One row per syscall name of either trace, in alphabetical order."""
    names = sorted(base.calls.keys() | new.calls.keys())
    latencies = _latencies(base, new, names) if rules.latency else {}
    return [_compare_name(name, base, new, latencies.get(name), rules) for name in names]


def _latencies(base: TraceCounts, new: TraceCounts, names: Iterable[str]) -> dict[str, Latency]:
    from renacer.compute.vector import Vector

    def median(tally: Tally) -> float:
        return Vector(tally.durations).percentile(50)

    pairs = {
        name: (base.tallies.syscalls[name], new.tallies.syscalls[name])
        for name in names
        if min(_samples(base, name), _samples(new, name)) >= SAMPLES_MIN
    }
    tests = [mann_whitney(one.durations, other.durations) for one, other in pairs.values()]
    adjusted = holm(test.p for test in tests)
    return {
        name: Latency(median(one), median(other), test, p)
        for (name, (one, other)), test, p in zip(pairs.items(), tests, adjusted, strict=True)
    }


def _samples(trace: TraceCounts, name: str) -> int:
    tally = trace.tallies.syscalls.get(name)
    return len(tally.durations) if tally else 0


def _compare_name(
    name: str, base: TraceCounts, new: TraceCounts, latency: Latency | None, rules: Rules
) -> CallComparison:
    before, after = base.calls[name], new.calls[name]
    known = base.errors.get(name, Counter())
    fresh = {
        error: count
        for error, count in sorted(new.errors.get(name, Counter()).items())
        if error not in known
    }
    differences = []
    if not before:
        differences.append(f"added: {_times(after)}")
    elif not after:
        differences.append(f"gone: was {_times(before)}")
    elif abs(after - before) > rules.count_tolerance * before:
        differences.append(f"{_times(before)} became {_times(after)}")
    differences += [f"new error {error}: {_times(count)}" for error, count in fresh.items()]
    if latency and _shifted(latency, rules):
        differences.append(_shift(latency))
    return CallComparison(name, before, after, fresh, latency, differences)


def _shifted(latency: Latency, rules: Rules) -> bool:
    low, high = sorted((latency.base_median, latency.new_median))
    return (
        latency.p < rules.alpha
        and abs(latency.test.effect - 0.5) >= _LARGE_EFFECT
        and high > low * (1 + rules.latency_tolerance)
    )


def _shift(latency: Latency) -> str:
    slower = latency.new_median > latency.base_median
    share = latency.test.effect if slower else 1 - latency.test.effect
    return (
        f"{'slower' if slower else 'faster'}: median {latency.base_median / 1e3:.1f} µs became "
        f"{latency.new_median / 1e3:.1f} µs (a new call is the {'slower' if slower else 'faster'} "
        f"one in {share:.0%} of pairs, p = {latency.p:.1e})"
    )


def _times(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"
