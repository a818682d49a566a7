"""The compute tracer: parents, errors, threads, tasks, forks, flushing and ending."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from opentelemetry import trace as otel
from opentelemetry.trace import NonRecordingSpan, TraceFlags
from opentelemetry.trace import SpanContext as OtelContext

from renacer import ComputeTracer, Matrix, SpanContext
from renacer._native import ffi, lib, string, table
from renacer.compute.vector import Vector
from renacer.errors import DivisionByZero, EmptyVector, InvalidInput
from tests.unit.span_memory import SpanMemory, attributes

SUM = "trueno: Vector::sum"


def otel_span(trace_id: int, span_id: int, sampled: bool = True) -> NonRecordingSpan:
    """A span of the caller's, as OpenTelemetry knows it."""
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return NonRecordingSpan(OtelContext(trace_id, span_id, is_remote=False, trace_flags=flags))


def test_one_trace_and_one_root(memory: SpanMemory, tracer: ComputeTracer, vector: Vector) -> None:
    """Operations with no parent of their own share one root span, and everything one trace id."""
    vector.sum()
    tracer.traced_mean(vector, "mine")
    with tracer.operation("outer"):
        vector.max()
    tracer.shutdown()
    root = memory.one("compute: session")
    assert root.parent_span_id == b""
    for name in (SUM, "compute: mine", "compute: outer"):
        assert memory.one(name).parent_span_id == root.span_id
    assert len({span.trace_id for span in memory.spans()}) == 1
    assert len({span.span_id for span in memory.spans()}) == len(memory.spans()) == 6


def test_nested_operations_are_children(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """A span's parent is the operation it ran in, and its times lie inside its parent's."""
    with tracer.operation("outer"), tracer.operation("inner"):
        vector.sum()
    tracer.shutdown()
    names = [SUM, "compute: inner", "compute: outer", "compute: session"]
    spans = [memory.one(name) for name in names]
    for child, parent in pairwise(spans):
        assert child.parent_span_id == parent.span_id
        assert parent.start_time_unix_nano <= child.start_time_unix_nano
        assert child.end_time_unix_nano <= parent.end_time_unix_nano
    assert attributes(spans[0])["compute.parent"] == "inner"


def test_no_root_without_need(memory: SpanMemory, vector: Vector) -> None:
    """A tracer under which nothing ran sends nothing."""
    ComputeTracer(memory).shutdown()
    assert memory.spans() == []


def test_a_given_parent_replaces_the_root(memory: SpanMemory, vector: Vector) -> None:
    """With a parent everything hangs under it, and no root span is made."""
    parent = SpanContext(0xABC0000000000000000000000000123, 0xFEDCBA9876543210)
    with ComputeTracer(memory, parent=parent) as tracer:
        vector.sum()
        tracer.traced_sum(vector, "mine")
    assert not memory.named("compute: session")
    assert {span.trace_id.hex() for span in memory.spans()} == {f"{parent.trace_id:032x}"}
    assert memory.named(SUM)[0].parent_span_id.hex() == f"{parent.span_id:016x}"
    assert memory.one("compute: mine").parent_span_id.hex() == f"{parent.span_id:016x}"


def test_an_exception_is_an_error_and_goes_on(memory: SpanMemory, tracer: ComputeTracer) -> None:
    """A failing with-block makes its span ERROR with type and message, and raises as before."""
    with pytest.raises(KeyError), tracer.operation("fails"):
        raise KeyError("lost")
    with pytest.raises(EmptyVector):
        tracer.traced_mean(Vector([]), "empty")
    tracer.shutdown()
    status = memory.one("compute: fails").status
    assert (status.code, status.message) == (status.STATUS_CODE_ERROR, "KeyError: 'lost'")
    assert memory.one("compute: empty").status.code == status.STATUS_CODE_ERROR
    assert memory.one("trueno: Vector::mean").status.code == status.STATUS_CODE_ERROR


def test_every_operation_has_its_traced_method(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """Each row of the operation table is traced by a method that gives the vector's own result."""
    assert tracer.traced_percentile(vector, 95.0, "p") == vector.percentile(95.0)
    assert tracer.traced_variance(vector, "v") == vector.variance()
    assert tracer.traced_variance(vector, 1, "w") == vector.variance(ddof=1)
    assert tracer.traced_stddev(vector, operation_name="s", ddof=1) == vector.stddev(ddof=1)
    assert tracer.traced_sum([1, 2], "list") == 3.0
    assert tracer.traced_norm(vector, "linf", "n") == vector.norm("linf")
    assert tracer.traced_dot(vector, vector, "d") == vector.dot(vector)
    assert tracer.traced_matmul([[2.0]], Matrix([[3.0]]), "m").tolist() == [[6.0]]
    for name in (string(row.name) for row in table(lib.rnc_op)):
        method = name.partition("_")[0] if name.startswith("norm_") else name
        assert hasattr(Vector, method) or hasattr(Matrix, method)
        assert callable(getattr(ComputeTracer, f"traced_{method}"))
    with pytest.raises(DivisionByZero):
        tracer.traced_variance(vector, 4, "too few")
    with pytest.raises(InvalidInput):
        tracer.traced_sum(vector)


def test_trace_operation_is_one_span(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """A traced callable is one span with the backend stamped inside it, below its operation."""
    assert tracer.trace_operation("sum", "totals", vector, vector.sum) == 10.0
    tracer.force_flush()
    assert attributes(memory.one(SUM))["compute.backend"] != "Unknown"
    assert memory.one(SUM).parent_span_id == memory.one("compute: totals").span_id
    assert tracer.stats()["operations"] == 1


def test_trace_operation_without_a_kernel(memory: SpanMemory, tracer: ComputeTracer) -> None:
    """Code that ran no kernel of ours is Unknown, and its failure an ERROR that goes on."""
    vector = Vector([1.0])
    assert tracer.trace_operation("max", None, vector, lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        tracer.trace_operation("min", "broken", vector, lambda: 1 // 0)
    tracer.trace_operation("fft", None, vector, vector.sum)
    tracer.shutdown()
    assert attributes(memory.one("trueno: Vector::max"))["compute.backend"] == "Unknown"
    failed = memory.one("trueno: Vector::min").status
    assert failed.code == failed.STATUS_CODE_ERROR
    assert failed.message.startswith("ZeroDivisionError: ")
    other = attributes(memory.one("trueno: Vector::fft"))
    assert (other["compute.operation"], other["compute.kernel"]) == ("fft", "sum_f64_scalar")
    assert memory.one("compute: broken").status.code == failed.STATUS_CODE_ERROR


def test_each_thread_has_its_own_parents(memory: SpanMemory, vector: Vector) -> None:
    """Kernels that run on many threads at once hang under the operation of their own thread."""
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        with tracer.operation(f"thread {number}"):
            barrier.wait()
            for _ in range(50):
                vector.sum()

    with ComputeTracer(memory) as tracer:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number in range(4):
        operation = memory.one(f"compute: thread {number}")
        children = [s for s in memory.named(SUM) if s.parent_span_id == operation.span_id]
        assert len(children) == 50
        assert {attributes(span)["compute.parent"] for span in children} == {f"thread {number}"}
    assert len({span.trace_id for span in memory.spans()}) == 1


def test_tasks_that_take_turns_keep_their_own_parents(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """An operation entered in a task is a child of that task's own operation."""

    async def work(number: int) -> None:
        with tracer.operation(f"task {number}"):
            await asyncio.sleep(0)
            with tracer.operation(f"step {number}"):
                vector.sum()
            await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*(work(number) for number in range(5)))

    asyncio.run(main())
    vector.max()
    tracer.shutdown()
    for number in range(5):
        step = memory.one(f"compute: step {number}")
        assert step.parent_span_id == memory.one(f"compute: task {number}").span_id
        assert sum(span.parent_span_id == step.span_id for span in memory.named(SUM)) == 1
    root = memory.one("compute: session")
    assert memory.one("trueno: Vector::max").parent_span_id == root.span_id


def test_the_callers_opentelemetry_span_is_the_parent(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """An operation joins the current OpenTelemetry span's trace; nested ones stay below it."""
    with otel.use_span(otel_span(0xAA, 0xBB)), tracer.operation("outer"):
        with tracer.operation("inner"):
            vector.sum()
        with otel.use_span(otel_span(0xAA, 0xCC)), tracer.operation("newer"):
            pass
    tracer.shutdown()
    outer = memory.one("compute: outer")
    assert (int.from_bytes(outer.trace_id, "big"), outer.parent_span_id[-1]) == (0xAA, 0xBB)
    assert memory.one("compute: inner").parent_span_id == outer.span_id
    assert memory.one("compute: newer").parent_span_id[-1] == 0xCC
    assert memory.one(SUM).trace_id == outer.trace_id
    assert not memory.named("compute: session")


def test_an_unsampled_opentelemetry_span_is_respected(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """Below a span that is not sampled nothing is recorded."""
    with otel.use_span(otel_span(0xAA, 0xBB, sampled=False)), tracer.operation("quiet"):
        vector.sum()
    tracer.shutdown()
    assert memory.spans() == []
    assert tracer.stats()["sampled_out"] == 1


def test_allocations_are_events_of_the_open_operation(
    memory: SpanMemory, tracer: ComputeTracer
) -> None:
    """Vectors made inside an operation are its events, 128 at most; the rest is counted."""
    Vector([1.0])
    with tracer.operation("few"):
        Vector([1.0, 2.0])
    with tracer.operation("many"):
        for _ in range(200):
            Vector([1.0])
    tracer.shutdown()
    (event,) = memory.one("compute: few").events
    assert event.name == "allocation"
    assert attributes(event) == {"bytes": 16, "copied": 16}
    many = memory.one("compute: many")
    assert len(many.events) == 128
    assert many.dropped_events_count == 72


def test_without_an_exporter_nothing_is_traced(vector: Vector) -> None:
    """A tracer with no exporter leaves the core untraced and only runs what it is given."""
    tracer = ComputeTracer()
    with tracer.operation("unseen"):
        assert lib.rnc_tracer_active() == ffi.NULL
        assert vector.sum() == 10.0
    assert tracer.traced_max(vector, "unseen") == 4.0
    assert tracer.trace_operation("sum", "unseen", vector, vector.sum) == 10.0
    assert tracer.force_flush()
    tracer.shutdown()
    assert set(tracer.stats().values()) == {0}


def test_a_flush_hands_over_everything_so_far(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """After force_flush the exporter has every span recorded before, from the pump's thread."""
    for count in (1, 500, 20_000):
        before = len(memory.named(SUM))
        for _ in range(count):
            vector.sum()
        assert tracer.force_flush()
        assert len(memory.named(SUM)) == before + count
    assert memory.threads == {"renacer-pump"}
    assert memory.flushes == 3


def test_shutdown_ends_everything(memory: SpanMemory, vector: Vector) -> None:
    """After shutdown nothing is recorded, and the exporter is left open."""
    tracer = ComputeTracer(memory)
    vector.sum()
    tracer.shutdown()
    tracer.shutdown()
    vector.sum()
    assert tracer.traced_sum(vector, "late") == 10.0
    assert tracer.force_flush()
    assert len(memory.spans()) == 2
    assert memory.shutdowns == 0
    assert tracer.stats()["operations"] == 1
    assert lib.rnc_tracer_active() == ffi.NULL


def test_an_operation_may_outlive_its_tracer(memory: SpanMemory, vector: Vector) -> None:
    """Leaving an operation after the shutdown, with another tracer open, mixes nothing up."""
    first = ComputeTracer(memory)
    with first.operation("outlives"):
        first.shutdown()
        second_memory = SpanMemory()
        with ComputeTracer(second_memory):
            pass
    assert memory.spans() == memory.named("compute: session")
    assert not second_memory.named("compute: outlives")


def test_the_newest_open_tracer_takes_loose_operations(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """With two tracers open the newer one records, and after its end the older one again."""
    newer_memory = SpanMemory()
    with ComputeTracer(newer_memory) as newer:
        vector.sum()
        with tracer.operation("older"):
            vector.max()
    vector.min()
    tracer.shutdown()
    assert newer.stats()["recorded"] == len(newer_memory.named(SUM)) == 1
    assert not newer_memory.named("trueno: Vector::max")
    assert memory.one("trueno: Vector::max").parent_span_id == memory.one("compute: older").span_id
    assert memory.named("trueno: Vector::min")


class Refusing(SpanMemory):
    """An exporter that takes nothing."""

    def submit(self, spans: bytes, count: int) -> None:
        """Refuse a batch."""
        raise OSError("no")


def test_a_failing_exporter_is_counted(vector: Vector) -> None:
    """Batches that the exporter refuses are counted, and the program goes on."""
    with ComputeTracer(Refusing()) as tracer:
        vector.sum()
        tracer.force_flush()
        vector.sum()
    stats = tracer.stats()
    assert (stats["submitted"], stats["submit_failed"]) == (0, 3)


def test_bad_arguments_are_refused(tracer: ComputeTracer) -> None:
    """What is no exporter and what is no name raise InvalidInput."""
    for exporter in ("http://localhost:4317", ThreadPoolExecutor()):
        with pytest.raises(InvalidInput):
            ComputeTracer(exporter)
    for name in ("", None, 3):
        with pytest.raises(InvalidInput):
            tracer.operation(name)  # type: ignore[arg-type]


def test_every_span_repeats_the_tracestate(memory: SpanMemory, vector: Vector) -> None:
    """What a vendor put into the trace's state reaches it with each span of that trace."""
    parent = SpanContext(7, 8, trace_state="rojo=00f067aa,congo=t61")
    with ComputeTracer(memory, parent=parent) as tracer:
        vector.sum()
        tracer.traced_max(vector, "mine")
    assert {span.trace_state for span in memory.spans()} == {"rojo=00f067aa,congo=t61"}
    assert len(memory.spans()) == 3
