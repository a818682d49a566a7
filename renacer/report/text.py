"""One line per call, as strace prints it; the lines are written by the C sink."""

from __future__ import annotations

from typing import NamedTuple

from renacer._native import ffi, lib
from renacer.report.output import Output

__all__ = ["TextReport", "TextStyle"]

_CHUNK_BYTES = 64 * 1024


class TextStyle(NamedTuple):
    """How a line looks. ``timestamps``: 0 none, 1 seconds, 2 microseconds, 3 since the epoch."""

    durations: bool = False
    timestamps: int = 0
    relative: bool = False
    pids: bool = False
    string_limit: int = 32


class TextReport:
    """A sink of text lines and the output they go to."""

    delay = 0.0

    def __init__(self, output: Output, style: TextStyle) -> None:
        self._output = output
        config = ffi.new("rnc_text_config *")
        config.durations = style.durations
        config.timestamps = style.timestamps
        config.relative = style.relative
        config.pids = style.pids
        config.string_limit = style.string_limit
        config.epoch_offset = lib.rnc_clock_epoch_offset()
        config.chunk_bytes = _CHUNK_BYTES
        self.sink = lib.rnc_text_new(config)
        if self.sink == ffi.NULL:
            raise MemoryError("no memory for text output")

    def deliver(self, lines: bytes, count: int) -> None:
        """Write a chunk of lines."""
        self._output.write(lines)

    def close(self) -> None:
        """Free the sink."""
        lib.rnc_sink_free(self.sink)
        self.sink = ffi.NULL
