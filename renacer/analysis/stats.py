"""Per-syscall statistics of a run: exact counts and totals, and distributions by the kernels."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from renacer._native import ensure, ffi, lib, string

if TYPE_CHECKING:
    from renacer.tracing.tracer import ComputeTracer

__all__ = ["PERCENTILES", "Distribution", "Statistics", "SyscallStatistics"]

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
            return [self._row(index) for index in range(count)]

    def _row(self, index: int) -> SyscallStatistics:
        row = ffi.new("rnc_stats_row *")
        ensure(lib.rnc_stats_read_row(self.sink, index, row))
        distribution = None
        if self._extended and row.calls:
            distribution = _distribution(row.durations, row.calls)
        return SyscallStatistics(
            string(row.name), row.calls, row.errors, row.total_ns, distribution
        )


def _distribution(durations: Any, count: int) -> Distribution:
    from renacer.compute.vector import Vector

    values = Vector(memoryview(ffi.buffer(durations, 8 * count)).cast("d"))
    return Distribution(
        mean=values.mean(),
        stddev=values.stddev(),
        minimum=values.min(),
        maximum=values.max(),
        percentiles={percent: values.percentile(percent) for percent in PERCENTILES},
    )
