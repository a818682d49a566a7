"""The ``-c`` table, as strace prints it, and the latency table of ``--stats-extended``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from renacer.analysis.stats import PERCENTILES, SyscallStatistics

__all__ = ["latency_table", "sort_rows", "summary_table"]

_SORT_KEYS: dict[str, Callable[[SyscallStatistics], tuple[object, ...]]] = {
    "time": lambda row: (-row.total_ns, -row.calls, row.name),
    "calls": lambda row: (-row.calls, -row.total_ns, row.name),
    "errors": lambda row: (-row.errors, -row.calls, row.name),
    "name": lambda row: (row.name,),
    "nothing": lambda row: (),
}

_RULE = "------ ----------- ----------- --------- --------- ----------------\n"
_HEAD = "% time     seconds  usecs/call     calls    errors "


def sort_rows(rows: Iterable[SyscallStatistics], key: str) -> list[SyscallStatistics]:
    """Rows in the order of ``-S key``: time, calls, errors, name or nothing (first appearance)."""
    return sorted(rows, key=_SORT_KEYS[key])


def summary_table(rows: Sequence[SyscallStatistics], what: str = "syscall") -> str:
    """strace's table: share of time, seconds, µs per call, calls, errors, name; then the total."""
    total = SyscallStatistics(
        "total",
        sum(row.calls for row in rows),
        sum(row.errors for row in rows),
        sum(row.total_ns for row in rows),
    )
    lines = [_summary_line(row, total.total_ns) for row in rows]
    return "".join([_HEAD, f"{what}\n", _RULE, *lines, _RULE, _summary_line(total, total.total_ns)])


def _summary_line(row: SyscallStatistics, total_ns: int) -> str:
    share = 100 * row.total_ns / total_ns if total_ns else 0.0
    per_call = row.total_ns // (1000 * row.calls) if row.calls else 0
    errors = str(row.errors) if row.errors else ""
    return (
        f"{share:6.2f} {row.total_ns / 1e9:11.6f} {per_call:11d} {row.calls:9d} {errors:>9} "
        f"{row.name}\n"
    )


def latency_table(rows: Sequence[SyscallStatistics]) -> str:
    """Latency per syscall in µs: mean, standard deviation, minimum, percentiles, maximum."""
    columns = ["mean", "stddev", "min", *(f"P{percent:g}" for percent in PERCENTILES), "max"]
    head = "".join(f"{name:>11}" for name in columns)
    rule = " ".join(["-" * 10] * len(columns))
    lines = [_latency_line(row) for row in rows if row.distribution]
    return "".join([f"{head}  latency in µs\n", f" {rule} ----------------\n", *lines])


def _latency_line(row: SyscallStatistics) -> str:
    spread = row.distribution
    assert spread is not None
    values = [spread.mean, spread.stddev, spread.minimum, *spread.percentiles.values()]
    values.append(spread.maximum)
    return "".join(f"{value / 1000:11.3f}" for value in values) + f"  {row.name}\n"
