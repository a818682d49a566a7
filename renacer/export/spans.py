"""The spans of a traced program: a C sink that encodes them, and the exporter they go to."""

from __future__ import annotations

import os
from typing import Any

from renacer._native import ffi, lib

__all__ = ["SpanReport"]

_CHUNK_BYTES = 1 << 20
_CHUNK_SPANS = 4096


class SpanReport:
    """Process and syscall spans of one trace.

    ``exporter`` is any of renacer.export's. ``max_spans`` limits the syscall spans (0: no limit).
    """

    delay = 1.0

    def __init__(self, exporter: Any, trace_id: int, max_spans: int = 0) -> None:
        self._exporter = exporter
        config = ffi.new("rnc_spans_config *")
        config.format = exporter.format
        config.trace_id = (trace_id >> 64, trace_id & (1 << 64) - 1)
        config.epoch_offset = lib.rnc_clock_epoch_offset()
        config.max_spans = max_spans
        config.chunk_bytes = _CHUNK_BYTES
        config.chunk_spans = _CHUNK_SPANS
        config.attribute_value_limit = int(os.environ.get("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT") or 0)
        self.sink = lib.rnc_spans_new(config)
        if self.sink == ffi.NULL:
            raise MemoryError("no memory for spans")

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
