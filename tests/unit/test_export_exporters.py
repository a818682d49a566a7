"""The exporters without a receiver: counts, files, forks, switches and imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from renacer._native import lib
from renacer.errors import ExportError
from renacer.export.entries import Decision, SyscallEntry
from renacer.export.file import FileExporter
from renacer.export.manual import ManualSpans
from renacer.export.otlp import OtlpExporter
from renacer.export.outcome import Outcome
from renacer.export.sdk import SdkBridge
from renacer.export.sender import Sender


@pytest.fixture(autouse=True)
def _no_otel_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def encoded(count: int) -> bytes:
    """That many encoded spans."""
    manual = ManualSpans()
    for number in range(count):
        manual.syscall(SyscallEntry("getpid", result=number))
    return manual.take()[0]


def test_importing_costs_no_opentelemetry() -> None:
    """import renacer.export loads no OpenTelemetry package, nor protobuf, nor grpc."""
    script = (
        "import sys, renacer.export\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('opentelemetry', 'google', 'grpc')])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("make", ["OtlpExporter()", "FileExporter('/dev/null')", "SdkBridge(X())"])
def test_without_the_packages_the_error_says_what_to_install(make: str) -> None:
    """Making an exporter where OpenTelemetry is missing is an ExportError with a remedy."""
    script = (
        "import sys\n"
        "sys.modules['opentelemetry'] = None\n"
        "from renacer import FileExporter, OtlpExporter\n"
        "from renacer.export.sdk import SdkBridge\n"
        "from renacer.errors import ExportError\n"
        "class X:\n    def export(self, spans): ...\n"
        f"try:\n    {make}\n"
        "except ExportError as error:\n    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "install opentelemetry-sdk" in run.stdout


def test_jsonl_file_holds_one_traces_object_a_line(tmp_path: Path) -> None:
    """.jsonl gets OTLP/JSON lines with resource and scope; stats count what was written."""
    path = tmp_path / "out.jsonl"
    exporter = FileExporter(path, service_name="shop", resource_attributes={"n": 1})
    assert exporter.format == lib.RNC_OTLP_JSON
    exporter.submit(b'{"name":"a"},{"name":"b"}', 2)
    exporter.submit(b'{"name":"c"}', 1)
    assert exporter.force_flush()
    assert exporter.shutdown()
    exporter.submit(b'{"name":"late"}', 1)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    names = [
        span["name"]
        for line in lines
        for span in line["resourceSpans"][0]["scopeSpans"][0]["spans"]
    ]
    assert names == ["a", "b", "c"]
    assert lines[0]["resourceSpans"][0]["scopeSpans"][0]["scope"]["name"] == "renacer"
    found = lines[0]["resourceSpans"][0]["resource"]["attributes"]
    assert {"key": "service.name", "value": {"stringValue": "shop"}} in found
    assert {"key": "n", "value": {"intValue": "1"}} in found
    stats = exporter.stats()
    assert (stats["produced"], stats["exported"]) == (4, 3)
    assert stats["dropped"] == {"exporter is shut down": 1}


def test_protobuf_file_is_length_prefixed(tmp_path: Path) -> None:
    """Other names get messages behind 4-byte big-endian lengths, as the Collector writes them."""
    path = tmp_path / "out.otlp"
    exporter = FileExporter(path)
    exporter.submit(encoded(3), 3)
    exporter.submit(encoded(2), 2)
    exporter.shutdown()
    data, sizes = path.read_bytes(), []
    while data:
        size = int.from_bytes(data[:4], "big")
        message = TracesData.FromString(data[4 : 4 + size])
        sizes.append(len(message.resource_spans[0].scope_spans[0].spans))
        assert message.resource_spans[0].scope_spans[0].scope.name == "renacer"
        data = data[4 + size :]
    assert sizes == [3, 2]


def test_an_unwritable_file_is_refused_at_once(tmp_path: Path) -> None:
    """The path and the reason are in the error."""
    with pytest.raises(ExportError, match=r"missing/out: No such file"):
        FileExporter(tmp_path / "missing" / "out")


def test_a_full_disk_is_counted() -> None:
    """Spans that find no room are dropped with the reason, and flush and shutdown say so."""
    exporter = FileExporter("/dev/full")
    exporter.submit(encoded(3), 3)
    assert not exporter.force_flush()
    assert exporter.force_flush(), "a loss is reported once"
    assert not exporter.shutdown()
    assert exporter.stats()["dropped"] == {"No space left on device": 3}
    assert exporter.last_error == "cannot write /dev/full: No space left on device"


def test_sdk_exporters_get_real_spans() -> None:
    """An SDK exporter receives SDK spans with context, attributes, status and resource."""
    memory = InMemorySpanExporter()
    bridge = SdkBridge(memory, service_name="bridge")
    manual = ManualSpans()
    manual.syscall(SyscallEntry("close", "3", -9, 2.0))
    manual.decision(Decision("a", "b", "c"))
    manual.finish()
    bridge.submit(*manual.take())
    assert bridge.shutdown()
    call, root = memory.get_finished_spans()
    assert call.name == "syscall: close"
    assert call.parent is not None
    assert root.context is not None
    assert call.parent.span_id == root.context.span_id
    assert call.status.description == "Bad file descriptor"
    assert call.attributes is not None
    assert call.attributes["error.type"] == "EBADF"
    assert [event.name for event in root.events] == ["decision: a::b"]
    assert call.resource.attributes["service.name"] == "bridge"
    assert call.instrumentation_scope is not None
    assert call.instrumentation_scope.name == "renacer"


class Failing(SpanExporter):
    """Fails or raises, as it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def export(self, spans: Any) -> SpanExportResult:
        """See the class."""
        if self.error:
            raise self.error
        return SpanExportResult.FAILURE


def test_a_failing_sdk_exporter_is_counted() -> None:
    """FAILURE is unconfirmed, an exception is a drop with its words; neither is raised."""
    bridge = SdkBridge(Failing())
    bridge.submit(encoded(2), 2)
    assert not bridge.shutdown()
    assert bridge.stats()["unconfirmed"] == 2
    bridge = SdkBridge(Failing(ValueError("oh no")))
    bridge.submit(encoded(2), 2)
    assert not bridge.shutdown()
    assert bridge.stats()["dropped"] == {"export error": 2}
    assert bridge.last_error == "ValueError: oh no"


def test_a_thing_that_is_no_exporter_is_refused() -> None:
    """What has no export method is an ExportError."""
    with pytest.raises(ExportError, match="int has no export method"):
        SdkBridge(3)


def test_a_full_queue_drops_and_counts() -> None:
    """Batches beyond the queue's bytes are dropped by reason; the others are delivered."""
    gate, started = threading.Event(), threading.Event()
    delivered: list[int] = []

    def deliver(spans: bytes, count: int) -> Outcome:
        started.set()
        gate.wait(10)
        delivered.append(count)
        return Outcome()

    sender = Sender(deliver, lambda: None, queue_bytes=100)
    sender.submit(b"x" * 60, 1)
    assert started.wait(10)
    for count in (2, 3, 4):
        sender.submit(b"x" * 50, count)
    assert sender.stats()["dropped"] == {"export queue full": 4}
    assert sender.stats()["pending"] == 6
    gate.set()
    assert not sender.force_flush(10.0), "a dropped batch is no success"
    assert sender.force_flush(10.0), "and is reported once"
    sender.shutdown(1.0)
    assert delivered == [1, 2, 3]


def test_a_late_answer_does_not_count_twice() -> None:
    """A delivery that ends after shutdown gave up stays unconfirmed."""
    started, gate, done = threading.Event(), threading.Event(), threading.Event()

    def deliver(spans: bytes, count: int) -> Outcome:
        started.set()
        gate.wait(10)
        done.set()
        return Outcome()

    sender = Sender(deliver, lambda: None)
    sender.submit(b"x", 5)
    assert started.wait(10)
    assert not sender.shutdown(0.1)
    gate.set()
    assert done.wait(10)
    stats = sender.stats()
    assert (stats["exported"], stats["unconfirmed"], stats["pending"]) == (0, 5, 0)


def test_a_users_exporter_is_left_to_the_parent() -> None:
    """In a forked child no thread hands spans to a parent's exporter; they are counted as lost."""
    exporter = SdkBridge(InMemorySpanExporter())
    exporter.submit(encoded(1), 1)
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        exporter.submit(b"x", 3)
        names = [thread.name for thread in threading.enumerate()]
        os.write(write, json.dumps([exporter.stats(), names]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    stats, names = json.loads(os.read(read, 4096))
    assert stats["produced"] == 3
    assert sum(stats["dropped"].values()) == 3
    assert names == ["MainThread"]
    exporter.shutdown(0.6)


def test_a_file_is_left_to_the_parent(tmp_path: Path) -> None:
    """A forked child writes nothing into its parent's file, and counts what it drops."""
    exporter = FileExporter(tmp_path / "out.otlp")
    exporter.submit(encoded(1), 1)
    before = (tmp_path / "out.otlp").read_bytes()
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        exporter.submit(encoded(3), 3)
        done = [exporter.force_flush(), exporter.shutdown(), exporter.stats()]
        os.write(write, json.dumps(done).encode())
        os._exit(0)
    os.waitpid(child, 0)
    flushed, closed, stats = json.loads(os.read(read, 4096))
    assert not flushed
    assert not closed
    assert stats["produced"] == sum(stats["dropped"].values()) == 3
    assert (tmp_path / "out.otlp").read_bytes() == before
    assert exporter.shutdown()
    assert exporter.stats()["exported"] == 1


def test_lanes_open_for_a_receiver_that_confirms() -> None:
    """One batch at a time until one is confirmed, then several; a flush waits for the slowest."""
    lanes = threading.Barrier(3, timeout=10)
    first, alone = threading.Event(), threading.Event()
    running: list[int] = []

    def deliver(spans: bytes, count: int) -> Outcome:
        running.append(count)
        if count == 1:
            first.wait(10)
            if running == [1]:
                alone.set()
        else:
            lanes.wait()  # passes only when three deliveries are under way at a time
        return Outcome()

    def reopen() -> tuple[Any, Any]:
        return deliver, lambda: None

    sender = Sender(deliver, lambda: None, reopen=reopen, lanes=3)
    for count in (1, 2, 3, 4):
        sender.submit(b"x", count)
    first.set()
    assert sender.force_flush(20.0)
    assert alone.is_set()
    assert sender.stats()["exported"] == 10
    assert sender.shutdown(1.0)


def test_a_flush_waits_for_every_earlier_batch() -> None:
    """A batch that ends before an earlier one does not make the flush end."""
    gate = threading.Event()

    def deliver(spans: bytes, count: int) -> Outcome:
        if count == 2:
            gate.wait(10)
        return Outcome()

    sender = Sender(deliver, lambda: None, reopen=lambda: (deliver, lambda: None), lanes=2)
    sender.submit(b"x", 1)
    assert sender.force_flush(10.0)
    for count in (2, 3, 4):
        sender.submit(b"x", count)
    assert not sender.force_flush(0.5)
    assert sender.stats()["exported"] == 8
    gate.set()
    assert sender.force_flush(10.0)
    assert sender.stats()["exported"] == 10
    sender.shutdown(1.0)


def test_sdk_disabled_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_SDK_DISABLED=true: an exporter counts and drops."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    exporter = OtlpExporter("http://host:1")
    exporter.record_syscall(SyscallEntry("getpid"))
    exporter.shutdown()
    assert exporter.stats()["dropped"] == {"disabled by OTEL_SDK_DISABLED": 2}


def test_events_past_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_SPAN_EVENT_COUNT_LIMIT bounds the root's events; the rest are its dropped count."""
    monkeypatch.setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "2")
    manual = ManualSpans()
    for number in range(5):
        manual.event(f"e{number}", {})
    manual.finish()
    from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

    (root,) = ScopeSpans.FromString(manual.take()[0]).spans
    assert [event.name for event in root.events] == ["e0", "e1"]
    assert root.dropped_events_count == 3


@pytest.mark.parametrize("limit", [0, 2, 128])
@pytest.mark.parametrize(
    "variable", ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"]
)
def test_attributes_past_the_limit_are_counted(
    variable: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attributes of a span stay, the others are its dropped count; events keep theirs."""
    monkeypatch.setenv(variable, str(limit))
    manual = ManualSpans()
    manual.syscall(SyscallEntry("read", number=0))
    manual.event("e", {"a": 1, "b": "x", "c": True})
    manual.finish()
    from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

    call, root = ScopeSpans.FromString(manual.take()[0]).spans
    keys = ["syscall.name", "syscall.nr", "syscall.args", "syscall.result",
            "syscall.duration_us", "thread.id"]  # fmt: skip
    assert [pair.key for pair in call.attributes] == keys[:limit]
    assert call.dropped_attributes_count == max(0, len(keys) - limit)
    assert [pair.key for pair in root.events[0].attributes] == ["a", "b", "c"]


def test_value_length_limit_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT cuts attribute values at characters."""
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3")
    memory = InMemorySpanExporter()
    bridge = SdkBridge(memory)
    manual = ManualSpans()
    manual.syscall(SyscallEntry("écrire", "ééééé"))
    bridge.submit(*manual.take())
    bridge.shutdown()
    span: ReadableSpan = memory.get_finished_spans()[0]
    assert span.attributes is not None
    assert span.attributes["syscall.args"] == "ééé"
    assert span.name == "syscall: écrire"


def test_nonpositive_timeout_is_refused() -> None:
    """A timeout of zero or less is an ExportError, not an endless or instant export."""
    for timeout in (0, -1.0, float("nan")):
        with pytest.raises(ExportError, match="timeout"):
            OtlpExporter("http://host:1", timeout=timeout)


def test_a_hanging_stop_cannot_hold_up_shutdown() -> None:
    """An exporter whose own shutdown hangs costs no more than the time that was allowed."""
    gate = threading.Event()
    sender = Sender(lambda spans, count: Outcome(), lambda: gate.wait(30) and None)
    sender.submit(b"x", 5)
    started = time.monotonic()
    assert sender.shutdown(0.5)
    assert time.monotonic() - started < 10
    assert sender.shutdown(0.5), "a second shutdown does nothing"
    gate.set()


def test_a_raising_stop_is_reported() -> None:
    """An exporter whose own shutdown raises is no error of ours, but is told."""
    memory = Failing()
    memory.shutdown = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
    bridge = SdkBridge(memory)
    bridge.shutdown(1.0)
    assert bridge.last_error == "ZeroDivisionError: division by zero"
