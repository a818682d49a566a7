"""The C sink that encodes spans, and what it makes of a traced program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from renacer._native import ffi, lib, trace_words
from renacer.export.variables import attribute_count_limit, attribute_value_limit, batch_limits

if TYPE_CHECKING:
    from renacer.export.exporter import Exporter

__all__ = ["BATCH_DELAY_S", "SpanReport", "new_spans_sink"]

#: How long a batch that is not full may wait, where OTEL_BSP_SCHEDULE_DELAY does not say.
BATCH_DELAY_S = 1.0
_CHUNK_BYTES = 1 << 20  # below the 4 MiB that gRPC receivers take by default
_CHUNK_SPANS = 4096


def new_spans_sink(
    encoding: int,
    trace_id: int = 0,
    max_spans: int = 0,
    command_args: bool = False,
    anomalies: Any = None,
    *,
    trace_state: str = "",
) -> Any:
    """An ``rnc_sink *`` that encodes spans as ``encoding`` (enum rnc_otlp_format).

    ``trace_id`` is that of process and syscall spans; ``max_spans`` limits syscall spans (0: no
    limit); ``command_args`` puts process.command_args on process spans; ``anomalies`` is an anomaly
    sink that the pump feeds before this one; ``trace_state`` is the W3C tracestate of every span of
    ``trace_id``. Raises MemoryError.
    """
    attributes = attribute_count_limit()
    config = ffi.new(
        "rnc_spans_config *",
        {
            "format": encoding,
            "trace_id": trace_words(trace_id),
            "epoch_offset": lib.rnc_clock_epoch_offset(),
            "max_spans": max_spans,
            "chunk_bytes": _CHUNK_BYTES,
            "chunk_spans": batch_limits().batch_spans or _CHUNK_SPANS,
            "attribute_value_limit": attribute_value_limit(),
            "limit_attributes": attributes is not None,
            "attribute_count_limit": attributes or 0,
            "command_args": command_args,
            "anomalies": anomalies or ffi.NULL,
            "trace_state": trace_state.encode("ascii"),
        },
    )
    sink = lib.rnc_spans_new(config)
    if sink == ffi.NULL:
        raise MemoryError("no memory for spans")
    return sink


class SpanReport:
    """Process and syscall spans of one trace; the rest as in :func:`new_spans_sink`."""

    def __init__(
        self,
        exporter: Exporter,
        trace_id: int,
        max_spans: int = 0,
        command_args: bool = False,
        anomalies: Any = None,
        *,
        trace_state: str = "",
    ) -> None:
        self._exporter = exporter
        self.delay = batch_limits().delay_s or BATCH_DELAY_S
        self.sink = new_spans_sink(
            exporter.format,
            trace_id,
            max_spans,
            command_args,
            anomalies,
            trace_state=trace_state,
        )

    @property
    def held_back(self) -> int:
        """Syscall spans not encoded because of ``max_spans``, so far."""
        counts = ffi.new("rnc_spans_counts *")
        lib.rnc_spans_read_counts(self.sink, counts)
        return int(counts.held_back)

    @property
    def not_encoded(self) -> int:
        """Spans there was no memory for, so far."""
        counts = ffi.new("rnc_spans_counts *")
        lib.rnc_spans_read_counts(self.sink, counts)
        return int(counts.no_memory)

    def deliver(self, spans: bytes, count: int) -> None:
        """Hand one encoded chunk to the exporter."""
        self._exporter.submit(spans, count)

    def close(self) -> None:
        """Free the sink."""
        lib.rnc_sink_free(self.sink)
        self.sink = ffi.NULL
