"""Compute operations as a real receiver sees them: who ran, on what, under which parent."""

from __future__ import annotations

import array
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import renacer
from renacer._native import lib, string, table
from tests.integration.command import renacer as command
from tests.integration.receiver import Receiver, Span

OPERATIONS = {
    "sum": (),
    "mean": (),
    "variance": (),
    "stddev": (),
    "min": (),
    "max": (),
    "percentile": (95.0,),
    "percentiles": ([50.0, 95.0],),
    "argmin": (),
    "argmax": (),
    "describe": (),
    "zscore": (),
}
TYPECODES = {"f32": "f", "f64": "d"}


@pytest.fixture
def exporter(receiver: Receiver) -> Iterator[renacer.OtlpExporter]:
    """An exporter to the receiver, shut down at the end."""
    exporter = renacer.OtlpExporter(receiver.grpc)
    yield exporter
    exporter.shutdown()


# The best instruction set there are kernels of, on this CPU or not: what "fallback" is below of.
BEST = next(string(row.name) for row in table(lib.rnc_isa) if row.built)


def vector(elements: int, data_type: str = "f64") -> renacer.Vector:
    """0, 1, 2, … in the given type."""
    return renacer.Vector(array.array(TYPECODES[data_type], range(elements)))


def operations(spans: list[Span]) -> list[Span]:
    """The spans of single operations."""
    return [span for span in spans if span.name.startswith("trueno: ")]


# ---- each operation, each type ------------------------------------------------------------------


@pytest.mark.parametrize("data_type", TYPECODES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_arrives_with_what_really_ran(
    receiver: Receiver, exporter: renacer.OtlpExporter, name: str, data_type: str
) -> None:
    """Backend and kernel on the span are those of last_execution(), and all else is set."""
    data = vector(10_000, data_type)
    with renacer.ComputeTracer(exporter) as tracer, tracer.operation("work"):
        getattr(data, name)(*OPERATIONS[name])
        ran = renacer.last_execution()
    assert ran is not None
    spans = receiver.wait(2)
    [span] = operations(spans)
    [work] = [span for span in spans if span.name == "compute: work"]
    assert span.name == f"trueno: Vector::{name}"
    assert span.parent_id == work.span_id
    expected = {
        "compute.operation": name,
        "compute.library": "trueno",
        "compute.backend": ran.backend.value,
        "compute.kernel": ran.kernel,
        "compute.elements": 10_000,
        "compute.data_type": data_type,
        "compute.result": "success",
        "compute.fallback": ran.fallback,
        "compute.parent": "work",
        "compute.duration_ns": ran.duration_ns,
    }
    assert {key: span.attributes.get(key) for key in expected} == expected
    assert span.end - span.start == ran.duration_ns
    assert span.attributes.get("compute.fallback_reason", "") == ran.reason
    [event] = span.events
    assert event.name == "backend_selected"
    assert event.attributes["backend"] == ran.backend.value
    assert event.attributes["vector_size"] == 10_000
    assert span.status == 1
    assert span.attributes.get("compute.percentile") == (95.0 if name == "percentile" else None)


def test_a_batch_arrives_as_one_span(receiver: Receiver, exporter: renacer.OtlpExporter) -> None:
    """Many vectors are one operation, with their number and all their elements."""
    batch = renacer.Batch([vector(100), vector(200), vector(300)])
    with renacer.ComputeTracer(exporter) as tracer, tracer.operation("work"):
        batch.reduce("stddev", 1)
    [span] = operations(receiver.wait(2))
    expected = {"compute.batch": 3, "compute.elements": 600, "compute.ddof": 1.0}
    assert span.name == "trueno: Vector::stddev"
    assert {key: span.attributes.get(key) for key in expected} == expected


@pytest.mark.parametrize("name", ["dot", "covariance", "correlation"])
def test_an_operation_on_a_pair_arrives(
    receiver: Receiver, exporter: renacer.OtlpExporter, name: str
) -> None:
    """A pair is one span of one vector's elements."""
    with renacer.ComputeTracer(exporter) as tracer, tracer.operation("work"):
        getattr(vector(500), name)(vector(500))
    [span] = operations(receiver.wait(2))
    assert (span.name, span.attributes["compute.elements"]) == (f"trueno: Vector::{name}", 500)


@pytest.mark.parametrize("backend", renacer.backends())
def test_a_forced_backend_is_the_one_on_the_span(
    receiver: Receiver, exporter: renacer.OtlpExporter, backend: str
) -> None:
    """use_backend decides what runs, and the span says that this was forced, not found best."""
    with renacer.ComputeTracer(exporter), renacer.use_backend(backend):
        vector(1000).sum()
    [span] = operations(receiver.wait(2))
    assert span.attributes["compute.backend"] == backend
    best = backend == BEST
    assert span.attributes["compute.fallback"] is not best
    assert ("forced" in span.attributes.get("compute.fallback_reason", "")) is not best


def test_a_failed_operation_is_an_error(receiver: Receiver, exporter: renacer.OtlpExporter) -> None:
    """An empty vector's mean raises, and its span says so."""
    with renacer.ComputeTracer(exporter), pytest.raises(renacer.EmptyVector):
        renacer.Vector([]).mean()
    [span] = operations(receiver.wait(2))
    assert span.status == 2
    assert span.attributes["compute.result"] != "success"


# ---- the matrix of the specification ------------------------------------------------------------


def test_matrix_basic_tracing(receiver: Receiver, exporter: renacer.OtlpExporter) -> None:
    """sum, mean and stddev make three operation spans."""
    data = vector(100)
    with renacer.ComputeTracer(exporter) as tracer:
        tracer.traced_sum(data, "totals")
        tracer.traced_mean(data, "totals")
        tracer.traced_stddev(data, "totals")
    assert len(operations(receiver.settle())) == 3


def test_matrix_no_otlp() -> None:
    """Without an exporter the same calls work and make no span."""
    data = vector(100)
    with renacer.ComputeTracer(None) as tracer:
        assert tracer.traced_sum(data, "totals") == 4950.0
        assert tracer.traced_mean(data, "totals") == 49.5
        assert tracer.stats()["recorded"] == 0


def test_matrix_statistics_mode(receiver: Receiver) -> None:
    """Extended statistics of a run make seven operation spans or more."""
    command("--otlp-endpoint", receiver.grpc, "--trace-compute", "-c", "--stats-extended", "true")
    assert len(operations(receiver.settle())) >= 7


def test_matrix_statistics_without_otlp() -> None:
    """--trace-compute with nowhere to send to prints its tables and crashes nowhere."""
    result = command("--trace-compute", "-c", "--stats-extended", "true")
    assert result.returncode == 0
    assert "latency in µs" in result.stderr


def test_matrix_backend_detection(receiver: Receiver, exporter: renacer.OtlpExporter) -> None:
    """A large vector is tagged with the best instruction set of this CPU."""
    with renacer.ComputeTracer(exporter):
        vector(10_000, "f32").sum()
    [span] = operations(receiver.wait(2))
    assert span.attributes["compute.backend"] == renacer.backends()[0]
    assert span.attributes["compute.fallback"] is (renacer.backends()[0] != BEST)


# ---- one trace ----------------------------------------------------------------------------------


def test_operations_outside_any_share_one_root(
    receiver: Receiver, exporter: renacer.OtlpExporter
) -> None:
    """Never one trace per operation: loose ones hang under the tracer's own root."""
    with renacer.ComputeTracer(exporter):
        for _ in range(5):
            vector(10).sum()
    spans = receiver.wait(6)
    assert len({span.trace_id for span in spans}) == 1
    [root] = [span for span in spans if not span.parent_id]
    assert {span.parent_id for span in operations(spans)} == {root.span_id}


def test_threads_keep_their_own_parents(receiver: Receiver, exporter: renacer.OtlpExporter) -> None:
    """An operation of one thread never adopts another thread's children."""

    def work(name: str) -> None:
        with tracer.operation(name):
            for _ in range(50):
                vector(100).sum()

    with renacer.ComputeTracer(exporter) as tracer:
        threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    spans = receiver.wait(204)
    parents = {span.span_id: span.name for span in spans}
    for span in operations(spans):
        assert parents[span.parent_id] == f"compute: {span.attributes['compute.parent']}"
    assert len(operations(spans)) == 200


def test_the_callers_opentelemetry_span_is_the_parent(
    receiver: Receiver, exporter: renacer.OtlpExporter
) -> None:
    """A program's own OpenTelemetry span and our operations are one trace."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    with (
        renacer.ComputeTracer(exporter) as tracer,
        provider.get_tracer("app").start_as_current_span("request") as request,
        tracer.operation("inside"),
    ):
        context = request.get_span_context()
        vector(10).sum()
    spans = receiver.wait(2)
    [inside] = [span for span in spans if span.name == "compute: inside"]
    assert inside.trace_id == trace.format_trace_id(context.trace_id)
    assert inside.parent_id == trace.format_span_id(context.span_id)


def test_any_sdk_exporter_can_stand_in() -> None:
    """An in-memory SpanExporter of the SDK gets the same spans as real SDK objects."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    memory = InMemorySpanExporter()
    with renacer.ComputeTracer(memory) as tracer, tracer.operation("work"):
        vector(1000).mean()
    spans = {span.name: span for span in memory.get_finished_spans()}
    mean, work = spans["trueno: Vector::mean"], spans["compute: work"]
    assert mean.parent is not None
    assert mean.parent.span_id == work.context.span_id
    assert mean.attributes is not None
    assert mean.attributes["compute.backend"] in renacer.backends()


def test_a_program_that_forgets_to_shut_down_loses_nothing(receiver: Receiver) -> None:
    """The interpreter's end flushes what a tracer still holds."""
    code = (
        "import renacer, sys\n"
        "tracer = renacer.ComputeTracer(renacer.OtlpExporter(sys.argv[1]))\n"
        "for _ in range(100): renacer.Vector([1.0, 2.0]).sum()\n"
    )
    subprocess.run([sys.executable, "-c", code, receiver.grpc], check=True, timeout=60)
    assert len(operations(receiver.wait(101))) == 100
