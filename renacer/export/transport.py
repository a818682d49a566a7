"""Encoded requests through the official OTLP exporters' own transports.

Retries, backoff, TLS, compression, headers and the OTEL_EXPORTER_OTLP_* variables stay the official
exporters' business; only the encoding of SDK spans is left out. Their hooks for that are private:
each is checked when a transport is made, and if one does not fit, spans are decoded and go through
the exporter's public ``export`` instead (see :mod:`renacer.export.sdk`), slower but the same.
"""

from __future__ import annotations

import functools
import gzip
import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

from renacer.errors import ExportError
from renacer.export.endpoint import Endpoint, check_headers
from renacer.export.outcome import Outcome
from renacer.export.variables import batch_limits, exporter_variable

__all__ = ["HooksChanged", "Transport", "open_exporter", "open_transport"]

INSTALL_HINT = "install opentelemetry-sdk and opentelemetry-exporter-otlp"
UNREACHABLE = "endpoint unreachable"
REFUSED = "refused by the receiver"
NO_ANSWER = "no answer from the receiver"

_EXPORT_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_GZIP_LEVEL = 1
_DEFAULT_TIMEOUT_S = 10.0
# Where one of these is set, it makes the session.
_CREDENTIAL_PROVIDERS = (
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
)
_LOGGERS = (
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.common.http",
)


class HooksChanged(Exception):
    """The installed official exporter is not built as this module expects."""


class _Quiet(logging.Filter):
    """Keeps the official exporters' log records of our own deliveries off the terminal."""

    def __init__(self) -> None:
        super().__init__()
        self._ours = threading.local()
        self._installed = False

    def filter(self, record: logging.LogRecord) -> bool:
        return not getattr(self._ours, "quiet", False)

    def __enter__(self) -> None:
        if not self._installed:
            for name in _LOGGERS:
                logging.getLogger(name).addFilter(self)
            self._installed = True
        self._ours.quiet = True

    def __exit__(self, *exception: object) -> None:
        self._ours.quiet = False


quiet = _Quiet()


class Transport(ABC):
    """Sends one framed request at a time; :meth:`interrupt` may come from another thread."""

    #: How many transports of this kind, side by side, are fastest to one receiver.
    lanes = 1

    @abstractmethod
    def send(self, request: bytes, count: int) -> Outcome:
        """Deliver an encoded ExportTraceServiceRequest of ``count`` spans, with retries."""

    @abstractmethod
    def interrupt(self) -> None:
        """End a running :meth:`send` as soon as the library can, and refuse further ones."""


def _partial_success(response: Any) -> Outcome:
    partial = response.partial_success
    return Outcome(rejected=partial.rejected_spans, detail=partial.error_message)


class _Batch(NamedTuple):
    request: bytes
    spans: int


class _RawStub:
    """Stands where the exporter keeps its TraceServiceStub: takes bytes, keeps what came back."""

    def __init__(self, channel: Any) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceResponse,
        )

        self._call = channel.unary_unary(
            _EXPORT_METHOD, response_deserializer=ExportTraceServiceResponse.FromString
        )
        self.outcome = Outcome(reason=UNREACHABLE)

    def Export(self, request: bytes, metadata: Any, timeout: float) -> Any:
        import grpc  # type: ignore[import-untyped]

        try:
            response = self._call(request, metadata=metadata, timeout=timeout)
        except grpc.RpcError as error:
            self.outcome = _rpc_failure(error)
            raise
        self.outcome = _partial_success(response)
        return response


_UNTRUSTED = (
    "the receiver's certificate is not trusted (OTEL_EXPORTER_OTLP_CERTIFICATE names the "
    "authority to trust)"
)
_NO_IDENTITY = (
    "the receiver asks for a client certificate (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and "
    "OTEL_EXPORTER_OTLP_CLIENT_KEY)"
)
# What both transports' libraries say at length, and what it means.
_PLAIN = (
    ("connection refused", "connection refused"),
    ("dns resolution failed", "no such host"),
    ("name or service not known", "no such host"),
    ("temporary failure in name resolution", "the host's name cannot be resolved"),
    ("network is unreachable", "network is unreachable"),
    ("no route to host", "no route to host"),
    ("certificate_verify_failed", _UNTRUSTED),
    ("certificate verify failed", _UNTRUSTED),
    ("certificate required", _NO_IDENTITY),
    ("certificate_required", _NO_IDENTITY),
)


def _plainly(text: str) -> str:
    lower = text.lower()
    return next((meaning for words, meaning in _PLAIN if words in lower), text)


def _rpc_failure(error: Any) -> Outcome:
    code, detail = error.code(), error.details() or ""
    sentence = _plainly(f"{code.name}: {detail}" if detail else code.name)
    if code.name == "UNAVAILABLE" and "connect" in detail.lower():
        return Outcome(reason=UNREACHABLE, detail=sentence)
    if code.name in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "ABORTED"):
        return Outcome(reason=NO_ANSWER, detail=sentence, unconfirmed=True)
    return Outcome(reason=f"{REFUSED} ({code.name})", detail=sentence, refused=True)


class GrpcTransport(Transport):
    """OTLP over gRPC through opentelemetry-exporter-otlp-proto-grpc.

    A call mostly waits for the other side to open its window, so several at a time pay off.
    """

    lanes = 4

    def __init__(self, options: Mapping[str, Any]) -> None:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        class RawExporter(OTLPSpanExporter):
            def _initialize_channel_and_stub(self) -> None:
                super()._initialize_channel_and_stub()  # type: ignore[no-untyped-call]
                self._client: Any = _RawStub(self._channel)

            def _translate_data(self, data: Any) -> Any:
                return data.request

            def _count_data(self, data: Any) -> int:
                return int(data.spans)

        hooks = ("_initialize_channel_and_stub", "_translate_data", "_count_data", "_export")
        if missing := [hook for hook in hooks if not hasattr(OTLPSpanExporter, hook)]:
            raise HooksChanged(f"the gRPC exporter has no {', '.join(missing)}")
        self._exporter: Any = RawExporter(**options)
        if not isinstance(getattr(self._exporter, "_client", None), _RawStub):
            raise HooksChanged("the gRPC exporter keeps its stub elsewhere")

    def send(self, request: bytes, count: int) -> Outcome:
        """See :meth:`Transport.send`."""
        with quiet:
            self._exporter._export(_Batch(request, count))
        outcome: Outcome = self._exporter._client.outcome
        return outcome

    def interrupt(self) -> None:
        """See :meth:`Transport.interrupt`."""
        with quiet:
            self._exporter.shutdown()


class _RecordingTransport:
    """Stands where the HTTP client keeps its transport: passes everything on, keeps the answer."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.last: Any = None

    def request(self, *args: Any, **kwargs: Any) -> Any:
        self.last = self._inner.request(*args, **kwargs)
        return self.last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class HttpTransport(Transport):
    """OTLP over HTTP through opentelemetry-exporter-otlp-proto-http."""

    lanes = 2

    def __init__(self, options: Mapping[str, Any]) -> None:
        from opentelemetry.exporter.otlp.common.http import Compression
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        self._exporter: Any = OTLPSpanExporter(**options)
        client: Any = getattr(self._exporter, "_client", None)
        inner: Any = getattr(client, "_transport", None)
        hooks = (getattr(client, name, None) for name in ("export", "_compress"))
        if not all(map(callable, (*hooks, getattr(inner, "request", None)))):
            raise HooksChanged("the HTTP exporter keeps its client elsewhere")
        self._recorder = _RecordingTransport(inner)
        client._transport = self._recorder
        self._client = client
        if getattr(client, "_compression", None) is Compression.GZIP:
            # Level 9, which the client would take, costs four times as much for a fifth less.
            client._compress = functools.partial(gzip.compress, compresslevel=_GZIP_LEVEL)

    def send(self, request: bytes, count: int) -> Outcome:
        """See :meth:`Transport.send`."""
        self._recorder.last = None
        with quiet:
            result = self._client.export(request)
        answer = self._recorder.last
        return _http_success(answer) if result.success else _http_failure(result, answer)

    def interrupt(self) -> None:
        """See :meth:`Transport.interrupt`."""
        with quiet:
            self._exporter.shutdown()


def _http_success(answer: Any) -> Outcome:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    try:
        return _partial_success(ExportTraceServiceResponse.FromString(answer.content()))
    except DecodeError:
        # Some receivers answer a success with a body that is not protobuf.
        return Outcome()


def _http_failure(result: Any, answer: Any) -> Outcome:
    status = getattr(answer, "status_code", None)
    if status:
        return Outcome(
            reason=f"{REFUSED} (HTTP {status})",
            detail=f"HTTP {status} {answer.reason or ''}".strip(),
            refused=True,
        )
    error = getattr(answer, "error", None) or result.error
    if _never_connected(error):
        return Outcome(reason=UNREACHABLE, detail=_plainly(_short(error)))
    return Outcome(reason=NO_ANSWER, detail=_short(error), unconfirmed=True)


def _never_connected(error: Any) -> bool:
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    refusals = (NewConnectionError, ConnectTimeoutError)
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError)):
        return True
    return isinstance(getattr(cause, "reason", cause), refusals)


def _short(error: Any) -> str:
    """The innermost cause's own words."""
    cause = error.args[0] if error is not None and error.args else error
    cause = getattr(cause, "reason", cause)
    return str(cause) if cause is not None else NO_ANSWER


def _options(endpoint: Endpoint, headers: Mapping[str, str] | None, timeout: float | None) -> Any:
    options: dict[str, Any] = {"endpoint": endpoint.url, "timeout": timeout}
    checked = check_headers(headers)
    if endpoint.protocol == "grpc" and checked:
        # The HTTP exporter joins these with the environment's; the gRPC one would forget those.
        checked = {**_environment_headers(), **checked}
    options["headers"] = checked or None
    compression, _ = exporter_variable("COMPRESSION") or ("", "")
    if endpoint.protocol == "grpc" and compression.lower() in ("", "none"):
        # The specification's words for it, which the gRPC exporter does not know.
        from grpc import Compression

        options["compression"] = Compression.NoCompression
    provided = any(os.environ.get(name) for name in _CREDENTIAL_PROVIDERS)
    if endpoint.protocol != "grpc" and exporter_variable("CERTIFICATE") and not provided:
        options["session"] = _trusting_session()
    return options


def _trusting_session() -> Any:
    """A session in which OTEL_EXPORTER_OTLP_CERTIFICATE goes before REQUESTS_CA_BUNDLE."""
    import requests

    class Session(requests.Session):
        def merge_environment_settings(
            self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            given = self.verify if verify is None else verify
            return super().merge_environment_settings(url, proxies, stream, given, cert)

    return Session()


def _environment_headers() -> Mapping[str, str]:
    from opentelemetry.util.re import parse_env_headers

    text, _ = exporter_variable("HEADERS") or ("", "")
    return parse_env_headers(text, liberal=True)


def _guarded(make: Any, endpoint: Endpoint) -> Any:
    try:
        with quiet:
            return make()
    except ImportError as error:
        raise ExportError(
            f"cannot export over {endpoint.protocol}: {INSTALL_HINT} ({error})"
        ) from None
    except (HooksChanged, ExportError):
        raise
    except Exception as error:
        raise ExportError(f"cannot export to {endpoint.url}: {error}") from error


def open_transport(
    endpoint: Endpoint, headers: Mapping[str, str] | None = None, timeout: float | None = None
) -> Transport:
    """The transport of ``endpoint``'s protocol; raises ExportError, or HooksChanged."""
    kind = GrpcTransport if endpoint.protocol == "grpc" else HttpTransport
    options = _options_checked(endpoint, headers, timeout)
    transport: Transport = _guarded(lambda: kind(options), endpoint)
    return transport


def _options_checked(
    endpoint: Endpoint, headers: Mapping[str, str] | None, timeout: float | None
) -> Mapping[str, Any]:
    timeout = _checked_timeout(timeout)
    if endpoint.url.startswith("https:"):
        _check_files()
    options: Mapping[str, Any] = _guarded(lambda: _options(endpoint, headers, timeout), endpoint)
    return options


def _check_files() -> None:
    for name in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"):
        if given := exporter_variable(name):
            path, variable = given
            try:
                open(path, "rb").close()
            except OSError as error:
                raise ExportError(f"{variable}={path}: {error.strerror}") from None


def _checked_timeout(timeout: float | None) -> float | None:
    """Seconds for one batch; None leaves them to the official exporter."""
    if timeout is not None:
        if not timeout > 0:
            raise ExportError(f"the export timeout must be positive, not {timeout!r}")
        return timeout
    own = _DEFAULT_TIMEOUT_S
    if given := exporter_variable("TIMEOUT"):
        text, variable = given
        try:
            own = float(text)
        except ValueError:
            own = 0.0
        if not own > 0:
            raise ExportError(f"{variable}={text} is not a positive number of seconds")
    batch = batch_limits().timeout_s
    return None if batch is None else min(batch, own)


def open_exporter(
    endpoint: Endpoint, headers: Mapping[str, str] | None = None, timeout: float | None = None
) -> Any:
    """The official exporter itself, for when its hooks have changed."""
    options = _options_checked(endpoint, headers, timeout)

    def make() -> Any:
        if endpoint.protocol == "grpc":
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        else:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # type: ignore[assignment]
                OTLPSpanExporter,
            )
        return OTLPSpanExporter(**options)

    return _guarded(make, endpoint)
