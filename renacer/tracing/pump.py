"""The thread that turns a tracer's records into OTLP bytes and hands them to its exporter."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from renacer._native import ensure, ffi, lib
from renacer.export.spans import BATCH_DELAY_S, new_spans_sink
from renacer.export.variables import batch_limits

if TYPE_CHECKING:
    from renacer.export.exporter import Exporter
    from renacer.tracing.context import SpanContext

__all__ = ["Pump"]

_log = logging.getLogger("renacer")


class Pump:
    """Drains one stream into one exporter, on a daemon thread that :meth:`start` starts.

    Spans of ``parent``'s trace carry its tracestate.

    A pump without a thread (in a forked child, or when the interpreter ends) drains on the thread
    that flushes it. Only one thread at a time ever runs the C pump.
    """

    def __init__(self, stream: Any, exporter: Exporter, parent: SpanContext | None = None) -> None:
        self._exporter = exporter
        # A span is handed on after this time at the latest.
        self._interval_ms = round(1000 * (batch_limits().delay_s or BATCH_DELAY_S))
        self._sink = new_spans_sink(
            exporter.format,
            trace_id=parent.trace_id if parent else 0,
            trace_state=parent.trace_state if parent else "",
        )
        self._pump = lib.rnc_pump_new(stream)
        if self._pump == ffi.NULL:
            lib.rnc_sink_free(self._sink)
            raise MemoryError("no memory for a pump")
        ensure(lib.rnc_pump_add(self._pump, self._sink))
        self._chunk = ffi.new("rnc_chunk *")
        self._flushes = threading.Condition()
        self._requested = 0
        self._completed = 0
        self._done = False
        self._thread: threading.Thread | None = None
        self.submitted = 0
        self.failed = 0

    def start(self) -> None:
        """Start the thread unless it runs; at the interpreter's end there may be none any more."""
        if self._thread is not None:
            return
        with self._flushes:
            if self._thread is not None or self._done:
                return
            thread = threading.Thread(target=self._loop, name="renacer-pump", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return
            self._thread = thread

    def flush(self, timeout_s: float) -> bool:
        """Whether everything recorded before this call was handed to the exporter in time."""
        end = time.monotonic() + timeout_s
        with self._flushes:
            if self._thread is None or self._done:
                return self._drain(end)
            self._requested += 1
            wanted = self._requested
            lib.rnc_pump_wake(self._pump)
            return self._flushes.wait_for(
                lambda: self._done or self._completed >= wanted, timeout_s
            )

    def finish(self, timeout_s: float) -> bool:
        """Drain a closed stream to its end; False when that took longer."""
        end = time.monotonic() + timeout_s
        with self._flushes:
            thread = self._thread
            if thread is None:
                self._drain(end)
            else:
                lib.rnc_pump_wake(self._pump)
        if thread is not None:
            thread.join(timeout_s)
        with self._flushes:
            if self._done:
                lib.rnc_pump_free(self._pump)
                lib.rnc_sink_free(self._sink)
            return self._done

    def _loop(self) -> None:
        while not self._done:
            requested = self._requested
            state = self._run(0 if requested > self._completed else self._interval_ms)
            if state == lib.RNC_PUMP_IDLE or self._done:
                with self._flushes:
                    self._completed = requested
                    self._flushes.notify_all()

    def _drain(self, end: float) -> bool:
        while not self._done:
            if self._run(0) == lib.RNC_PUMP_IDLE:
                return True
            if time.monotonic() > end:
                return False
        return True

    def _run(self, wait_ms: int) -> int:
        state: int = lib.rnc_pump_run(self._pump, wait_ms)
        lib.rnc_sink_take(self._sink, self._chunk)
        if self._chunk.count:
            self._submit(bytes(ffi.buffer(self._chunk.data, self._chunk.size)), self._chunk.count)
        self._done = state == lib.RNC_PUMP_DONE
        return state

    def _submit(self, spans: bytes, count: int) -> None:
        try:
            self._exporter.submit(spans, count)
        except Exception:
            if not self.failed:
                _log.exception("the exporter refused a batch of spans")
            self.failed += count
        else:
            self.submitted += count
