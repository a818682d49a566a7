"""Calls that took much longer or shorter than the calls of the same name just before them.

The judging is C, per call (csrc/report/anomalies.c); docs/anomalies.md has the formulas and their
sources. Here is what is done once per run: the baselines, computed with the SIMD kernels.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from renacer._native import ensure, ffi, lib, string

if TYPE_CHECKING:
    from renacer.report.output import Output
    from renacer.tracing.tracer import ComputeTracer

__all__ = ["WINDOW_RANGE", "Anomalies", "AnomalyReport", "AnomalyRow", "Baseline"]

WINDOW_RANGE = (10, 1 << 16)  # calls, as csrc/report/anomalies.c has it
_CHUNK_BYTES = 64 * 1024


class AnomalyRow(NamedTuple):
    """One anomalous call; times in ns, those of the baseline of the ``samples`` calls before."""

    name: str
    pid: int
    duration_ns: int
    zscore: float
    mean_ns: float
    stddev_ns: float
    samples: int
    severity: str


class Baseline(NamedTuple):
    """One syscall name: calls judged, anomalies, and the last window's distribution in ns.

    ``furthest`` is the largest distance within that window from its own mean, in standard
    deviations with its sign; None where the window has no spread.
    """

    name: str
    tested: int
    anomalies: int
    mean_ns: float
    stddev_ns: float
    furthest: float | None


class AnomalyReport(NamedTuple):
    """What a run had: anomalies by severity, the ten furthest, and the baselines of names judged.

    ``not_judged`` counts calls there was no memory for.
    """

    tested: int
    low: int
    medium: int
    high: int
    not_judged: int
    top: list[AnomalyRow]
    baselines: list[Baseline]

    @property
    def found(self) -> int:
        """All anomalies."""
        return self.low + self.medium + self.high


class Anomalies:
    """The C sink that judges every call, and the output its lines go to while the program runs.

    ``threshold`` is in standard deviations, ``window`` in calls, within :data:`WINDOW_RANGE`.
    Raises UnsupportedBackend for a RENACER_BACKEND that cannot be, before anything ran.
    """

    delay = 0.0

    def __init__(self, output: Output, threshold: float, window: int) -> None:
        import renacer.compute.backends  # noqa: F401 - reads RENACER_BACKEND

        self._output = output
        config = ffi.new("rnc_anomalies_config *", (threshold, window, _CHUNK_BYTES))
        self.sink = lib.rnc_anomalies_new(config)
        if self.sink == ffi.NULL:
            raise MemoryError("no memory for anomalies")

    def deliver(self, lines: bytes, count: int) -> None:
        """Print the anomalies found since the last time."""
        self._output.write(lines)

    def close(self) -> None:
        """Free the sink; reports already returned stay valid."""
        lib.rnc_sink_free(self.sink)
        self.sink = ffi.NULL

    def report(self, tracer: ComputeTracer | None = None) -> AnomalyReport:
        """Counts, top and baselines; call it after the run.

        The kernels' operations are children of a ``compute: detect_anomalies`` span where a tracer
        is given and some call was judged.
        """
        counts = ffi.new("rnc_anomalies_counts *")
        lib.rnc_anomalies_read_counts(self.sink, counts)
        windows = [window for window in self._rows("window") if window.tested]
        traced = tracer is not None and bool(windows)
        with tracer.operation("detect_anomalies") if tracer and traced else nullcontext():
            baselines = _baselines(windows)
        return AnomalyReport(
            counts.tested,
            counts.low,
            counts.medium,
            counts.high,
            counts.no_memory,
            [_row(anomaly) for anomaly in self._rows("top")],
            baselines,
        )

    def _rows(self, what: str) -> list[Any]:
        kind, read = {
            "top": ("rnc_anomaly *", lib.rnc_anomalies_read_top),
            "window": ("rnc_anomaly_window *", lib.rnc_anomalies_read_window),
        }[what]
        rows: list[Any] = []
        while True:
            row = ffi.new(kind)
            if (status := read(self.sink, len(rows), row)) == lib.RNC_INVALID_INPUT:
                return rows
            ensure(status)
            rows.append(row)


def _row(anomaly: Any) -> AnomalyRow:
    return AnomalyRow(
        string(anomaly.name),
        anomaly.pid,
        anomaly.duration_ns,
        anomaly.zscore,
        anomaly.mean_ns,
        anomaly.stddev_ns,
        anomaly.samples,
        string(lib.rnc_anomaly_severity(anomaly.zscore)),
    )


def _baselines(windows: list[Any]) -> list[Baseline]:
    """Mean and deviation of all windows at once, then each window's scores."""
    from renacer.compute.batch import Batch

    batch = Batch(
        memoryview(ffi.buffer(window.durations, 8 * window.count)).cast("d") for window in windows
    )
    means, stddevs = batch.reduce("mean"), batch.reduce("stddev", 1)
    return [
        Baseline(
            string(window.name),
            window.tested,
            window.anomalies,
            mean,
            stddev,
            _furthest(vector) if stddev else None,
        )
        for window, vector, mean, stddev in zip(windows, batch, means, stddevs, strict=True)
    ]


def _furthest(vector: Any) -> float:
    return float(max(vector.zscore(1), key=abs))
