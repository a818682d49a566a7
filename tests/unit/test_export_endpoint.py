"""Endpoints, protocols and headers: what is understood, and what is refused in one sentence."""

from __future__ import annotations

import os

import pytest

from renacer.errors import ExportError
from renacer.export.endpoint import check_headers, resolve_endpoint, resolve_protocol

GRPC, HTTP = "grpc", "http/protobuf"


@pytest.fixture(autouse=True)
def _no_otel_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("endpoint", "protocol", "url"),
    [
        (None, GRPC, "http://localhost:4317"),
        (None, HTTP, "http://localhost:4318/v1/traces"),
        ("http://host:4317", GRPC, "http://host:4317"),
        ("host:4317", GRPC, "http://host:4317"),
        ("host", GRPC, "http://host:4317"),
        ("https://host", GRPC, "https://host:4317"),
        ("[::1]:4317", GRPC, "http://[::1]:4317"),
        ("host:4318", HTTP, "http://host:4318/v1/traces"),
        ("https://host/", HTTP, "https://host/v1/traces"),
        ("http://host:1/otlp", HTTP, "http://host:1/otlp/v1/traces"),
        ("http://host:1/v1/traces", HTTP, "http://host:1/v1/traces"),
        ("http://host:1/v1/traces/", HTTP, "http://host:1/v1/traces"),
    ],
)
def test_an_endpoint_becomes_a_full_url(endpoint: str | None, protocol: str, url: str) -> None:
    """Hosts, ports, schemes and paths are completed as the protocol needs."""
    assert resolve_endpoint(endpoint, protocol).url == url


@pytest.mark.parametrize(
    "endpoint",
    ["", "http://", "ftp://host:1", "http://host:99999", "a b:1", "http://h:x", "http://h?q"],
)
def test_a_bad_endpoint_is_one_clear_sentence(endpoint: str) -> None:
    """What cannot be an endpoint is named in the error."""
    with pytest.raises(ExportError, match="bad OTLP endpoint") as raised:
        resolve_endpoint(endpoint, GRPC)
    assert "\n" not in str(raised.value)
    assert repr(endpoint) in str(raised.value)


def test_variables_and_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The traces variable beats the general one and is taken as it is; an argument beats both."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://base:1")
    assert resolve_endpoint(None, HTTP).url == "http://base:1/v1/traces"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:2/in")
    assert resolve_endpoint(None, HTTP).url == "http://traces:2/in"
    assert resolve_endpoint("flag:3", HTTP).url == "http://flag:3/v1/traces"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", HTTP)
    assert resolve_protocol(None) == HTTP
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", GRPC)
    assert resolve_protocol(None) == GRPC
    assert resolve_protocol(HTTP) == HTTP


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which variable is wrong."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
    with pytest.raises(ExportError, match="OTEL_EXPORTER_OTLP_PROTOCOL"):
        resolve_protocol(None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense://")
    with pytest.raises(ExportError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        resolve_endpoint(None, GRPC)


def test_no_scheme_with_insecure_false_means_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_EXPORTER_OTLP_INSECURE decides for an endpoint without a scheme."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "false")
    assert resolve_endpoint("host:1", GRPC).url == "https://host:1"


def test_headers() -> None:
    """Names become lower case; what cannot be sent is refused without showing its value."""
    assert check_headers({"X-Key": "v 1"}) == {"x-key": "v 1"}
    for bad in ({"a b": "v"}, {"": "v"}, {"é": "v"}):
        with pytest.raises(ExportError, match="header name"):
            check_headers(bad)
    with pytest.raises(ExportError) as raised:
        check_headers({"key": "secret\nvalue"})
    assert "secret" not in str(raised.value)
