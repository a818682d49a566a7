"""The compute tracer: every operation that a kernel runs, as an OpenTelemetry span."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from renacer._native import ensure, ffi, lib, new_trace_id, string, table, trace_words
from renacer.compute import vector as vectors
from renacer.compute.matrix import Matrix
from renacer.compute.vector import Vector
from renacer.errors import InvalidInput
from renacer.export.variables import sampled
from renacer.tracing.context import SpanContext
from renacer.tracing.operation import Operation, describe, innermost
from renacer.tracing.pump import Pump
from renacer.tracing.sampling import ComputeTracerConfig

if TYPE_CHECKING:
    from renacer.export.exporter import Exporter

__all__ = ["ComputeTracer", "current_tracer"]

_log = logging.getLogger("renacer")

_AT_EXIT_S = 10.0  # a receiver that is gone must not hold a program's end for longer
_ROOT_NAME = b"session"
_DTYPES = {"float32": lib.RNC_F32, "float64": lib.RNC_F64}
_OPS = {string(row.name): index for index, row in enumerate(table(lib.rnc_op))}
_NOTHING: AbstractContextManager[None] = nullcontext()

_Result = TypeVar("_Result")

_open: list[ComputeTracer] = []  # in order of creation; the last one is the active one
_open_lock = threading.Lock()


class ComputeTracer:
    """Records the operations of vectors as spans and hands them to ``exporter``.

    ``exporter`` is a :class:`~renacer.OtlpExporter` or any OpenTelemetry SDK ``SpanExporter``; with
    None nothing is recorded and nothing is paid. While a tracer is open every operation of this
    process becomes a span, under the innermost open :meth:`operation` of its thread. Operations
    outside of any hang under one root span, ``compute: session``, which ends at :meth:`shutdown`;
    ``parent`` takes that root's place. Of several open tracers the newest records what runs outside
    of operations.

    The exporter is flushed, never shut down, by a tracer; an SDK exporter is shut down with it, as
    the SDK's own processors do. In a forked child the tracer goes on: what was pending stays the
    parent's, and a new thread sends the child's spans once it opens an operation, makes a vector or
    flushes. Also a context manager; what is still open when the interpreter ends is shut down.

    Raises :class:`~renacer.InvalidInput` for an exporter that is none.
    """

    def __init__(
        self,
        exporter: Any = None,
        config: ComputeTracerConfig | None = None,
        *,
        parent: SpanContext | None = None,
    ) -> None:
        self._handle: Any = None
        self._final: dict[str, int] | None = None
        if exporter is None:
            return
        self._exporter, self._exporter_is_ours = _adapt(exporter)
        handle = ffi.new("rnc_tracer **")
        native, _rates = (config or ComputeTracerConfig()).native()
        ensure(lib.rnc_tracer_open(native, handle), "the tracer's configuration is invalid")
        self._root = ffi.new("rnc_context *")
        self._root_start = lib.rnc_clock_now()
        self._root_is_ours = parent is None
        self._root_used = False
        _fill_root(self._root, parent)
        lib.rnc_tracer_root(handle[0], self._root)
        self._parent = parent
        self._pump = Pump(lib.rnc_tracer_stream(handle[0]), self._exporter, parent)
        self._pump.start()
        self._handle = handle[0]
        _register(self)

    def operation(self, name: str) -> AbstractContextManager[None]:
        """A ``compute: <name>`` span around a with-block; operations inside become its children.

        Its parent is the caller's current OpenTelemetry span, read now and only if the program uses
        OpenTelemetry; else the enclosing operation; else the tracer's root. An exception makes its
        status ERROR, with type and message, and goes on. It may be entered on any thread and in any
        asyncio task; while tasks take turns inside operations, kernels' spans hang from the one
        entered last on their thread. Raises :class:`~renacer.InvalidInput` for an empty name.
        """
        if not isinstance(name, str) or not name:
            raise InvalidInput(f"an operation's name is a non-empty text, not {name!r}")
        if self._handle is None:
            return _NOTHING
        self._pump.start()
        return Operation(self, name)

    def trace_operation(
        self,
        name: str,
        parent: str | None,
        vector: Any,
        function: Callable[[], _Result],
    ) -> _Result:
        """Call ``function`` as one ``trueno: Vector::<name>`` span and return its result.

        It hangs under a ``compute: <parent>`` span of its own, or with None under what is open. Its
        backend is the last one stamped by a kernel inside, on this thread, else Unknown; operations
        inside have no spans of their own. ``vector`` tells the elements and their type. An
        exception makes both spans ERROR and goes on.
        """
        if parent is None or self._handle is None:
            return self._call(name, vector, function)
        with self.operation(parent):
            return self._call(name, vector, function)

    def _call(self, name: str, vector: Any, function: Callable[[], _Result]) -> _Result:
        handle = self._handle
        if handle is None:
            return function()
        text = name.encode("utf-8", "replace")
        call = ffi.new("rnc_call *")
        call.name = lib.rnc_intern(text, len(text))
        call.op = _OPS.get(name, -1)
        call.elements = len(vector)
        call.dtype = _DTYPES.get(getattr(vector, "dtype", ""), lib.RNC_F64)
        call.last = lib.rnc_last_execution()
        lib.rnc_context_get(ffi.addressof(call, "context"))
        message = None
        lib.rnc_call_begin()
        call.start = lib.rnc_clock_now()
        try:
            return function()
        except BaseException as error:
            message = ffi.from_buffer(describe(error))
            call.error = message
            call.error_size = len(message)
            raise
        finally:
            call.end = lib.rnc_clock_now()
            lib.rnc_call_end(handle, call)

    def force_flush(self, timeout: float = 30.0) -> bool:
        """Hand over and send everything recorded so far; False when that failed or took longer than
        ``timeout`` seconds."""
        if self._handle is None:
            return True
        flushed = self._pump.flush(timeout)
        return self._exporter.force_flush(timeout) and flushed

    def shutdown(self, timeout: float = 30.0) -> None:
        """End the root span, stop recording and send what is left. Further calls do nothing."""
        with _open_lock:
            if self not in _open:
                return
            _open.remove(self)
            _activate_newest()
        self._record_root()
        lib.rnc_tracer_close(self._handle)
        finished = self._pump.finish(timeout)
        self._final = self._read_stats()
        handle, self._handle = self._handle, None
        if finished:
            lib.rnc_tracer_free(handle)
        if not (self._exporter.force_flush(timeout) and finished):
            reason = getattr(self._exporter, "last_error", "") or "no answer in time"
            _log.warning("not all spans of the compute tracer were sent: %s", reason)
        if self._exporter_is_ours:
            self._exporter.shutdown(timeout)

    def stats(self) -> dict[str, int]:
        """Counts so far: ``operations`` = ``recorded`` + ``sampled_out`` + ``fast`` + ``capped`` +
        ``ring_full``, exactly; ``operation_spans`` recorded and ``operation_spans_dropped`` by a
        full ring; ``submitted`` to the exporter and ``submit_failed``.
        """
        return dict(self._final) if self._final is not None else self._read_stats()

    def hang_from(self, parent: SpanContext) -> None:
        """Let operations outside of any :meth:`operation` be children of ``parent`` from now on.

        Only while no other thread computes, as in a child that was just forked.
        """
        if self._handle is not None:
            _fill_root(self._root, parent)
            lib.rnc_tracer_root(self._handle, self._root)

    def __enter__(self) -> ComputeTracer:
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()

    def _read_stats(self) -> dict[str, int]:
        counts = ffi.new("rnc_tracer_counts *")
        handle = self._handle
        if handle is not None:
            lib.rnc_tracer_read_counts(handle, counts)
        return {
            "operations": counts.operations,
            "recorded": counts.recorded,
            "sampled_out": counts.sampled_out,
            "fast": counts.fast,
            "capped": counts.capped,
            "ring_full": counts.ring_full,
            "operation_spans": counts.operation_spans,
            "operation_spans_dropped": counts.operation_spans_dropped,
            "submitted": self._pump.submitted if handle is not None else 0,
            "submit_failed": self._pump.failed if handle is not None else 0,
        }

    def _record_operation(self, span: Any) -> None:
        handle = self._handle
        if handle is not None:
            lib.rnc_tracer_record_operation(handle, span)

    def _record_root(self) -> None:
        if not self._root_is_ours:
            return
        if not (self._root_used or lib.rnc_tracer_root_used(self._handle)):
            return
        span = ffi.new("rnc_operation_span *")
        name = ffi.from_buffer(_ROOT_NAME)
        span.trace_id = self._root.trace_id
        span.span_id = self._root.span_id
        span.start = self._root_start
        span.end = lib.rnc_clock_now()
        span.name = name
        span.name_size = len(_ROOT_NAME)
        self._record_operation(span)

    def _after_fork(self) -> None:
        """In the child: the root and the sink stay the parent's, and its pump's thread, with what
        locks it held, is not here."""
        self._root_is_ours = False
        self._pump = Pump(lib.rnc_tracer_stream(self._handle), self._exporter, self._parent)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., float]: ...


def current_tracer() -> ComputeTracer | None:
    """The tracer of the innermost open operation, else the newest open one; None without any."""
    if not _open:
        return None
    operation = innermost()
    return _open[-1] if operation is None else operation.tracer


def _adapt(exporter: Any) -> tuple[Exporter, bool]:
    """The exporter as one that takes bytes, and whether that one is the tracer's own."""
    if hasattr(exporter, "submit") and hasattr(exporter, "format"):
        return exporter, False
    if not hasattr(exporter, "export"):
        raise InvalidInput(f"{exporter!r} is no exporter: it has neither submit() nor export()")
    from renacer.export.sdk import SdkBridge

    return SdkBridge(exporter), True


def _fill_root(root: Any, parent: SpanContext | None) -> None:
    if parent is None:
        trace_id = new_trace_id()
        root.trace_id = trace_words(trace_id)
        root.span_id = lib.rnc_new_span_id()
        root.sampled = sampled(trace_id, None)
        return
    root.trace_id = trace_words(parent.trace_id)
    root.span_id = parent.span_id
    root.sampled = parent.sampled


def _register(tracer: ComputeTracer) -> None:
    with _open_lock:
        _open.append(tracer)
        _activate_newest()


def _activate_newest() -> None:
    lib.rnc_tracer_activate(_open[-1]._handle if _open else ffi.NULL)
    vectors.allocation_hook = _note_allocation if _open else None


def _note_allocation(nbytes: int, copied: int) -> None:
    operation = innermost()
    if operation is not None:
        operation.add_allocation(nbytes, copied)
    for tracer in _open:
        tracer._pump.start()


def _shutdown_all() -> None:
    for tracer in reversed(_open[:]):
        tracer.shutdown(_AT_EXIT_S)


def _forked() -> None:
    global _open_lock  # noqa: PLW0603 - another thread of the parent may have held it
    _open_lock = threading.Lock()
    for tracer in _open:
        tracer._after_fork()
    # multiprocessing ends its children without atexit, and forgets what was registered before.
    finalizers = sys.modules.get("multiprocessing.util")
    if _open and finalizers is not None:
        finalizers.register_after_fork(
            _shutdown_all, lambda function: finalizers.Finalize(None, function, exitpriority=-100)
        )


def _traced(name: str, kind: type[Vector] | type[Matrix]) -> Callable[..., Any]:
    def traced(
        self: ComputeTracer,
        vector: Any,
        *arguments: Any,
        operation_name: str | None = None,
        **parameters: Any,
    ) -> Any:
        if operation_name is None:
            if not arguments:
                raise InvalidInput(f"traced_{name} needs the name of its operation")
            *arguments, operation_name = arguments  # type: ignore[assignment]
        with self.operation(operation_name):
            operand = vector if isinstance(vector, kind) else kind(vector)
            return getattr(operand, name)(*arguments, **parameters)

    traced.__name__ = f"traced_{name}"
    traced.__qualname__ = f"ComputeTracer.traced_{name}"
    traced.__doc__ = (
        f"``{kind.__name__.lower()}.{name}(…)`` in an :meth:`operation` of its own: the "
        f"{kind.__name__.lower()}, the operation's parameters if it has any, then the operation's "
        "name."
    )
    return traced


def _method(op: str) -> tuple[str, type[Vector] | type[Matrix]]:
    """The method behind an operation, and whose it is; norm_l1, norm_l2 and norm_linf are norm."""
    name = op if hasattr(Vector, op) or hasattr(Matrix, op) else op.partition("_")[0]
    return name, Matrix if hasattr(Matrix, name) else Vector


for _name, _kind in map(_method, _OPS):
    setattr(ComputeTracer, f"traced_{_name}", _traced(_name, _kind))

os.register_at_fork(after_in_child=_forked)
atexit.register(_shutdown_all)
