"""Calls as lines of text, JSON or CSV; the lines are written by C sinks."""

from __future__ import annotations

from typing import NamedTuple

from renacer._native import ffi, lib
from renacer.report.output import Output

__all__ = ["TextReport", "TextStyle"]

_CHUNK_BYTES = 64 * 1024
_SINKS = {"text": lib.rnc_text_new, "json": lib.rnc_json_new, "csv": lib.rnc_csv_new}


class TextStyle(NamedTuple):
    """How a line looks. ``timestamps``: 0 none, 1 seconds, 2 microseconds, 3 since the epoch.

    ``pids`` begins every line with the thread's id; otherwise ``[pid N]`` does while there are
    several. ``verbose`` shows structures whole. ``hex_strings``: 1 strings with unprintable bytes
    in hexadecimal, 2 all.
    """

    durations: bool = False
    timestamps: int = 0
    relative: bool = False
    pids: bool = False
    string_limit: int = 32
    verbose: bool = False
    hex_strings: int = 0


class TextReport:
    """A sink of lines and the output they go to.

    ``form`` is text, json (one object a line, see trace.schema.json) or csv.
    """

    delay = 0.0

    def __init__(self, output: Output, style: TextStyle, form: str = "text") -> None:
        self._output = output
        config = ffi.new("rnc_text_config *")
        config.durations = style.durations
        config.timestamps = style.timestamps
        config.relative = style.relative
        config.pids = style.pids
        config.string_limit = style.string_limit
        config.verbose = style.verbose
        config.hex_strings = style.hex_strings
        config.epoch_offset = lib.rnc_clock_epoch_offset()
        config.chunk_bytes = _CHUNK_BYTES
        self.sink = _SINKS[form](config)
        if self.sink == ffi.NULL:
            raise MemoryError("no memory for text output")

    def deliver(self, lines: bytes, count: int) -> None:
        """Write a chunk of lines."""
        self._output.write(lines)

    def close(self) -> None:
        """Free the sink."""
        lib.rnc_sink_free(self.sink)
        self.sink = ffi.NULL
