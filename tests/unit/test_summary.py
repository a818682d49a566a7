"""The tables: strace's layout to the character, and honest totals."""

from __future__ import annotations

import pytest

from renacer.analysis.stats import Distribution, SyscallStatistics
from renacer.report.summary import latency_table, sort_rows, summary_table

SPREAD = Distribution(1500.0, 250.5, 1000.0, 2000.0, {50.0: 1500, 75.0: 1750, 90.0: 1900, 95.0: 1950, 99.0: 1990})
ROWS = [
    SyscallStatistics("read", 3, 0, 6_000_000, SPREAD),
    SyscallStatistics("openat", 4, 2, 2_000_000),
    SyscallStatistics("brk", 5, 0, 0),
]


def test_summary_is_laid_out_as_strace_does() -> None:
    """Scripts that parse strace -c read our table unchanged."""
    expected = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 75.00    0.006000        2000         3           read
 25.00    0.002000         500         4         2 openat
  0.00    0.000000           0         5           brk
------ ----------- ----------- --------- --------- ----------------
100.00    0.008000         666        12         2 total
"""
    assert summary_table(ROWS) == expected


def test_an_empty_run_has_a_table_too() -> None:
    """No calls means zeros, not a division by zero."""
    assert "0.000000           0         0           total" in summary_table([])


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("time", ["read", "openat", "brk"]),
        ("calls", ["brk", "openat", "read"]),
        ("errors", ["openat", "brk", "read"]),
        ("name", ["brk", "openat", "read"]),
        ("nothing", ["read", "openat", "brk"]),
    ],
)
def test_sort_orders(key: str, names: list[str]) -> None:
    """-S puts the rows in the order it names."""
    assert [row.name for row in sort_rows(ROWS, key)] == names


def test_latencies_are_in_microseconds_and_only_of_rows_that_have_them() -> None:
    """ns become µs with three digits; a row without durations has no line."""
    head, rule, *lines = latency_table(ROWS).splitlines()
    assert head.split() == "mean stddev min P50 P75 P90 P95 P99 max latency in µs".split()
    assert len(lines) == 1
    values = "1.500 0.251 1.000 1.500 1.750 1.900 1.950 1.990 2.000 read".split()
    assert lines[0].split() in (values, [v if v != "0.251" else "0.250" for v in values])
