"""Resource and scope of every span, and the frames they make around encoded spans.

Needs opentelemetry-sdk and opentelemetry-proto, which are imported when an exporter is made.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from renacer._native import lib, string
from renacer._version import version

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

__all__ = ["SCOPE", "Frame", "create_resource"]

SCOPE = "renacer"

# Field tags of ExportTraceServiceRequest.resource_spans, ResourceSpans.resource and .scope_spans,
# ScopeSpans.scope: all length-delimited.
_RESOURCE_SPANS = _RESOURCE = _SCOPE = b"\x0a"
_SCOPE_SPANS = b"\x12"


def create_resource(
    service_name: str | None = None, attributes: Mapping[str, Any] | None = None
) -> Resource:
    """The resource: ours, then OTEL_RESOURCE_ATTRIBUTES, then ``attributes``; later ones win.

    ``service.name`` is ``service_name``, else that of ``attributes``, else OTEL_SERVICE_NAME or the
    variable's, else ``renacer``.
    """
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    given = dict(attributes or {})
    environment = OTELResourceDetector().detect().attributes
    given["service.name"] = (
        service_name or given.get("service.name") or environment.get("service.name") or "renacer"
    )
    ours = Resource(
        {
            "host.name": socket.gethostname(),
            "os.type": "linux",
            "renacer.version": version(),
            "compute.library.version": version(),
            "renacer.cpu_features": tuple(string(lib.rnc_cpu_features()).split()),
        }
    )
    merged = ours.merge(Resource.create(given))
    return Resource({_utf8(key): _clean(value) for key, value in merged.attributes.items()})


def _utf8(text: str) -> str:
    """``text`` with what was not UTF-8 in the environment or on the command line as U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _clean(value: Any) -> Any:
    match value:
        case str():
            return _utf8(value)
        case tuple():
            return tuple(_clean(item) for item in value)
        case _:
            return value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _any_value(value: Any) -> Any:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue

    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case Sequence():
            return AnyValue(array_value=ArrayValue(values=[_any_value(item) for item in value]))
        case _:
            return AnyValue(string_value=str(value))


class Frame:
    """Makes whole requests out of the C encoder's spans, all under one resource and scope."""

    def __init__(self, resource: Resource) -> None:
        from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
        from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
        from opentelemetry.proto.resource.v1 import resource_pb2

        attributes = [
            KeyValue(key=key, value=_any_value(value)) for key, value in resource.attributes.items()
        ]
        message = resource_pb2.Resource(attributes=attributes)
        scope = InstrumentationScope(name=SCOPE, version=version())
        resource_bytes, scope_bytes = message.SerializeToString(), scope.SerializeToString()
        self.resource = resource
        self._resource_field = _RESOURCE + _varint(len(resource_bytes)) + resource_bytes
        self._scope_field = _SCOPE + _varint(len(scope_bytes)) + scope_bytes
        resource_json = json.dumps(MessageToDict(message), separators=(",", ":"))
        scope_json = json.dumps(MessageToDict(scope), separators=(",", ":"))
        self._json_head = (
            f'{{"resourceSpans":[{{"resource":{resource_json},'
            f'"scopeSpans":[{{"scope":{scope_json},"spans":['
        ).encode()

    def proto(self, spans: bytes) -> bytes:
        """An ExportTraceServiceRequest (TracesData is the same) around RNC_OTLP_PROTO spans."""
        scope_size = _varint(len(self._scope_field) + len(spans))
        scope_spans = _SCOPE_SPANS + scope_size + self._scope_field
        size = len(self._resource_field) + len(scope_spans) + len(spans)
        return b"".join((_RESOURCE_SPANS, _varint(size), self._resource_field, scope_spans, spans))

    def json(self, spans: bytes) -> bytes:
        """One line of OTLP/JSON, newline included, around RNC_OTLP_JSON spans."""
        return b"".join((self._json_head, spans, b"]}]}]}\n"))
