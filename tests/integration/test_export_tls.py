"""TLS and mutual TLS to a receiver under a certificate authority of our own."""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest

from renacer.errors import ExportError
from renacer.export.entries import SyscallEntry
from renacer.export.otlp import OtlpExporter
from tests.integration.certificates import Authority, Identity
from tests.integration.faulty_receiver import Certificates, FaultyReceiver

PROTOCOLS = ["grpc", "http/protobuf"]
PREFIXES = ["OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"]

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


class Keys(NamedTuple):
    """Two authorities, and what the first one issued."""

    ours: str
    theirs: str
    server: Identity
    client: Identity


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Certificates that live as long as these tests."""
    folder = tmp_path_factory.mktemp("certificates")
    ours = Authority(folder, "ours")
    theirs = Authority(folder, "theirs")
    return Keys(ours.certificate, theirs.certificate, ours.issue("server"), ours.issue("client"))


def deliver(receiver: FaultyReceiver, protocol: str) -> OtlpExporter:
    """An exporter that had one span to send."""
    exporter = OtlpExporter(receiver.endpoint, protocol)
    exporter.record_syscall(SyscallEntry("getpid"))
    exporter.shutdown(3.0)
    return exporter


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_mutual_tls(
    protocol: str, prefix: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With authority, certificate and key from the variables, spans arrive.

    The machine's own trust, of another authority, does not stand in the way.
    """
    monkeypatch.setenv(prefix + "CERTIFICATE", keys.ours)
    monkeypatch.setenv(prefix + "CLIENT_CERTIFICATE", keys.client.certificate)
    monkeypatch.setenv(prefix + "CLIENT_KEY", keys.client.key)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", keys.theirs)
    with FaultyReceiver(protocol, Certificates(*keys.server, keys.ours)) as receiver:
        exporter = deliver(receiver, protocol)
        assert exporter.last_error == ""
        assert exporter.stats()["exported"] == 2
        assert sum(len(request.span_ids) for request in receiver.requests) == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tls_needs_no_client_certificate(
    protocol: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the authority alone, spans arrive at a receiver that asks for no certificate."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", keys.ours)
    with FaultyReceiver(protocol, Certificates(*keys.server)) as receiver:
        assert deliver(receiver, protocol).stats()["exported"] == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_wrong_authority_gets_nothing(
    protocol: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver under another authority gets no span, and the reason says whose fault it is."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", keys.theirs)
    with FaultyReceiver(protocol, Certificates(*keys.server)) as receiver:
        exporter = deliver(receiver, protocol)
        assert receiver.requests == []
    assert exporter.stats()["dropped"] == {"endpoint unreachable": 2}
    assert exporter.last_error == (
        "the receiver's certificate is not trusted (OTEL_EXPORTER_OTLP_CERTIFICATE names the "
        "authority to trust)"
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_missing_client_certificate_gets_nothing(
    protocol: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that asks for a certificate gets no span without one; all is counted."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", keys.ours)
    with FaultyReceiver(protocol, Certificates(*keys.server, keys.ours)) as receiver:
        exporter = deliver(receiver, protocol)
        assert receiver.requests == []
    stats = exporter.stats()
    assert stats["exported"] == 0
    assert stats["unconfirmed"] + sum(stats["dropped"].values()) == stats["produced"] == 2
    assert exporter.last_error


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"])
def test_an_unreadable_file_is_refused_at_once(
    protocol: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate or key that is not there is named before anything is traced."""
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", "/nonexistent.pem")
    message = rf"OTEL_EXPORTER_OTLP_{name}=/nonexistent\.pem: No such file or directory"
    with pytest.raises(ExportError, match=message):
        OtlpExporter("https://localhost:1", protocol)
    OtlpExporter("http://localhost:1", protocol)
