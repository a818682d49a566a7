"""What is printed of a run's anomalies at its end."""

from __future__ import annotations

from collections.abc import Sequence

from renacer.analysis.anomalies import AnomalyReport, AnomalyRow, Baseline

__all__ = ["anomaly_tables"]

_TOP_HEAD = "severity        z    duration µs        mean µs      stddev µs        pid syscall\n"
_TOP_RULE = "-------- -------- -------------- -------------- -------------- ---------- ----------\n"
_BASE_HEAD = "   judged anomalies        mean µs      stddev µs furthest z syscall\n"
_BASE_RULE = "--------- --------- -------------- -------------- ---------- ----------------\n"


def anomaly_tables(report: AnomalyReport) -> str:
    """Counts by severity, the ten furthest calls, and the last baseline of each syscall judged."""
    parts = [
        f"\n{report.found} anomalies in {report.tested} calls judged: {report.high} High, "
        f"{report.medium} Medium, {report.low} Low\n"
    ]
    if report.not_judged:
        parts.append(f"{report.not_judged} calls were not judged: out of memory\n")
    if report.top:
        parts.append(_top(report.top))
    if report.baselines:
        parts.append(_baselines(report.baselines))
    return "\n".join(parts)


def _top(rows: Sequence[AnomalyRow]) -> str:
    lines = [
        f"{row.severity:8} {row.zscore:+8.1f} {row.duration_ns / 1e3:14.3f} "
        f"{row.mean_ns / 1e3:14.3f} {row.stddev_ns / 1e3:14.3f} {row.pid:10d} {row.name}\n"
        for row in rows
    ]
    return "".join([_TOP_HEAD, _TOP_RULE, *lines])


def _baselines(rows: Sequence[Baseline]) -> str:
    lines = [
        f"{row.tested:9d} {row.anomalies:9d} {row.mean_ns / 1e3:14.3f} {row.stddev_ns / 1e3:14.3f} "
        f"{'-' if row.furthest is None else f'{row.furthest:+.1f}':>10} {row.name}\n"
        for row in sorted(rows, key=lambda row: (-row.anomalies, -row.tested, row.name))
    ]
    return "".join([_BASE_HEAD, _BASE_RULE, *lines])
