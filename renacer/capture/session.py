"""One traced run: an engine writes records, the pump hands them to reports until all is said."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from renacer._native import ensure, ffi, lib
from renacer.capture.engine import Engine

__all__ = ["Report", "Session"]

_WAIT_MS = 20
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
# The terminal sends these to the program too; the tracer stays to see its end.
_IGNORED = (signal.SIGINT, signal.SIGQUIT)


class Report(Protocol):
    """Something that wants every record of a run: a C sink, and what to do with its bytes."""

    sink: Any


class Streaming(Report, Protocol):
    """A report whose sink produces bytes while the program runs.

    ``delay`` is how many seconds a chunk that is not full may wait.
    """

    delay: float

    def deliver(self, data: bytes, count: int) -> None:
        """Take one chunk of ``count`` lines or spans."""


class Session:
    """Runs a program under an engine and feeds the reports; see :meth:`run`."""

    def __init__(
        self, engine: Engine, streaming: Sequence[Streaming], counting: Sequence[Report] = ()
    ) -> None:
        self._engine = engine
        self._streaming = streaming
        self._pump = lib.rnc_pump_new(engine.stream)
        if self._pump == ffi.NULL:
            raise MemoryError("no memory for the pump")
        self._delivered = dict.fromkeys(map(id, streaming), time.monotonic())
        for report in (*streaming, *counting):
            ensure(lib.rnc_pump_add(self._pump, report.sink))

    def run(self) -> int:
        """Run the program to its end and return its wait status.

        Signals sent to the tracer reach the program; the terminal's own do so anyway. Raises
        CaptureError when the program cannot be started or traced.
        """
        with self._signals_passed_on():
            self._engine.start()
            while lib.rnc_pump_run(self._pump, _WAIT_MS) != lib.RNC_PUMP_DONE:
                self._deliver()
            self._deliver(final=True)
            self._engine.wait()
        return self._engine.wait_status

    def close(self) -> None:
        """Free the pump; sinks belong to their reports, the stream to the engine."""
        lib.rnc_pump_free(self._pump)
        self._pump = ffi.NULL

    def _deliver(self, final: bool = False) -> None:
        now = time.monotonic()
        chunk = ffi.new("rnc_chunk *")
        for report in self._streaming:
            late = now - self._delivered[id(report)] >= report.delay
            if not (final or late or lib.rnc_sink_full(report.sink)):
                continue
            lib.rnc_sink_take(report.sink, chunk)
            if chunk.size:
                report.deliver(ffi.buffer(chunk.data, chunk.size)[:], chunk.count)
            self._delivered[id(report)] = now

    @contextmanager
    def _signals_passed_on(self) -> Iterator[None]:
        def forward(number: int, frame: object) -> None:
            self._engine.forward_signal(number)

        def stay(number: int, frame: object) -> None:
            pass

        handlers = dict.fromkeys(_FORWARDED, forward) | dict.fromkeys(_IGNORED, stay)
        before = {
            number: signal.signal(number, handler)
            for number, handler in handlers.items()
            if signal.getsignal(number) != signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
