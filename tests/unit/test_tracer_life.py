"""How a tracer lives and ends: forks, exit, other exporters, threads."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from renacer import ComputeTracer
from renacer.compute.vector import Vector
from tests.unit.span_memory import SpanMemory, decode, in_child

SUM = "trueno: Vector::sum"


def test_a_forked_child_sends_its_own_spans_once(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """Parent and child each send what they recorded, in one trace, with no span and no id twice."""
    with tracer.operation("across"):
        vector.sum()

        def child() -> bytes:
            inherited = len(memory.encoded)
            vector.max()
            with tracer.operation("child's"):
                vector.min()
            tracer.shutdown()
            assert tracer.stats()["operations"] == 2
            return bytes(memory.encoded[inherited:])

        sent = decode(in_child(child))
    tracer.shutdown()
    across = memory.one("compute: across")
    assert sorted(span.name for span in sent) == [
        "compute: child's",
        "trueno: Vector::max",
        "trueno: Vector::min",
    ]
    assert sum(span.parent_span_id == across.span_id for span in sent) == 2
    assert {span.name for span in memory.spans()} == {SUM, "compute: across", "compute: session"}
    everything = [*memory.spans(), *sent]
    assert len({span.span_id for span in everything}) == len(everything)
    assert len({span.trace_id for span in everything}) == 1


def test_leaving_an_operation_in_a_child_does_not_send_it(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """An operation entered before a fork is the parent's alone to send."""

    def child() -> bytes:
        operation.__exit__(None, None, None)
        tracer.shutdown()
        return bytes(memory.encoded)

    operation = tracer.operation("shared")
    operation.__enter__()
    assert in_child(child) == b""
    operation.__exit__(None, None, None)
    tracer.shutdown()
    assert memory.one("compute: shared")


def test_a_multiprocessing_child_sends_what_it_traced(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """A worker process that ends at once still hands its spans over, plain operations too."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    class Sending(SpanMemory):
        def submit(self, spans: bytes, count: int) -> None:
            sender.send_bytes(spans)

    with ComputeTracer(Sending()):
        worker = context.Process(target=vector.sum)
        worker.start()
        assert receiver.poll(30)
        (span,) = decode(receiver.recv_bytes())
        worker.join(30)
    assert (span.name, worker.exitcode) == (SUM, 0)


FORKING = """
import os, sys
sys.path.insert(0, "tests/unit")
from tests.unit.span_memory import SpanMemory, in_child
from renacer import ComputeTracer, Vector

tracer = ComputeTracer(SpanMemory())
Vector([1.0]).sum()
assert len(os.listdir("/proc/self/task")) == 2
print(in_child(lambda: str(len(os.listdir("/proc/self/task"))).encode()).decode())
"""


def test_a_child_that_traces_nothing_starts_no_thread() -> None:
    """A forked child has the forking thread alone until it traces something itself."""
    result = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, check=False
    )
    assert result.stdout == "1\n", result.stderr


PROGRAM = """
import sys
sys.path.insert(0, "tests/unit")
from renacer.compute.vector import Vector
from renacer import ComputeTracer
from renacer._native import lib

class Printing:
    format = lib.RNC_OTLP_JSON
    def submit(self, spans, count): sys.stdout.write(spans.decode()); sys.stdout.flush()
    def force_flush(self, timeout_s): return True
    def shutdown(self, timeout_s): pass

tracer = ComputeTracer(Printing())
tracer.traced_sum(Vector([1.0]), "last words")
assert not any(name.startswith("opentelemetry") for name in sys.modules)
"""


def test_what_is_open_at_exit_is_sent() -> None:
    """A program that never shuts its tracer down loses nothing, and imports no OpenTelemetry."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    for name in (SUM, "compute: last words", "compute: session"):
        assert name in result.stdout


def test_an_sdk_exporter_gets_the_sdks_spans(vector: Vector) -> None:
    """Any OpenTelemetry SpanExporter can stand in, and is shut down with the tracer."""
    exporter = InMemorySpanExporter()
    with ComputeTracer(exporter) as tracer:
        tracer.traced_sum(vector, "totals")
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {SUM, "compute: totals", "compute: session"}
    assert spans[SUM].parent.span_id == spans["compute: totals"].context.span_id
    assert spans[SUM].attributes["compute.elements"] == 4
    assert exporter._stopped


def test_flushing_and_ending_at_once(memory: SpanMemory, vector: Vector) -> None:
    """Threads that record and flush while the tracer ends neither crash nor hang."""
    tracer = ComputeTracer(memory)
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            tracer.traced_sum(vector, "busy")
            tracer.trace_operation("sum", None, vector, vector.sum)
            tracer.force_flush(5)

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(work) for _ in range(3)]
        time.sleep(0.05)
        tracer.shutdown()
        done.set()
        for future in futures:
            future.result(30)
    assert tracer.stats()["recorded"] == len(memory.named(SUM))
