"""Per-syscall statistics of a run: exact counts and totals, and distributions by the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from renacer._native import ensure, ffi, lib, string

if TYPE_CHECKING:
    from renacer.tracing.tracer import ComputeTracer

__all__ = ["PERCENTILES", "Distribution", "Statistics", "SyscallStatistics", "distributions"]

PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0)


class Distribution(NamedTuple):
    """Latencies of one syscall, all in ns; ``stddev`` is the population's."""

    mean: float
    stddev: float
    minimum: float
    maximum: float
    percentiles: dict[float, float]


class SyscallStatistics(NamedTuple):
    """One syscall name: calls that returned, how many failed, and their exact total in ns."""

    name: str
    calls: int
    errors: int
    total_ns: int
    distribution: Distribution | None = None


class Statistics:
    """The C sink that counts every call, and what is computed from it at the end.

    ``extended`` keeps every duration, 8 bytes a call, and needs the kernels: raises
    UnsupportedBackend for a RENACER_BACKEND that cannot be, before anything ran.
    """

    def __init__(self, extended: bool = False) -> None:
        if extended:
            import renacer.compute.backends  # noqa: F401 - reads RENACER_BACKEND
        self._extended = extended
        self.sink = lib.rnc_stats_new(extended)
        if self.sink == ffi.NULL:
            raise MemoryError("no memory for statistics")

    def close(self) -> None:
        """Free the sink; results already returned stay valid."""
        lib.rnc_sink_free(self.sink)
        self.sink = ffi.NULL

    def results(self, tracer: ComputeTracer | None = None) -> list[SyscallStatistics]:
        """One row per syscall name, in order of first appearance.

        The kernels' operations are children of a ``compute: calculate_statistics`` span where a
        tracer is given and there is something to compute.
        """
        count = lib.rnc_stats_row_count(self.sink)
        operation = (
            tracer.operation("calculate_statistics")
            if tracer and count and self._extended
            else nullcontext()
        )
        with operation:
            rows = [self._row(index) for index in range(count)]
            kept = [
                memoryview(ffi.buffer(row.durations, 8 * row.calls)).cast("d")
                for row in rows
                if row.calls and self._extended
            ]
            spreads = iter(distributions(kept))
            return [
                SyscallStatistics(
                    string(row.name),
                    row.calls,
                    row.errors,
                    row.total_ns,
                    next(spreads) if row.calls and self._extended else None,
                )
                for row in rows
            ]

    def _row(self, index: int) -> Any:
        row = ffi.new("rnc_stats_row *")
        ensure(lib.rnc_stats_read_row(self.sink, index, row))
        return row


def distributions(durations: Sequence[Any]) -> list[Distribution]:
    """One per non-empty float64 buffer: each moment of all of them at once, then percentiles."""
    from renacer.compute.batch import Batch

    batch = Batch(durations)
    means, stddevs, minima, maxima = map(batch.reduce, ("mean", "stddev", "min", "max"))
    percentiles = [
        dict(zip(PERCENTILES, vector.percentiles(PERCENTILES), strict=True)) for vector in batch
    ]
    return list(map(Distribution, means, stddevs, minima, maxima, percentiles))
