"""A real program under trace, its spans in a real receiver."""

from __future__ import annotations

from pathlib import Path

import pytest

from renacer._native import ffi, lib
from renacer.capture.engine import Engine, original_environment
from renacer.export.otlp import OtlpExporter
from tests.integration.receiver import Receiver, Span

SCRIPT = "cat /does/not/exist; ( exit 3 ); exec /bin/true"


def traced(exporter: OtlpExporter, argv: list[str], max_spans: int = 0) -> tuple[int, int]:
    """Run ``argv`` under the engine into ``exporter``; its spans and those held back."""
    trace_id = (0x0102030405060708, 0x090A0B0C0D0E0F10)
    program, environment = argv[0].encode(), original_environment()
    with Engine(
        program, argv, environment, follow=True, trace_id=trace_id, parent_span_id=0x77
    ) as engine:
        config = ffi.new("rnc_spans_config *")
        config.format, config.trace_id = exporter.format, trace_id
        config.epoch_offset = lib.rnc_clock_epoch_offset()
        config.max_spans, config.chunk_bytes, config.chunk_spans = max_spans, 1 << 20, 4096
        sink = lib.rnc_spans_new(config)
        pump = lib.rnc_pump_new(engine.stream)
        lib.rnc_pump_add(pump, sink)
        engine.start()
        chunk = ffi.new("rnc_chunk *")
        state = lib.RNC_PUMP_IDLE
        while state != lib.RNC_PUMP_DONE:
            state = lib.rnc_pump_run(pump, 100)
            lib.rnc_sink_take(sink, chunk)
            if chunk.count:
                exporter.submit(bytes(ffi.buffer(chunk.data, chunk.size)), chunk.count)
        engine.wait()
        counts = ffi.new("rnc_spans_counts *")
        lib.rnc_spans_read_counts(sink, counts)
        lib.rnc_pump_free(pump)
        lib.rnc_sink_free(sink)
        return counts.spans, counts.held_back


def ancestors(span: Span, by_id: dict[str, Span]) -> list[Span]:
    """The span's parents up to the root."""
    chain = []
    while span.parent_id in by_id:
        span = by_id[span.parent_id]
        chain.append(span)
    return chain


@pytest.fixture
def spans(receiver: Receiver) -> list[Span]:
    """Every span of SCRIPT's run."""
    exporter = OtlpExporter(receiver.grpc)
    count, held_back = traced(exporter, ["/bin/sh", "-c", SCRIPT])
    assert held_back == 0
    assert exporter.shutdown()
    assert exporter.stats()["exported"] == count
    return receiver.wait(count)


def test_every_syscall_lies_in_its_process(spans: list[Span]) -> None:
    """Spans form one trace with unique ids, and each child lies within its parent's time."""
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == len(spans)
    assert {span.trace_id for span in spans} == {"0102030405060708090a0b0c0d0e0f10"}
    calls = [span for span in spans if span.name.startswith("syscall: ")]
    assert len(calls) > 50
    for call in calls:
        process = by_id[call.parent_id]
        assert process.name.startswith("process: ")
        assert process.start <= call.start < call.end <= process.end
        assert ancestors(call, by_id)[-1].parent_id == "0000000000000077"


def test_processes_say_what_they_were_and_how_they_ended(spans: list[Span]) -> None:
    """The shell is named after its last image; the failing children are errors under it."""
    processes = [span for span in spans if span.name.startswith("process: ")]
    (root,) = [span for span in processes if span.parent_id == "0000000000000077"]
    assert root.name == "process: true"
    assert root.attributes["process.exit.code"] == 0
    assert root.status == 0
    paths = [event.attributes["process.executable.path"] for event in root.events]
    assert len(paths) == 2
    assert Path(paths[-1]).name == "true"
    children = {span.name: span for span in processes if span is not root}
    assert all(child.parent_id == root.span_id for child in children.values())
    assert children["process: cat"].attributes["process.exit.code"] == 1
    assert children["process: cat"].message == "exit status 1"
    (subshell,) = [span for name, span in children.items() if name != "process: cat"]
    assert (subshell.message, subshell.events) == ("exit status 3", [])
    for process in processes:
        own = [span for span in spans if span.parent_id == process.span_id]
        calls = [span for span in own if span.name.startswith("syscall: ")]
        assert process.attributes["renacer.syscalls"] == len(calls)
        assert process.attributes["renacer.dropped"] == 0


def test_calls_show_arguments_results_and_errors(spans: list[Span]) -> None:
    """The failed open has its decoded path and ENOENT; the last call never returned."""
    (missing,) = [
        span
        for span in spans
        if span.name == "syscall: openat" and "/does/not/exist" in span.attributes["syscall.args"]
    ]
    assert missing.attributes["error.type"] == "ENOENT"
    assert (missing.status, missing.message) == (2, "No such file or directory")
    assert missing.attributes["syscall.result"] == -2
    duration_us = (missing.end - missing.start) / 1000
    assert missing.attributes["syscall.duration_us"] == pytest.approx(duration_us)
    endings = [span for span in spans if span.name == "syscall: exit_group"]
    assert len(endings) == 3
    assert {span.attributes["syscall.result"] for span in endings} == {"?"}


def test_spans_over_the_limit_are_held_back_and_counted(receiver: Receiver) -> None:
    """max_spans limits syscall spans only; the process spans say how many are missing."""
    exporter = OtlpExporter(receiver.http, "http/protobuf")
    count, held_back = traced(exporter, ["/bin/sh", "-c", SCRIPT], max_spans=20)
    assert held_back > 0
    assert exporter.shutdown()
    spans = receiver.wait(count)
    processes = [span for span in spans if span.name.startswith("process: ")]
    assert len(processes) == 3
    assert len(spans) == 23
    told = sum(span.attributes.get("renacer.spans.held_back", 0) for span in processes)
    assert told == held_back
