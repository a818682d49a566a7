"""The exporters against a real receiver, and against endpoints that fail in every usual way."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from renacer.export.entries import ComputeOperation, Decision, SyscallEntry
from renacer.export.file import FileExporter
from renacer.export.manual import ManualSpans
from renacer.export.otlp import OtlpExporter
from renacer.export.sdk import SdkBridge
from tests.integration.receiver import Receiver, free_port

PROTOCOLS = ["grpc", "http/protobuf"]
COUNTS = ("exported", "rejected", "spooled", "unconfirmed", "pending")


def encoded(count: int, name: str = "getpid") -> bytes:
    """That many encoded spans."""
    manual = ManualSpans()
    for number in range(count):
        manual.syscall(SyscallEntry(name, result=number, duration_us=1.0))
    spans, made = manual.take()
    assert made == count
    return spans


def assert_adds_up(stats: dict[str, Any]) -> None:
    """The ledger's promise."""
    accounted = sum(stats[key] for key in COUNTS) + sum(stats["dropped"].values())
    assert stats["produced"] == accounted


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_recorded_entries_arrive_as_one_trace(receiver: Receiver, protocol: str) -> None:
    """What was recorded by hand arrives whole: ids, parents, times, attributes, events, status."""
    before = time.time_ns()
    exporter = OtlpExporter(
        receiver.endpoint(protocol),
        protocol,
        service_name="shop",
        resource_attributes={"renacer.engine": "ptrace"},
    )
    exporter.record_syscall(SyscallEntry("openat", 'AT_FDCWD, "/x\udcff"', -2, 12.5, number=257))
    exporter.record_compute_operation(
        ComputeOperation("Vector::sum", "totals", "AVX2", 1000, 3.25, False, "no luck")
    )
    exporter.record_decision(Decision("inline", "hot_loop", "yes"))
    exporter.add_span_event("note", {"n": 1, "half": 0.5, "ok": True, "text": "ü\u2028"})
    assert exporter.shutdown()
    after = time.time_ns()
    assert exporter.stats() == {
        "produced": 3,
        "exported": 3,
        "rejected": 0,
        "dropped": {},
        "spooled": 0,
        "unconfirmed": 0,
        "pending": 0,
    }

    spans = {span.name.partition(" ")[0]: span for span in receiver.wait(3)}
    root, call, compute = spans["process:"], spans["syscall:"], spans["trueno:"]
    assert len({span.trace_id for span in spans.values()}) == 1
    assert int(root.trace_id, 16) != 0
    assert root.parent_id == ""
    assert call.parent_id == compute.parent_id == root.span_id
    assert len({root.span_id, call.span_id, compute.span_id}) == 3
    for span in spans.values():
        assert root.start <= span.start < span.end <= root.end
        assert before - 10**7 <= span.start
        assert span.end <= after + 10**7
        assert span.scope == "renacer"
        assert span.resource["service.name"] == "shop"
        assert span.resource["renacer.engine"] == "ptrace"
        assert span.resource["telemetry.sdk.name"] == "opentelemetry"
    assert call.name == "syscall: openat"
    assert call.attributes["syscall.args"] == 'AT_FDCWD, "/x\ufffd"'
    assert call.attributes["syscall.nr"] == 257
    assert call.attributes["syscall.result"] == -2
    assert call.attributes["syscall.duration_us"] == 12.5
    assert call.attributes["error.type"] == "ENOENT"
    assert (call.status, call.message) == (2, "No such file or directory")
    assert compute.attributes["compute.backend"] == "AVX2"
    assert (compute.status, compute.message) == (2, "no luck")
    assert [event.name for event in root.events] == ["decision: inline::hot_loop", "note"]
    assert root.events[0].attributes["decision.result"] == "yes"
    assert root.events[1].attributes == {"n": 1, "half": 0.5, "ok": True, "text": "ü\u2028"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_hundred_thousand_spans_arrive(receiver: Receiver, protocol: str) -> None:
    """Every one of 100,000 spans arrives once, and the exporter knows it."""
    exporter = OtlpExporter(receiver.endpoint(protocol), protocol)
    sent = set()
    manual = ManualSpans()
    for batch in range(50):
        for number in range(2000):
            manual.syscall(SyscallEntry("read", result=batch * 2000 + number))
            sent.add(batch * 2000 + number)
        exporter.submit(*manual.take())
    assert exporter.shutdown(30.0)
    assert exporter.stats()["exported"] == 100_000
    spans = receiver.wait(100_000, 60.0)
    assert len(spans) == 100_000
    assert {span.attributes["syscall.result"] for span in spans} == sent
    assert len({span.span_id for span in spans}) == 100_000


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("compression", ["gzip"])
def test_environment_settings_reach_the_official_exporter(
    receiver: Receiver, protocol: str, compression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endpoint, protocol, compression and resource come from the OTEL_* variables."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint(protocol))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from-env")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=core")
    exporter = OtlpExporter()
    exporter.submit(encoded(10), 10)
    assert exporter.force_flush(10.0)
    exporter.shutdown()
    spans = receiver.wait(10)
    assert len(spans) == 10
    assert spans[0].resource["service.name"] == "from-env"
    assert spans[0].resource["team"] == "core"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_refused_endpoint_is_counted_within_the_time(
    protocol: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """With nobody listening, shutdown ends in time, all is counted, nothing is printed."""
    exporter = OtlpExporter(f"http://127.0.0.1:{free_port()}", protocol)
    for _ in range(3):
        exporter.submit(encoded(7), 7)
    started = time.monotonic()
    assert not exporter.shutdown(2.0)
    assert time.monotonic() - started < 3.0
    stats = exporter.stats()
    assert_adds_up(stats)
    assert stats["produced"] == sum(stats["dropped"].values()) == 21
    assert stats["dropped"]["endpoint unreachable"] == 7
    assert "refused" in exporter.last_error.lower()
    assert capfd.readouterr() == ("", "")


@contextmanager
def silent_server() -> Iterator[str]:
    """Accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    kept.append(server.accept()[0])
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        for connection in kept:
            connection.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_silent_endpoint_cannot_hold_up_shutdown(protocol: str) -> None:
    """A receiver that never answers costs the allowed time, and its batch is unconfirmed."""
    with silent_server() as endpoint:
        exporter = OtlpExporter(endpoint, protocol)
        exporter.submit(encoded(5), 5)
        exporter.submit(encoded(6), 6)
        assert not exporter.force_flush(0.3)
        assert exporter.stats()["pending"] == 11
        started = time.monotonic()
        assert not exporter.shutdown(1.5)
        assert time.monotonic() - started < 2.5
        stats = exporter.stats()
    assert_adds_up(stats)
    assert stats["unconfirmed"] == 5
    assert stats["dropped"] == {"not sent before shutdown": 6}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_dying_receiver_is_reported_truthfully(receiver: Receiver, protocol: str) -> None:
    """Spans before the receiver's death are confirmed, those after it are not."""
    exporter = OtlpExporter(receiver.endpoint(protocol), protocol)
    exporter.submit(encoded(4), 4)
    assert exporter.force_flush(10.0)
    receiver.kill()
    exporter.submit(encoded(9), 9)
    assert not exporter.shutdown(2.0)
    stats = exporter.stats()
    assert_adds_up(stats)
    assert stats["exported"] == 4
    assert stats["unconfirmed"] + sum(stats["dropped"].values()) == 9


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_receiver_that_comes_back_gets_the_spans(receiver: Receiver, protocol: str) -> None:
    """The official retry loop carries a batch over a restart of the receiver."""
    exporter = OtlpExporter(receiver.endpoint(protocol), protocol)
    exporter.submit(encoded(4), 4)
    assert exporter.force_flush(10.0)
    assert len(receiver.wait(4)) == 4
    receiver.kill()
    exporter.submit(encoded(9), 9)
    time.sleep(0.2)
    receiver.start()
    assert exporter.force_flush(9.0)
    assert exporter.shutdown()
    assert len(receiver.wait(13)) == 13


@contextmanager
def official_server(answer: Any) -> Iterator[str]:
    """A server on the official servicer that answers with ``answer(request, context)``."""
    import grpc
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service

    class Servicer(service.TraceServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:
            return answer(request, context)

    server = grpc.server(futures.ThreadPoolExecutor(2))
    service.add_TraceServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_partial_success_is_read() -> None:
    """Spans the receiver rejects within an accepted batch are counted, with its words."""
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages

    def reject_three(request: Any, context: Any) -> Any:
        partial = messages.ExportTracePartialSuccess(rejected_spans=3, error_message="too old")
        return messages.ExportTraceServiceResponse(partial_success=partial)

    with official_server(reject_three) as endpoint:
        exporter = OtlpExporter(endpoint)
        exporter.submit(encoded(10), 10)
        assert not exporter.force_flush(5.0)
        assert not exporter.shutdown(2.0)
    stats = exporter.stats()
    assert_adds_up(stats)
    assert (stats["exported"], stats["rejected"]) == (7, 3)
    assert exporter.last_error == "too old"


def test_refusals_and_headers() -> None:
    """A refusal that is no use to retry is dropped at once; the headers reached the receiver."""
    import grpc

    seen: dict[str, str] = {}

    def refuse(request: Any, context: Any) -> Any:
        seen.update(dict(context.invocation_metadata()))
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you")

    with official_server(refuse) as endpoint:
        exporter = OtlpExporter(endpoint, headers={"X-Api-Key": "k1"})
        exporter.submit(encoded(10), 10)
        assert not exporter.force_flush(5.0)
        exporter.shutdown(1.0)
    assert seen["x-api-key"] == "k1"
    assert exporter.stats()["dropped"] == {"refused by the receiver (UNAUTHENTICATED)": 10}
    assert exporter.last_error == "UNAUTHENTICATED: who are you"


def _move_grpc_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.exporter.otlp.proto.grpc.exporter import OTLPExporterMixin as Mixin
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    monkeypatch.setattr(Mixin, "_deliver", Mixin._export, raising=False)
    monkeypatch.setattr(OTLPSpanExporter, "export", lambda self, spans: self._deliver(spans))
    monkeypatch.delattr(Mixin, "_export")


def _move_http_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.exporter.otlp.common.http import _OTLPHTTPClient as Client
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult as Result

    def export(self: Any, spans: Any) -> Result:
        sent = self._client.deliver(encode_spans(spans).SerializeToString())
        return Result.SUCCESS if sent.success else Result.FAILURE

    monkeypatch.setattr(Client, "deliver", Client.export, raising=False)
    monkeypatch.setattr(OTLPSpanExporter, "export", export)
    monkeypatch.delattr(Client, "export")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_changed_hooks_fall_back_to_the_public_export(
    receiver: Receiver, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the private hooks do not fit, the same spans go through the public export."""
    (_move_grpc_hook if protocol == "grpc" else _move_http_hook)(monkeypatch)
    exporter = OtlpExporter(receiver.endpoint(protocol), protocol, service_name="moved")
    exporter.submit(encoded(5), 5)
    assert exporter.shutdown()
    assert exporter.stats()["exported"] == 5
    spans = receiver.wait(5)
    assert [span.name for span in spans] == ["syscall: getpid"] * 5
    assert spans[0].resource["service.name"] == "moved"


def test_an_sdk_exporter_gets_sdk_spans(receiver: Receiver) -> None:
    """The official exporter behind the bridge sends the same spans to a real receiver."""
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    bridge = SdkBridge(OTLPSpanExporter(receiver.grpc, insecure=True), service_name="bridge")
    bridge.submit(encoded(5), 5)
    assert bridge.shutdown()
    spans = receiver.wait(5)
    assert [span.attributes["syscall.result"] for span in spans] == [0, 1, 2, 3, 4]
    assert spans[0].resource["service.name"] == "bridge"


def test_a_protobuf_file_replays_into_a_receiver(receiver: Receiver, tmp_path: Path) -> None:
    """Each length-prefixed message of a file is a whole export request."""
    import urllib.request

    path = tmp_path / "spans.otlp"
    exporter = FileExporter(path)
    exporter.submit(encoded(3), 3)
    exporter.submit(encoded(2), 2)
    assert exporter.shutdown()
    data = path.read_bytes()
    while data:
        size = int.from_bytes(data[:4], "big")
        request = urllib.request.Request(
            receiver.http + "/v1/traces",
            data[4 : 4 + size],
            {"Content-Type": "application/x-protobuf"},
        )
        urllib.request.urlopen(request, timeout=5).close()
        data = data[4 + size :]
    assert len(receiver.wait(5)) == 5
