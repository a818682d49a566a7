"""Any OpenTelemetry SDK SpanExporter as the place where spans go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from renacer._native import lib
from renacer._version import version
from renacer.errors import ExportError
from renacer.export.endpoint import Endpoint
from renacer.export.outcome import Outcome
from renacer.export.resource import SCOPE, create_resource
from renacer.export.sender import DEFAULT_SHUTDOWN_S, Sender
from renacer.export.transport import (
    INSTALL_HINT,
    HooksChanged,
    Transport,
    open_exporter,
    open_transport,
    quiet,
)
from renacer.export.variables import batch_limits

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["SdkBridge", "connect", "decode_spans"]

_CONTEXT_IS_REMOTE = 0x200


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value(item) for item in value.array_value.values)
    return getattr(value, kind) if kind else None


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def decode_spans(spans: bytes, resource: Resource) -> list[ReadableSpan]:
    """The C encoder's RNC_OTLP_PROTO spans as the SDK's own span objects."""
    from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    scope = InstrumentationScope(SCOPE, version())
    return _readable(ScopeSpans.FromString(spans).spans, resource, scope)


def decode_request(request: bytes) -> list[ReadableSpan]:
    """The spans of an ExportTraceServiceRequest as the SDK's own span objects."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    spans: list[ReadableSpan] = []
    for part in ExportTraceServiceRequest.FromString(request).resource_spans:
        resource = Resource(_attributes(part.resource.attributes))
        for scoped in part.scope_spans:
            scope = InstrumentationScope(scoped.scope.name, scoped.scope.version)
            spans += _readable(scoped.spans, resource, scope)
    return spans


def _readable(spans: Any, resource: Resource, scope: Any) -> list[ReadableSpan]:
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
    from opentelemetry.trace.span import TraceState

    def context(span: Any, span_id: bytes, remote: bool) -> SpanContext:
        return SpanContext(
            int.from_bytes(span.trace_id, "big"),
            int.from_bytes(span_id, "big"),
            trace_state=TraceState.from_header([span.trace_state]),
            is_remote=remote,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )

    def parent(span: Any) -> SpanContext | None:
        if not span.parent_span_id:
            return None
        return context(span, span.parent_span_id, bool(span.flags & _CONTEXT_IS_REMOTE))

    return [
        ReadableSpan(
            name=span.name,
            context=context(span, span.span_id, False),
            parent=parent(span),
            resource=resource,
            attributes=_attributes(span.attributes),
            events=[
                Event(event.name, _attributes(event.attributes), event.time_unix_nano)
                for event in span.events
            ],
            kind=SpanKind.INTERNAL,
            status=Status(StatusCode(span.status.code), span.status.message or None),
            start_time=span.start_time_unix_nano,
            end_time=span.end_time_unix_nano,
            instrumentation_scope=scope,
        )
        for span in spans
    ]


def export_spans(span_exporter: Any, spans: Sequence[ReadableSpan]) -> Outcome:
    """Hand spans to ``span_exporter.export``.

    It tells only success or failure, so a failed batch counts as unconfirmed.
    """
    from opentelemetry.sdk.trace.export import SpanExportResult

    with quiet:
        result = span_exporter.export(spans)
    if result is SpanExportResult.SUCCESS:
        return Outcome()
    name = type(span_exporter).__name__
    return Outcome(reason=f"{name} failed", detail=f"{name}.export failed", unconfirmed=True)


class PublicTransport(Transport):
    """Requests decoded into SDK spans, for an exporter whose private hooks have changed."""

    def __init__(self, span_exporter: Any) -> None:
        self._exporter = span_exporter

    def send(self, request: bytes, count: int) -> Outcome:
        """See :meth:`Transport.send`."""
        return export_spans(self._exporter, decode_request(request))

    def interrupt(self) -> None:
        """See :meth:`Transport.interrupt`."""
        with quiet:
            self._exporter.shutdown()


def connect(
    endpoint: Endpoint, headers: Mapping[str, str] | None = None, timeout: float | None = None
) -> Transport:
    """The fastest transport the installed official exporter allows; raises ExportError."""
    try:
        return open_transport(endpoint, headers, timeout)
    except HooksChanged:
        return PublicTransport(open_exporter(endpoint, headers, timeout))


class SdkBridge:
    """Hands spans to ``span_exporter.export`` on a background thread.

    A batch it fails counts as unconfirmed: it does not say whether anything arrived. Raises
    ExportError when opentelemetry-sdk or opentelemetry-proto is missing.
    """

    format: int = lib.RNC_OTLP_PROTO

    def __init__(
        self,
        span_exporter: Any,
        *,
        service_name: str | None = None,
        resource_attributes: Mapping[str, Any] | None = None,
    ) -> None:
        if not callable(getattr(span_exporter, "export", None)):
            raise ExportError(f"{type(span_exporter).__name__} has no export method")
        try:
            import opentelemetry.proto.trace.v1.trace_pb2  # noqa: F401

            self.resource = create_resource(service_name, resource_attributes)
        except ImportError as error:
            raise ExportError(f"cannot export spans: {INSTALL_HINT} ({error})") from None
        self._exporter = span_exporter
        self._sender = Sender(self._deliver, self._stop, queue_spans=batch_limits().queue_spans)

    def _deliver(self, spans: bytes, count: int) -> Outcome:
        return export_spans(self._exporter, decode_spans(spans, self.resource))

    def _stop(self) -> None:
        with quiet:
            self._exporter.shutdown()

    @property
    def target(self) -> str:
        """The name of the exporter's class."""
        return type(self._exporter).__name__

    @property
    def last_error(self) -> str:
        """One sentence about the last failure; "" when there was none."""
        return self._sender.last_error

    def submit(self, spans: bytes, count: int) -> None:
        """Queue ``count`` spans in RNC_OTLP_PROTO form; never blocks."""
        self._sender.submit(spans, count)

    def force_flush(self, timeout_s: float = DEFAULT_SHUTDOWN_S) -> bool:
        """Wait for what was submitted; True only if the exporter took all of it."""
        return self._sender.force_flush(timeout_s)

    def shutdown(self, timeout_s: float = DEFAULT_SHUTDOWN_S) -> bool:
        """Deliver what is left and stop, within the time; True if nothing was lost."""
        return self._sender.shutdown(timeout_s)

    def stats(self) -> dict[str, Any]:
        """Exact counts, see :meth:`renacer.export.outcome.Ledger.stats`."""
        return self._sender.stats()
