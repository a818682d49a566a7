"""A bounded queue of encoded batches and the background threads that deliver them."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from renacer.export.outcome import Ledger, Outcome

__all__ = ["DEFAULT_SHUTDOWN_S", "Deliver", "Interrupt", "Keep", "Sender"]

Deliver = Callable[[bytes, int], Outcome]
Interrupt = Callable[[], None]
Keep = Callable[[bytes, int, Outcome], Outcome]

DEFAULT_SHUTDOWN_S = 8.0
QUEUE_BYTES = 128 << 20
IDLE_S = 5.0
# Of a shutdown's time, kept back for the interrupted deliveries to say how they ended.
GRACE_S = 0.5


@dataclass(frozen=True)
class _Batch:
    number: int
    spans: bytes
    count: int


class Sender:
    """Delivers batches off the caller's thread, up to ``lanes`` at a time.

    ``deliver(spans, count)`` runs on a thread, which is a daemon and starts with the first batch.
    ``interrupt()`` must make a running ``deliver`` return soon, if it can. ``reopen()``, called on
    the thread that uses it, gives each further lane a ``deliver`` and ``interrupt`` of its own.
    Batches start in order, and one at a time unless the last one to end was confirmed: a receiver
    that is down or busy is not pressed.

    ``idle()`` is called on a thread when nothing came for a while. ``keep(spans, count, outcome)``
    gets what was not delivered, on whichever thread learns of it, and says what became of it.

    A forked child has a queue, counts and threads of its own, and delivers through ``reopen()``;
    without it the child only counts what it drops.
    """

    def __init__(
        self,
        deliver: Deliver,
        interrupt: Interrupt,
        *,
        idle: Callable[[], None] | None = None,
        reopen: Callable[[], tuple[Deliver, Interrupt]] | None = None,
        keep: Keep | None = None,
        lanes: int = 1,
        queue_bytes: int = QUEUE_BYTES,
        queue_spans: int | None = None,
    ) -> None:
        self._idle = idle
        self._reopen = reopen
        self._keep = keep
        self._lanes = lanes if reopen else 1
        self._queue_bytes = queue_bytes
        self._queue_spans = queue_spans
        self._closed = ""
        self._opened: Deliver | None
        self._reset()
        self._opened = deliver
        self._interrupts.append(interrupt)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition(threading.Lock())
        self._ledger = Ledger()
        self._queue: deque[_Batch] = deque()
        self._queued_bytes = 0
        self._queued_spans = 0
        self._in_flight: dict[int, _Batch] = {}
        self._ending: set[int] = set()  # numbers no longer in flight, not yet in the ledger
        self._submitted = 0
        self._lost_at_flush = 0
        self._flowing = False  # the last delivery to end was confirmed
        self._threads: list[threading.Thread] = []
        self._opened = None
        self._interrupts: list[Interrupt] = []
        self._interrupted = False

    def _leave_parents_state(self) -> None:
        # The parent's threads, queue, connection and perhaps locked lock are not a forked child's.
        if self._pid != os.getpid():
            self._reset()
            if self._reopen is None:
                self._closed = self._closed or "made in the parent of this forked process"

    @property
    def last_error(self) -> str:
        """One sentence about the last failed delivery; "" when there was none."""
        return self._ledger.last_error

    def start(self) -> None:
        """Make sure a thread runs, so that ``idle`` is called."""
        self._leave_parents_state()
        with self._changed:
            if not (self._threads or self._closed):
                self._start_locked()

    def _start_locked(self) -> bool:
        thread = threading.Thread(target=self._run, name="renacer-export", daemon=True)
        self._threads.append(thread)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is exiting and starts no more threads
            self._threads.remove(thread)
            if not self._threads:
                self._closed = "the interpreter is exiting"
            return False
        return True

    def _open_lanes(self) -> int:
        return self._lanes if self._flowing else 1

    def _staff_locked(self) -> None:
        """Start as many threads as there is work for."""
        wanted = min(self._open_lanes(), len(self._in_flight) + len(self._queue))
        while len(self._threads) < wanted and self._start_locked():
            pass

    def submit(self, spans: bytes, count: int) -> None:
        """Queue one batch of ``count`` encoded spans; never waits, counts what finds no room."""
        self._leave_parents_state()
        with self._changed:
            self._ledger.produced += count
            if not (refusal := self._closed or self._no_room(len(spans), count)):
                self._submitted += 1
                self._queue.append(_Batch(self._submitted, spans, count))
                self._queued_bytes += len(spans)
                self._queued_spans += count
                self._staff_locked()
                self._changed.notify_all()
        if refusal:
            self._settle(count, self._kept(spans, count, Outcome(reason=refusal)))
        elif self._closed and not self._threads:
            self._drop_queue(self._closed)

    def _no_room(self, size: int, count: int) -> str:
        spans = self._queue_spans
        full = self._queued_bytes + size > self._queue_bytes
        if full or (spans is not None and self._queued_spans + count > spans):
            return "export queue full"
        return ""

    def _run(self) -> None:
        deliver: Deliver | None = None
        while (batch := self._next()) is not None:
            try:
                if deliver is None:
                    deliver = self._connect()
                outcome = deliver(batch.spans, batch.count)
            except Exception as error:
                outcome = Outcome(reason="export error", detail=f"{type(error).__name__}: {error}")
            self._conclude(batch.number, outcome)

    def _connect(self) -> Deliver:
        with self._changed:
            deliver, self._opened = self._opened, None
        if deliver is None:
            assert self._reopen is not None  # without it there is one lane, and no forked child's
            deliver, interrupt = self._reopen()
            with self._changed:
                self._interrupts.append(interrupt)
                late = self._interrupted
            if late:
                interrupt()
        return deliver

    def _next(self) -> _Batch | None:
        """The next batch, now in flight; None when closed and empty."""
        while True:
            with self._changed:
                if self._queue and len(self._in_flight) < self._open_lanes():
                    return self._take_locked()
                if self._closed and not self._queue:
                    return None
                woken = self._changed.wait(IDLE_S)
            if not woken and self._idle is not None:
                self._idle()

    def _take_locked(self) -> _Batch:
        batch = self._queue.popleft()
        self._queued_bytes -= len(batch.spans)
        self._queued_spans -= batch.count
        self._in_flight[batch.number] = batch
        return batch

    def _conclude(self, number: int, outcome: Outcome) -> None:
        """Book a batch in flight, unless it was given up meanwhile."""
        with self._changed:
            batch = self._in_flight.pop(number, None)
            if batch is None:
                return
            self._ending.add(number)
        kept = self._kept(batch.spans, batch.count, outcome) if outcome.failed else outcome
        with self._changed:
            self._flowing = not outcome.failed
            self._ending.remove(number)
            self._ledger.settle(batch.count, kept)
            self._staff_locked()
            self._changed.notify_all()

    def _kept(self, spans: bytes, count: int, outcome: Outcome) -> Outcome:
        return outcome if self._keep is None else self._keep(spans, count, outcome)

    def _settle(self, count: int, outcome: Outcome) -> None:
        with self._changed:
            self._ledger.settle(count, outcome)

    def _settled(self, number: int) -> bool:
        """Every batch up to ``number`` is in the ledger."""
        queued = self._queue[0].number if self._queue else number + 1
        return min((queued, *self._in_flight, *self._ending)) > number

    def force_flush(self, timeout_s: float) -> bool:
        """Wait for all that was submitted; True only if the receiver confirmed every span of it.

        "All" is everything since the last flush, so an earlier loss is reported once.
        """
        self._leave_parents_state()
        with self._changed:
            last = self._submitted
            done = self._changed.wait_for(lambda: self._settled(last), timeout_s)
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
            first, self._interrupted = not self._interrupted, True
        self._drop_queue("not sent before shutdown")
        if first:
            self._interrupt_within(deadline)
        with self._changed:
            self._wait_idle(max(0.0, deadline - time.monotonic()))
            silent = list(self._in_flight)
        for number in silent:
            self._conclude(number, Outcome(reason="no answer before shutdown", unconfirmed=True))
        with self._changed:
            return self._ledger.lost == 0

    def _wait_idle(self, timeout_s: float) -> None:
        self._changed.wait_for(
            lambda: not (self._queue or self._in_flight or self._ending), timeout_s
        )

    def _drop_queue(self, reason: str) -> None:
        with self._changed:
            outcome = Outcome(reason=reason, detail=self._ledger.last_error)
            numbers = []
            while self._queue:
                numbers.append(self._take_locked().number)
        for number in numbers:
            self._conclude(number, outcome)

    def _interrupt_within(self, deadline: float) -> None:
        """Interrupt every lane, which may be anybody's code, no longer than until ``deadline``."""

        def interrupt() -> None:
            with self._changed:
                interrupts = list(self._interrupts)
            for stop in interrupts:
                try:
                    stop()
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
