"""The closing tables of a run's anomalies."""

from __future__ import annotations

from renacer.analysis.anomalies import AnomalyReport, AnomalyRow, Baseline
from renacer.report.anomalies import anomaly_tables

ROW = AnomalyRow("read", 42, 2_000_000, 12.34, 1000.0, 250.0, 100, "High")


def test_tables_say_counts_rows_and_baselines() -> None:
    """Every figure stands under its head, times in µs, most anomalies first."""
    report = AnomalyReport(
        250, 1, 2, 3, 0, [ROW], [Baseline("brk", 150, 0, 5000.0, 0.0, None),
                                 Baseline("read", 100, 6, 1000.0, 250.0, -2.04)]
    )  # fmt: skip
    assert anomaly_tables(report) == (
        """
6 anomalies in 250 calls judged: 3 High, 2 Medium, 1 Low

severity        z    duration µs        mean µs      stddev µs        pid syscall
-------- -------- -------------- -------------- -------------- ---------- ----------
High        +12.3       2000.000          1.000          0.250         42 read

   judged anomalies        mean µs      stddev µs furthest z syscall
--------- --------- -------------- -------------- ---------- ----------------
      100         6          1.000          0.250       -2.0 read
      150         0          5.000          0.000          - brk
"""
    )


def test_a_run_without_anything_to_judge_says_so() -> None:
    """No tables, no division by zero; calls that were not judged are told."""
    assert anomaly_tables(AnomalyReport(0, 0, 0, 0, 7, [], [])) == (
        "\n0 anomalies in 0 calls judged: 0 High, 0 Medium, 0 Low\n"
        "\n7 calls were not judged: out of memory\n"
    )
