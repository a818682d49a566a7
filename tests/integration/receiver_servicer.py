"""A receiver on the official OTLP servicer, for machines where the rotel agent cannot run.

    python receiver_servicer.py GRPC_PORT HTTP_PORT

Writes what arrives as JSON lines to the file a variable names, as receiver_processor.py does.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

_writing = threading.Lock()


def plain(value: Any) -> Any:
    """An AnyValue as str, bool, int, float, list or None."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    return None if kind is None else getattr(value, kind)


def attributes(pairs: Any) -> dict[str, Any]:
    """An attribute list as a dict."""
    return {pair.key: plain(pair.value) for pair in pairs}


def span_fields(span: Any) -> dict[str, Any]:
    """The fields of receiver.Span that a span itself has."""
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_id": span.parent_span_id.hex(),
        "name": span.name,
        "kind": span.kind,
        "start": span.start_time_unix_nano,
        "end": span.end_time_unix_nano,
        "attributes": attributes(span.attributes),
        "events": [
            {"name": e.name, "time": e.time_unix_nano, "attributes": attributes(e.attributes)}
            for e in span.events
        ],
        "status": span.status.code,
        "message": span.status.message,
        "dropped_events": span.dropped_events_count,
        "flags": span.flags,
    }


def take(request: Any) -> None:
    """Append one line per ScopeSpans."""
    lines = [
        {
            "resource": attributes(resource_spans.resource.attributes),
            "scope": scope_spans.scope.name,
            "spans": [span_fields(span) for span in scope_spans.spans],
        }
        for resource_spans in request.resource_spans
        for scope_spans in resource_spans.scope_spans
    ]
    with _writing, open(os.environ["RENACER_RECEIVED_SPANS"], "a", encoding="utf-8") as output:
        output.writelines(json.dumps(line) + "\n" for line in lines)


class Grpc(TraceServiceServicer):  # type: ignore[misc]
    """OTLP over gRPC."""

    def Export(self, request: Any, context: Any) -> Any:
        """Take one request whole."""
        take(request)
        return ExportTraceServiceResponse()


class Http(BaseHTTPRequestHandler):
    """OTLP over HTTP with protobuf bodies."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take one request whole."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        take(ExportTraceServiceRequest.FromString(body))
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *words: object) -> None:
        """Nothing: the log is for failures."""


def main() -> None:
    """Serve until the process is ended."""
    grpc_port, http_port = sys.argv[1:]
    server = grpc.server(ThreadPoolExecutor(4))
    add_TraceServiceServicer_to_server(Grpc(), server)
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    server.start()
    ThreadingHTTPServer(("127.0.0.1", int(http_port)), Http).serve_forever()


if __name__ == "__main__":
    main()
