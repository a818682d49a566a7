"""A bounded queue of encoded batches and the one background thread that delivers them."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from renacer.export.outcome import Ledger, Outcome

__all__ = ["DEFAULT_SHUTDOWN_S", "Deliver", "Interrupt", "Sender"]

Deliver = Callable[[bytes, int], Outcome]
Interrupt = Callable[[], None]

DEFAULT_SHUTDOWN_S = 8.0
QUEUE_BYTES = 128 << 20
IDLE_S = 5.0
# Of a shutdown's time, kept back for the interrupted delivery to say how it ended.
GRACE_S = 0.5


class Sender:
    """Delivers batches in order, off the caller's thread.

    ``deliver(spans, count)`` runs on the thread, which is a daemon and starts with the first batch.
    ``interrupt()`` must make a running ``deliver`` return soon, if it can. ``idle()`` is called on
    the thread when nothing came for a while. A forked child has a queue, counts and thread of its
    own, and delivers through what ``reopen()``, called on that thread, gives; without it the child
    only counts what it drops.
    """

    def __init__(
        self,
        deliver: Deliver,
        interrupt: Interrupt,
        *,
        idle: Callable[[], None] | None = None,
        reopen: Callable[[], tuple[Deliver, Interrupt]] | None = None,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self._deliver = deliver
        self._interrupt = interrupt
        self._idle = idle
        self._reopen = reopen
        self._inherited = False  # deliver and interrupt belong to the parent of this forked child
        self._queue_bytes = queue_bytes
        self._closed = ""
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition(threading.Lock())
        self._ledger = Ledger()
        self._queue: deque[tuple[bytes, int]] = deque()
        self._queued_bytes = 0
        self._in_flight: tuple[bytes, int] | None = None
        self._submitted = 0
        self._settled = 0
        self._lost_at_flush = 0
        self._thread: threading.Thread | None = None
        self._interrupted = False

    def _leave_parents_state(self) -> None:
        # The parent's thread, queue and perhaps locked lock mean nothing in a forked child.
        if self._pid != os.getpid():
            self._reset()
            self._inherited = True
            if self._reopen is None:
                self._closed = self._closed or "made in the parent of this forked process"

    @property
    def last_error(self) -> str:
        """One sentence about the last failed delivery; "" when there was none."""
        return self._ledger.last_error

    def start(self) -> None:
        """Make sure the thread runs, so that ``idle`` is called."""
        self._leave_parents_state()
        with self._changed:
            self._start_locked()

    def _start_locked(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="renacer-export", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # the interpreter is exiting and starts no more threads
                self._closed = "the interpreter is exiting"
                self._drop_queue(Outcome(reason=self._closed))

    def submit(self, spans: bytes, count: int) -> None:
        """Queue one batch of ``count`` encoded spans; never blocks, counts what finds no room."""
        self._leave_parents_state()
        with self._changed:
            self._ledger.produced += count
            if self._closed:
                self._ledger.settle(count, Outcome(reason=self._closed))
            elif self._queued_bytes + len(spans) > self._queue_bytes:
                self._ledger.settle(count, Outcome(reason="export queue full"))
            else:
                self._queue.append((spans, count))
                self._queued_bytes += len(spans)
                self._submitted += 1
                self._start_locked()
                self._changed.notify_all()

    def _run(self) -> None:
        while (batch := self._next()) is not None:
            spans, count = batch
            try:
                if self._inherited and self._reopen is not None:
                    self._deliver, self._interrupt = self._reopen()
                    self._inherited = False
                outcome = self._deliver(spans, count)
            except Exception as error:
                outcome = Outcome(reason="export error", detail=f"{type(error).__name__}: {error}")
            with self._changed:
                if self._in_flight is batch:
                    self._in_flight = None
                    self._settle(count, outcome)

    def _next(self) -> tuple[bytes, int] | None:
        """The next batch, now in flight; None when closed and empty."""
        while True:
            with self._changed:
                if self._queue:
                    self._in_flight = self._queue.popleft()
                    self._queued_bytes -= len(self._in_flight[0])
                    return self._in_flight
                if self._closed:
                    return None
                woken = self._changed.wait(IDLE_S)
            if not woken and self._idle is not None:
                self._idle()

    def _settle(self, count: int, outcome: Outcome) -> None:
        self._ledger.settle(count, outcome)
        self._settled += 1
        self._changed.notify_all()

    def force_flush(self, timeout_s: float) -> bool:
        """Wait for all that was submitted; True only if the receiver confirmed every span of it.

        "All" is everything since the last flush, so an earlier loss is reported once.
        """
        self._leave_parents_state()
        with self._changed:
            target = self._submitted
            done = self._changed.wait_for(lambda: self._settled >= target, timeout_s)
            lost, self._lost_at_flush = self._ledger.lost - self._lost_at_flush, self._ledger.lost
            return done and lost == 0

    def shutdown(self, timeout_s: float) -> bool:
        """Deliver what is queued within ``timeout_s``, count the rest as lost, stop. Idempotent."""
        self._leave_parents_state()
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._closed = self._closed or "exporter is shut down"
            self._changed.notify_all()
            self._wait_idle(timeout_s - min(GRACE_S, timeout_s / 4))
            self._drop_queue(Outcome(reason="not sent before shutdown"))
            first = not (self._interrupted or self._inherited)
            self._interrupted = True
        if first:
            self._interrupt_within(deadline)
        with self._changed:
            self._wait_idle(max(0.0, deadline - time.monotonic()))
            if self._in_flight is not None:
                count = self._in_flight[1]
                self._in_flight = None
                self._settle(count, Outcome(reason="no answer before shutdown", unconfirmed=True))
            return self._ledger.lost == 0

    def _wait_idle(self, timeout_s: float) -> None:
        self._changed.wait_for(lambda: not self._queue and self._in_flight is None, timeout_s)

    def _drop_queue(self, outcome: Outcome) -> None:
        while self._queue:
            spans, count = self._queue.popleft()
            self._queued_bytes -= len(spans)
            self._settle(count, replace(outcome, detail=self._ledger.last_error))

    def _interrupt_within(self, deadline: float) -> None:
        """Run ``interrupt``, which may be anybody's code, no longer than until ``deadline``."""

        def interrupt() -> None:
            try:
                self._interrupt()
            except Exception as error:
                self._ledger.last_error = f"{type(error).__name__}: {error}"

        thread = threading.Thread(target=interrupt, name="renacer-export-stop", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is exiting and starts no more threads
            interrupt()
        else:
            thread.join(max(0.0, deadline - time.monotonic()))

    def stats(self) -> dict[str, Any]:
        """The ledger's counts, see :meth:`renacer.export.outcome.Ledger.stats`."""
        self._leave_parents_state()
        with self._changed:
            return self._ledger.stats()
