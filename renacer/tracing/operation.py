"""Operations: the ``compute:`` spans around the operations that kernels run.

Two records say what is open. The innermost operation of a task or thread is a context variable, so
tasks that take turns on one thread find their own parents. What the core hangs kernels' spans from
is per thread: the operation entered last of those still open there.
"""

from __future__ import annotations

import os
import sys
import threading
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any

from renacer._native import ffi, lib, trace_words

if TYPE_CHECKING:
    from renacer.tracing.tracer import ComputeTracer

__all__ = ["Operation", "innermost"]

_ALLOCATIONS_MAX = 128

_innermost: ContextVar[Operation | None] = ContextVar("renacer.operation", default=None)
_NO_CONTEXT = ffi.new("rnc_context *")


class _Thread(threading.local):
    def __init__(self) -> None:
        self.open: list[Operation] = []


_thread = _Thread()


def innermost() -> Operation | None:
    """The innermost operation of this task or thread, if it is still open."""
    operation = _innermost.get()
    return operation if operation is not None and operation.is_open else None


def _caller_span() -> tuple[int, int, bool] | None:
    """Trace id, span id and sampled flag of the current OpenTelemetry span, if there is one.

    A program that never imported OpenTelemetry has none, and must not pay for its import.
    """
    current = getattr(sys.modules.get("opentelemetry.trace"), "get_current_span", None)
    if current is None:
        return None
    context = current().get_span_context()
    if not context.is_valid:
        return None
    return context.trace_id, context.span_id, bool(context.trace_flags & 1)


def describe(error: BaseException) -> bytes:
    """An exception's type and message, as a span status says it."""
    try:
        message = str(error)
    except Exception:
        message = "(its message could not be read)"
    text = f"{type(error).__qualname__}: {message}" if message else type(error).__qualname__
    return text.encode("utf-8", "replace")


class Operation:
    """One ``compute:`` span, open while its with-block runs."""

    __slots__ = (
        "_allocations",
        "_caller",
        "_context",
        "_dropped",
        "_name",
        "_parent_id",
        "_pid",
        "_siblings",
        "_start",
        "_token",
        "is_open",
        "tracer",
    )

    _context: Any
    _siblings: list[Operation]
    _token: Token[Operation | None]

    def __init__(self, tracer: ComputeTracer, name: str) -> None:
        self.tracer = tracer
        self._name = name.encode("utf-8", "replace")
        self._allocations: list[tuple[int, int, int]] = []
        self._dropped = 0
        self.is_open = False

    def __enter__(self) -> None:
        self._pid = os.getpid()
        self._enter_context()
        self._siblings = _thread.open
        self._siblings.append(self)
        self._token = _innermost.set(self)
        self.is_open = True
        lib.rnc_context_set(self._context)
        self._start = lib.rnc_clock_now()

    def _enter_context(self) -> None:
        """Choose the parent: a newer span of the caller's, else the enclosing operation, else the
        tracer's root."""
        enclosing = _innermost.get()
        caller = self._caller = _caller_span()
        context = self._context = ffi.new("rnc_context *")
        if caller is not None and (enclosing is None or enclosing._caller != caller):
            trace_id, self._parent_id, context.sampled = caller
            context.trace_id = trace_words(trace_id)
        else:
            parent = self.tracer._root if enclosing is None else enclosing._context
            if enclosing is None:
                self.tracer._root_used = True
            context.trace_id = parent.trace_id
            context.sampled = parent.sampled
            self._parent_id = parent.span_id
        context.span_id = lib.rnc_new_span_id()
        context.operation = lib.rnc_intern(self._name, len(self._name))
        context.tracer = self.tracer._handle or ffi.NULL  # shut down meanwhile

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end = lib.rnc_clock_now()
        self.is_open = False
        self._leave()
        if self._context.sampled and self._pid == os.getpid():
            self._record(end, None if error is None else describe(error))

    def _leave(self) -> None:
        siblings = self._siblings
        siblings.remove(self)
        if siblings is _thread.open:
            lib.rnc_context_set(siblings[-1]._context if siblings else _NO_CONTEXT)
        try:
            _innermost.reset(self._token)
        except ValueError:  # left in another task than it was entered in
            _innermost.set(None)

    def _record(self, end: int, error: bytes | None) -> None:
        name = ffi.from_buffer(self._name)
        message = ffi.NULL if error is None else ffi.from_buffer(error)
        allocations = ffi.new("rnc_allocation[]", self._allocations)
        span = ffi.new(
            "rnc_operation_span *",
            {
                "trace_id": self._context.trace_id,
                "span_id": self._context.span_id,
                "parent_id": self._parent_id,
                "start": self._start,
                "end": end,
                "name": name,
                "name_size": len(self._name),
                "error": message,
                "error_size": 0 if error is None else len(error),
                "allocations": allocations,
                "allocation_count": len(self._allocations),
                "allocations_dropped": self._dropped,
            },
        )
        self.tracer._record_operation(span)

    def add_allocation(self, nbytes: int, copied: int) -> None:
        """Note an ``allocation`` event; beyond 128 they are only counted."""
        if len(self._allocations) < _ALLOCATIONS_MAX:
            self._allocations.append((lib.rnc_clock_now(), nbytes, copied))
        else:
            self._dropped += 1
