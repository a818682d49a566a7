"""Where and how spans are sent: flags and the OTEL_EXPORTER_OTLP_* variables, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from renacer.errors import ExportError
from renacer.export.variables import exporter_variable

__all__ = ["PROTOCOLS", "Endpoint", "check_headers", "resolve_endpoint", "resolve_protocol"]

_DEFAULT_PORTS = {"grpc": 4317, "http/protobuf": 4318}
PROTOCOLS = tuple(_DEFAULT_PORTS)
_TRACES_PATH = "/v1/traces"
_HEADER_NAME = re.compile(r"[a-z0-9_.\-]+\Z")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*\Z")


@dataclass(frozen=True)
class Endpoint:
    """A checked URL, ready for the official exporter of its protocol."""

    url: str
    protocol: str


def resolve_protocol(protocol: str | None) -> str:
    """``protocol``, else the environment's, else ``grpc``; ExportError for one we do not speak."""
    source = ""
    if protocol is None:
        protocol, source = exporter_variable("PROTOCOL") or ("grpc", "")
    if protocol not in PROTOCOLS:
        origin = f" (from {source})" if source else ""
        known = " or ".join(PROTOCOLS)
        raise ExportError(f"unknown OTLP protocol {protocol!r}{origin}: use {known}")
    return protocol


def resolve_endpoint(endpoint: str | None, protocol: str) -> Endpoint:
    """The URL to send to; raises ExportError with one sentence when it cannot be one.

    ``endpoint`` may be ``http://host:port``, ``https://…`` or ``host:port``. Over HTTP
    ``/v1/traces`` is appended unless the path already ends so; the value of
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is taken as it is.
    """
    source = ""
    if endpoint is None:
        default = f"http://localhost:{_DEFAULT_PORTS[protocol]}"
        endpoint, source = exporter_variable("ENDPOINT") or (default, "")
    url = _checked_url(endpoint, source, protocol)
    exact = source == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    if protocol == "http/protobuf" and not exact:
        base = url.rstrip("/")
        url = base if base.endswith(_TRACES_PATH) else base + _TRACES_PATH
    return Endpoint(url, protocol)


def _checked_url(endpoint: str, source: str, protocol: str) -> str:
    origin = f" (from {source})" if source else ""
    problem = f"bad OTLP endpoint {endpoint!r}{origin}: "
    text = endpoint.strip()
    if "://" not in text:
        text = f"{_default_scheme()}://{text}"
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ExportError(f"{problem}it is not UTF-8") from None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ExportError(problem + str(error)) from None
    if parts.scheme not in ("http", "https"):
        raise ExportError(f"{problem}the scheme must be http or https")
    if not host or any(character.isspace() for character in text):
        raise ExportError(f"{problem}no host name; use http://HOST:PORT")
    if parts.query or parts.fragment:
        raise ExportError(f"{problem}a query or fragment has no meaning here")
    if port is None and protocol == "grpc":
        text = f"{parts.scheme}://{parts.netloc}:{_DEFAULT_PORTS[protocol]}{parts.path}"
    return text


def _default_scheme() -> str:
    insecure = exporter_variable("INSECURE")
    return "https" if insecure and insecure[0].lower() == "false" else "http"


def check_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """The headers with lower-case names; ExportError, without the value, for what is unfit."""
    checked = {}
    for name, value in (headers or {}).items():
        lower = name.strip().lower()
        if not _HEADER_NAME.match(lower):
            raise ExportError(f"bad OTLP header name {name!r}")
        if not _HEADER_VALUE.match(value):
            raise ExportError(f"the value of OTLP header {name!r} is not printable ASCII")
        checked[lower] = value
    return checked
