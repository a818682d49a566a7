"""A receiver that fails as it is told, on the official OTLP servicer and over plain HTTP.

    with FaultyReceiver("grpc") as receiver:
        receiver.script(Refuse(), Partial(3))   # the first two requests; all others are taken
        ...                                     # export to receiver.endpoint

Every request is recorded before it is answered. Without pytest, in the process that uses it.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Take:
    """Take the whole request, after a while."""

    delay_s: float = 0.0


@dataclass(frozen=True)
class Partial:
    """Reject this many of the request's spans."""

    rejected: int


@dataclass(frozen=True)
class Refuse:
    """Refuse the request for good: INVALID_ARGUMENT, or HTTP 400."""


@dataclass(frozen=True)
class Throttle:
    """Ask for the request again later: RetryInfo, or HTTP 429 with Retry-After."""

    after_s: int


Fault = Take | Partial | Refuse | Throttle


@dataclass(frozen=True)
class Certificates:
    """What a server shows, and whose clients it takes; all PEM files."""

    certificate: str
    key: str
    client_authority: str | None = None


@dataclass(frozen=True)
class Request:
    """One request: when it came, its headers in lower case, its span ids, what was done to it."""

    time: float
    headers: dict[str, str]
    span_ids: list[bytes]
    fault: Fault


class FaultyReceiver:
    """Serves one protocol on a free loopback port while its ``with`` block lasts."""

    def __init__(self, protocol: str, certificates: Certificates | None = None) -> None:
        self.requests: list[Request] = []
        self.most_at_once = 0
        self._at_once = 0
        self._faults: deque[Fault] = deque()
        self._lock = threading.Lock()
        serve = _serve_grpc if protocol == "grpc" else _serve_http
        self.port, self._stop = serve(self, certificates)
        scheme = "https" if certificates else "http"
        self.endpoint = f"{scheme}://localhost:{self.port}"

    def script(self, *faults: Fault) -> None:
        """What becomes of the next requests, in the order of their arrival."""
        self._faults.extend(faults)

    def __enter__(self) -> FaultyReceiver:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End every call and connection at once."""
        self._stop()

    def span_ids(self, *kinds: type) -> list[bytes]:
        """The ids in all requests that met one of these fates."""
        taken = [request for request in self.requests if isinstance(request.fault, kinds)]
        return [span_id for request in taken for span_id in request.span_ids]

    @contextmanager
    def request(self, message: Any, headers: dict[str, str]) -> Iterator[Fault]:
        """The fate of one request."""
        ids = [
            span.span_id
            for resource in message.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            fault = self._faults.popleft() if self._faults else Take()
            self.requests.append(Request(time.monotonic(), headers, ids, fault))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if isinstance(fault, Take):
                time.sleep(fault.delay_s)
            yield fault
        finally:
            with self._lock:
                self._at_once -= 1


def _response(fault: Fault) -> ExportTraceServiceResponse:
    if isinstance(fault, Partial):
        partial = ExportTracePartialSuccess(rejected_spans=fault.rejected, error_message="too old")
        return ExportTraceServiceResponse(partial_success=partial)
    return ExportTraceServiceResponse()


class _Servicer(service.TraceServiceServicer):  # type: ignore[misc]
    def __init__(self, receiver: FaultyReceiver) -> None:
        self._receiver = receiver

    def Export(self, request: Any, context: Any) -> Any:
        headers = dict(context.invocation_metadata())
        with self._receiver.request(request, headers) as fault:
            if isinstance(fault, Refuse):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not like this")
            if isinstance(fault, Throttle):
                info = RetryInfo()
                info.retry_delay.seconds = fault.after_s
                details = (("google.rpc.retryinfo-bin", info.SerializeToString()),)
                context.set_trailing_metadata(details)
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down")
            return _response(fault)


Stop = Callable[[], None]


def _serve_grpc(receiver: FaultyReceiver, certificates: Certificates | None) -> tuple[int, Stop]:
    server = grpc.server(ThreadPoolExecutor(8))
    service.add_TraceServiceServicer_to_server(_Servicer(receiver), server)
    if certificates is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        authority = certificates.client_authority
        credentials = grpc.ssl_server_credentials(
            [(_bytes(certificates.key), _bytes(certificates.certificate))],
            root_certificates=_bytes(authority) if authority else None,
            require_client_auth=authority is not None,
        )
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    return port, lambda: server.stop(None).wait()


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _serve_http(receiver: FaultyReceiver, certificates: Certificates | None) -> tuple[int, Stop]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            message = ExportTraceServiceRequest.FromString(body)
            with receiver.request(message, headers) as fault:
                status = {Refuse: 400, Throttle: 429}.get(type(fault), 200)
                answer = _response(fault).SerializeToString()
                self.send_response(status)
                if isinstance(fault, Throttle):
                    self.send_header("Retry-After", str(fault.after_s))
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *words: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *words: object) -> None:
            pass  # clients that turn away are what these tests are about

    server = Server(("127.0.0.1", 0), Handler)
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.certificate, certificates.key)
        if certificates.client_authority:
            context.load_verify_locations(certificates.client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return server.server_address[1], stop


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server whose every connection is ``talk(connection)`` on a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def converse(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                talk(connection)

        def accept() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=converse, args=[connection], daemon=True).start()
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting_proxy(port: int, after_bytes: int) -> Iterator[int]:
    """A proxy before ``port`` that cuts its first connection after so many bytes of requests."""
    allowed = [after_bytes]

    def pass_on(source: socket.socket, sink: socket.socket) -> None:
        limit = allowed.pop() if allowed else None
        while data := source.recv(65536):
            if limit is not None and (limit := limit - len(data)) <= 0:
                break
            sink.sendall(data)

    def pass_back(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)

    def talk(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            threading.Thread(target=pass_back, args=[server, client], daemon=True).start()
            try:
                pass_on(client, server)
            finally:
                for end in (server, client):
                    end.shutdown(socket.SHUT_RDWR)

    with raw_server(talk) as own_port:
        yield own_port
