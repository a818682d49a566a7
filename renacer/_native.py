"""The one door to the C core: its library, its constants and its error funnel."""

from __future__ import annotations

import os
from typing import Any

from renacer import errors
from renacer._core import View, ffi, lib

__all__ = ["View", "ensure", "ffi", "lib", "new_trace_id", "string", "table", "trace_words"]

_ERRORS: dict[int, type[errors.RenacerError]] = {
    lib.RNC_EMPTY_VECTOR: errors.EmptyVector,
    lib.RNC_DIVISION_BY_ZERO: errors.DivisionByZero,
    lib.RNC_UNSUPPORTED_BACKEND: errors.UnsupportedBackend,
    lib.RNC_INVALID_INPUT: errors.InvalidInput,
}


def ensure(status: int, message: str = "") -> None:
    """Raise what ``status`` (enum rnc_status) stands for; RNC_OK returns."""
    if status == lib.RNC_OK:
        return
    if status == lib.RNC_NO_MEMORY:
        raise MemoryError(message or "out of memory")
    if status == lib.RNC_OS_ERROR:
        raise OSError(ffi.errno, message or os.strerror(ffi.errno))
    kind = _ERRORS.get(status, errors.RenacerError)
    raise kind(message or string(lib.rnc_status_name(status)))


def string(pointer: Any) -> str:
    """The text behind a ``const char *``; "" for NULL."""
    return "" if pointer == ffi.NULL else ffi.string(pointer).decode("utf-8", "replace")


def table(row: Any) -> list[Any]:
    """The rows of a C table behind a lookup that gives NULL past the end."""
    rows: list[Any] = []
    while (entry := row(len(rows))) != ffi.NULL:
        rows.append(entry)
    return rows


def new_trace_id() -> int:
    """A random 128-bit trace id, never 0."""
    words = ffi.new("uint64_t[2]")
    lib.rnc_new_trace_id(words)
    return int(words[0]) << 64 | int(words[1])


def trace_words(trace_id: int) -> tuple[int, int]:
    """A trace id as the core has it: its upper and lower 64 bits."""
    return trace_id >> 64, trace_id & (1 << 64) - 1
