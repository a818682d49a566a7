"""Spans made by hand, encoded by the same C as all others."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from typing import Any

from renacer._native import ensure, ffi, lib, new_trace_id, string, trace_words
from renacer.export.entries import ComputeOperation, Decision, SyscallEntry
from renacer.export.spans import new_spans_sink
from renacer.export.variables import event_count_limit

__all__ = ["ManualSpans"]

_UNSET, _OK, _ERROR = 0, 1, 2
_EVENTS_MAX = 4096
# A failure's numbers, without ERESTARTSYS and its like: those calls the kernel restarts.
_ERRNOS = frozenset(range(1, 4096)) - frozenset(range(512, 517))


def _utf8(text: str) -> bytes:
    # Lone surrogates, which stand for undecodable bytes, become '?'; C strings end at a NUL.
    return text.encode("utf-8", "replace").replace(b"\0", b"?")


class _Attributes:
    """A C array of attributes, and what keeps its texts alive."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.count = len(values)
        self.array = ffi.new("rnc_attribute[]", self.count)
        self._kept: list[Any] = []
        for row, (key, value) in zip(self.array, values.items(), strict=True):
            row.key = self._keep(_utf8(key))
            self._fill(row, value)

    def _keep(self, data: bytes) -> Any:
        pointer = ffi.new("char[]", data)
        self._kept.append(pointer)
        return pointer

    def _fill(self, row: Any, value: Any) -> None:
        match value:
            case bool():
                row.kind, row.integer = b"b", value
            case int() if -(1 << 63) <= value < 1 << 63:
                row.kind, row.integer = b"i", value
            case float():
                row.kind, row.number = b"d", value
            case _:
                text = str(value).encode("utf-8", "surrogateescape")
                row.kind, row.text, row.text_size = b"s", self._keep(text), len(text)


class ManualSpans:
    """Encodes recorded entries under one root span, ``process: <this program>``.

    Every method is safe to call from several threads. :meth:`finish` ends the root. In a forked
    child the root hangs from that of ``parent``, the spans of the process it was forked from.
    """

    def __init__(self, parent: ManualSpans | None = None) -> None:
        self._lock = threading.Lock()
        self._trace_id: tuple[int, int]
        self._trace_id = parent._trace_id if parent else trace_words(new_trace_id())
        self._parent_id: int = parent._root_id if parent else 0
        self._sink = ffi.gc(new_spans_sink(lib.RNC_OTLP_PROTO), lib.rnc_sink_free)
        self._root_id: int = lib.rnc_new_span_id()
        self._start: int = lib.rnc_clock_now()
        self._events: list[tuple[str, int, _Attributes]] = []
        self._events_dropped = 0
        self._event_limit = event_count_limit(_EVENTS_MAX)
        self._used = False

    @property
    def full(self) -> bool:
        """A chunk is ready to be taken."""
        return bool(lib.rnc_sink_full(self._sink))

    def syscall(self, entry: SyscallEntry) -> None:
        """Add ``syscall: <name>``."""
        attributes: dict[str, Any] = {"syscall.name": entry.name}
        if entry.number is not None:
            attributes["syscall.nr"] = entry.number
        attributes["syscall.args"] = entry.args
        attributes["syscall.result"] = "?" if entry.result is None else entry.result
        attributes["syscall.duration_us"] = float(entry.duration_us)
        attributes["thread.id"] = entry.thread_id or threading.get_native_id()
        status, message = _UNSET, ""
        if entry.result is not None and -entry.result in _ERRNOS:
            number = -entry.result
            attributes["error.type"] = string(lib.rnc_errno_name(number)) or str(number)
            status, message = _ERROR, os.strerror(number)
        self._add(f"syscall: {entry.name}", entry.duration_us, attributes, status, message)

    def compute(self, operation: ComputeOperation) -> None:
        """Add ``trueno: <name>``."""
        backend = getattr(operation.backend, "value", operation.backend)
        attributes = {
            "compute.operation": operation.name.rpartition("::")[2],
            "compute.library": "trueno",
            "compute.backend": str(backend),
            "compute.elements": operation.elements,
            "compute.duration_us": float(operation.duration_us),
            "compute.duration_ns": round(operation.duration_us * 1000),
            "compute.result": "success" if operation.result else "error",
            "compute.parent": operation.parent_operation,
        }
        status, message = (_OK, "") if operation.result else (_ERROR, operation.error or "failed")
        self._add(f"trueno: {operation.name}", operation.duration_us, attributes, status, message)

    def decision(self, decision: Decision) -> None:
        """Add the event ``decision: <category>::<name>`` to the root."""
        self.event(
            f"decision: {decision.category}::{decision.name}",
            {
                "decision.category": decision.category,
                "decision.name": decision.name,
                "decision.result": decision.result,
            },
        )

    def event(self, name: str, attributes: Mapping[str, Any]) -> None:
        """Add an event to the root; past OTEL_SPAN_EVENT_COUNT_LIMIT it is only counted there."""
        event = (name, lib.rnc_clock_now(), _Attributes(attributes))
        with self._lock:
            self._used = True
            if len(self._events) < self._event_limit:
                self._events.append(event)
            else:
                self._events_dropped += 1

    def finish(self) -> None:
        """End the root span, if anything hung from it."""
        program = os.path.basename(sys.argv[0] if sys.argv and sys.argv[0] else sys.executable)
        attributes = {"process.pid": os.getpid(), "process.executable.name": program}
        with self._lock:
            if not self._used:
                return
            self._used = False
            span = self._span(f"process: {program}", self._start, attributes)
            names = [ffi.new("char[]", _utf8(name)) for name, _, _ in self._events]
            events = ffi.new("rnc_event[]", len(names))
            for row, name, (_, time, values) in zip(events, names, self._events, strict=True):
                row.name, row.time = name, time
                row.attributes, row.attribute_count = values.array, values.count
            span.c.span_id, span.c.parent_id = self._root_id, self._parent_id
            span.c.events, span.c.event_count = events, len(names)
            span.c.events_dropped = self._events_dropped
            ensure(lib.rnc_spans_add(self._sink, span.c))

    def _add(
        self,
        name: str,
        duration_us: float,
        attributes: Mapping[str, Any],
        status: int,
        message: str,
    ) -> None:
        start = lib.rnc_clock_now() - round(duration_us * 1000)
        with self._lock:
            self._used = True
            self._start = min(self._start, start)
            span = self._span(name, start, attributes, status, message)
            ensure(lib.rnc_spans_add(self._sink, span.c))

    def _span(
        self,
        name: str,
        start: int,
        attributes: Mapping[str, Any],
        status: int = _UNSET,
        message: str = "",
    ) -> _Span:
        span = _Span(name, attributes, message)
        span.c.trace_id = self._trace_id
        span.c.span_id = lib.rnc_new_span_id()
        span.c.parent_id = self._root_id
        span.c.start, span.c.end = start, lib.rnc_clock_now()
        span.c.status = status
        return span

    def take(self) -> tuple[bytes, int]:
        """The encoded spans since the last take, and their number."""
        chunk = ffi.new("rnc_chunk *")
        with self._lock:
            lib.rnc_sink_take(self._sink, chunk)
            return ffi.buffer(chunk.data, chunk.size)[:] if chunk.size else b"", chunk.count


class _Span:
    """One rnc_manual_span, and what keeps its texts alive."""

    def __init__(self, name: str, attributes: Mapping[str, Any], message: str) -> None:
        self.c = ffi.new("rnc_manual_span *")
        self._values = _Attributes(attributes)
        name_bytes = name.encode("utf-8", "surrogateescape")
        message_bytes = message.encode("utf-8", "surrogateescape")
        self._name = ffi.new("char[]", name_bytes)
        self._message = ffi.new("char[]", message_bytes)
        self.c.name, self.c.name_size = self._name, len(name_bytes)
        self.c.message, self.c.message_size = self._message, len(message_bytes)
        self.c.attributes, self.c.attribute_count = self._values.array, self._values.count
