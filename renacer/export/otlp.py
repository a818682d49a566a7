"""Spans to an OTLP receiver: encoded in C, sent by the official exporters' transports."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from renacer._native import lib
from renacer.errors import ExportError
from renacer.export.endpoint import resolve_endpoint, resolve_protocol
from renacer.export.entries import ComputeOperation, Decision, SyscallEntry
from renacer.export.manual import ManualSpans
from renacer.export.outcome import Outcome
from renacer.export.resource import Frame, create_resource
from renacer.export.sdk import connect
from renacer.export.sender import DEFAULT_SHUTDOWN_S, Deliver, Interrupt, Keep, Sender
from renacer.export.spool import Spool
from renacer.export.transport import INSTALL_HINT, Transport
from renacer.export.variables import batch_limits, sdk_disabled

__all__ = ["OtlpExporter"]

DISABLED = "disabled by OTEL_SDK_DISABLED"


class OtlpExporter:
    """Sends spans to ``endpoint`` in the background; what cannot be sent is counted, never raised.

    ``endpoint`` is ``http://host:port``, ``https://…`` or ``host:port``; ``protocol`` is ``grpc``
    or ``http/protobuf``. What is not given comes from the OTEL_* variables, and then from their
    defaults. ``headers`` are added to every request. ``timeout`` bounds one batch with its retries,
    in seconds (default 10). ``spool`` is a directory for what could not be delivered, to be sent
    later by ``renacer replay``. Raises ExportError for a bad endpoint, header, protocol or spool,
    and when the OpenTelemetry packages are missing; that nobody answers is no error here.

    In a forked child it goes on with a connection, a root span and counts of its own; what the
    parent recorded stays the parent's.
    """

    format: int = lib.RNC_OTLP_PROTO

    def __init__(
        self,
        endpoint: str | None = None,
        protocol: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        service_name: str | None = None,
        resource_attributes: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        spool: str | os.PathLike[str] | None = None,
    ) -> None:
        self.protocol = resolve_protocol(protocol)
        target = resolve_endpoint(endpoint, self.protocol)
        self.endpoint = target.url
        self._pid = os.getpid()
        self._manual_lock = threading.Lock()
        self._manual: ManualSpans | None = None
        self._parents_manual: ManualSpans | None = None
        self._stopped = False
        try:
            self._frame = Frame(create_resource(service_name, resource_attributes))
        except ImportError as error:
            raise ExportError(f"cannot export spans: {INSTALL_HINT} ({error})") from None

        sending = not sdk_disabled()
        first = connect(target, headers, timeout) if sending else None

        def reopen() -> tuple[Deliver, Interrupt]:
            return self._delivery(connect(target, headers, timeout) if sending else None)

        self._sender = Sender(
            *self._delivery(first),
            idle=self._take_manual,
            reopen=reopen,
            keep=self._keeper(Spool(spool)) if sending and spool is not None else None,
            lanes=first.lanes if first else 1,
            queue_spans=batch_limits().queue_spans,
        )

    def _delivery(self, transport: Transport | None) -> tuple[Deliver, Interrupt]:
        if transport is None:
            return lambda spans, count: Outcome(reason=DISABLED), lambda: None
        frame = self._frame.proto
        return lambda spans, count: transport.send(frame(spans), count), transport.interrupt

    def _keeper(self, spool: Spool) -> Keep:
        def keep(spans: bytes, count: int, outcome: Outcome) -> Outcome:
            problem = spool.keep(self._frame.proto(spans))
            detail = outcome.detail or outcome.reason
            if problem:
                return replace(outcome, detail=f"{detail}; {problem}")
            return replace(outcome, detail=detail, spooled=True)

        return keep

    @property
    def target(self) -> str:
        """The URL."""
        return self.endpoint

    @property
    def last_error(self) -> str:
        """One sentence about the last failed delivery; "" when there was none."""
        return self._sender.last_error

    def submit(self, spans: bytes, count: int) -> None:
        """Queue ``count`` spans in RNC_OTLP_PROTO form, at most about 1 MiB; never blocks."""
        self._sender.submit(spans, count)

    def record_syscall(self, syscall: SyscallEntry) -> None:
        """Record a finished system call as a span under this exporter's root span."""
        self._record(lambda manual: manual.syscall(syscall))

    def record_decision(self, decision: Decision) -> None:
        """Record a decision as an event of this exporter's root span."""
        self._record(lambda manual: manual.decision(decision))

    def record_compute_operation(self, operation: ComputeOperation) -> None:
        """Record a finished compute operation as a span under this exporter's root span."""
        self._record(lambda manual: manual.compute(operation))

    def add_span_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        """Add an event to this exporter's root span, which ends at :meth:`shutdown`.

        Attribute values are str, bool, int or float; anything else is shown as its ``str()``.
        """
        self._record(lambda manual: manual.event(name, attributes or {}))

    def _leave_parents_state(self) -> None:
        # In a forked child: the parent's root, recorded spans and perhaps locked lock are not ours.
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._manual_lock = threading.Lock()
            self._manual, self._parents_manual = None, self._manual or self._parents_manual

    def _record(self, record: Callable[[ManualSpans], None]) -> None:
        self._leave_parents_state()
        with self._manual_lock:
            if self._stopped:
                return
            if self._manual is None:
                self._manual = ManualSpans(self._parents_manual)
                self._sender.start()
            manual = self._manual
        record(manual)
        if manual.full:
            self._take_manual()

    def _take_manual(self) -> None:
        self._leave_parents_state()
        if self._manual is not None:
            spans, count = self._manual.take()
            if count:
                self._sender.submit(spans, count)

    def force_flush(self, timeout: float = DEFAULT_SHUTDOWN_S) -> bool:
        """Wait up to ``timeout`` seconds for all that was recorded or submitted.

        True only if the receiver confirmed every span since the last flush.
        """
        self._take_manual()
        return self._sender.force_flush(timeout)

    def shutdown(self, timeout: float = DEFAULT_SHUTDOWN_S) -> bool:
        """End the root span, send what is left within ``timeout`` seconds, stop. Idempotent.

        True if the receiver confirmed every span; :meth:`stats` says what became of the others.
        """
        self._leave_parents_state()
        with self._manual_lock:
            first, self._stopped = not self._stopped, True
        if first and self._manual is not None:
            self._manual.finish()
            self._take_manual()
        return self._sender.shutdown(timeout)

    def stats(self) -> dict[str, Any]:
        """Exact counts, see :meth:`renacer.export.outcome.Ledger.stats`."""
        self._take_manual()
        return self._sender.stats()
