"""@instrument: a user's functions as spans, and untouched functions without a tracer."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

import renacer
from renacer import ComputeTracer
from renacer.compute.vector import Vector
from renacer.errors import InvalidInput
from tests.unit.span_memory import SpanMemory, attributes

SUM = "trueno: Vector::sum"


@renacer.instrument
def bare(vector: Vector) -> float:
    """The sum."""
    return vector.sum()


@renacer.instrument(name="report")
def named(vector: Vector, *, twice: bool = False) -> float:
    """The sum, or twice the sum."""
    return vector.sum() * (2 if twice else 1)


class Model:
    """Has methods of every kind."""

    def __init__(self, vector: Vector) -> None:
        self._vector = vector

    @renacer.instrument
    def fit(self) -> float:
        """A method."""
        return bare(self._vector)

    @staticmethod
    @renacer.instrument
    def still(vector: Vector) -> float:
        """A static method."""
        return vector.sum()

    @renacer.instrument
    async def serve(self, turns: int) -> float:
        """An async method that lets others run in between."""
        for _ in range(turns):
            await asyncio.sleep(0)
        return bare(self._vector)


def test_calls_are_spans_around_what_they_call(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """A function and a method are spans by their names, parent and child as they call."""
    assert Model(vector).fit() == vector.sum()
    tracer.shutdown()
    outer, inner = memory.one("compute: Model.fit"), memory.one("compute: bare")
    assert inner.parent_span_id == outer.span_id
    assert outer.parent_span_id == memory.one("compute: session").span_id
    kernel = next(span for span in memory.named(SUM) if span.parent_span_id == inner.span_id)
    assert attributes(kernel)["compute.parent"] == "bare"


def test_a_name_and_arguments_of_every_kind_pass_through(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """``name`` is the span's, and positional, keyword and static calls give their own results."""
    assert named(vector, twice=True) == 2 * vector.sum()
    assert Model.still(vector) == vector.sum()
    tracer.shutdown()
    assert attributes(memory.one("compute: report"))["compute.operation"] == "report"
    assert memory.one("compute: Model.still")


def test_async_functions_last_until_they_return(
    memory: SpanMemory, tracer: ComputeTracer, vector: Vector
) -> None:
    """Tasks that take turns each have their span, and what they call hangs from their own."""

    async def both() -> list[float]:
        model = Model(vector)
        return await asyncio.gather(model.serve(3), model.serve(5))

    assert asyncio.run(both()) == [vector.sum()] * 2
    tracer.shutdown()
    tasks = memory.named("compute: Model.serve")
    calls = memory.named("compute: bare")
    assert {call.parent_span_id for call in calls} == {task.span_id for task in tasks}
    assert len(tasks) == len(calls) == 2
    by_id = {task.span_id: task for task in tasks}
    for call in calls:
        task = by_id[call.parent_span_id]
        assert task.start_time_unix_nano <= call.start_time_unix_nano
        assert call.end_time_unix_nano <= task.end_time_unix_nano


def test_an_exception_is_an_error_and_goes_on(memory: SpanMemory, tracer: ComputeTracer) -> None:
    """The caller gets its exception, sync or async, and the span says which it was."""

    @renacer.instrument(name="sync")
    def fails() -> None:
        raise KeyError("gone")

    @renacer.instrument(name="async")
    async def fails_later() -> None:
        await asyncio.sleep(0)
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        fails()
    with pytest.raises(KeyError, match="gone"):
        asyncio.run(fails_later())
    tracer.shutdown()
    for name in ("sync", "async"):
        span = memory.one(f"compute: {name}")
        assert (span.status.code, span.status.message) == (2, "KeyError: 'gone'")


def test_without_a_tracer_the_function_is_what_it_was(vector: Vector) -> None:
    """Name, documentation, signature and being async are the function's own; results too."""
    assert (bare.__name__, bare.__doc__) == ("bare", "The sum.")
    assert list(inspect.signature(named).parameters) == ["vector", "twice"]
    assert inspect.iscoroutinefunction(Model.serve)
    assert named(vector) == vector.sum()
    assert asyncio.run(Model(vector).serve(1)) == vector.sum()


def test_calls_inside_an_older_tracers_operation_are_its_own(vector: Vector) -> None:
    """Two open tracers each have the calls made inside their operations."""
    older, newer = SpanMemory(), SpanMemory()
    with ComputeTracer(older) as first, ComputeTracer(newer):
        with first.operation("mine"):
            bare(vector)
        named(vector)
    mine, call = older.one("compute: mine"), older.one("compute: bare")
    assert call.parent_span_id == mine.span_id
    assert not newer.named("compute: bare")
    assert newer.one("compute: report")


def generator() -> Any:
    """Gives nothing."""
    yield


async def async_generator() -> Any:
    """Gives nothing, later."""
    yield


@pytest.mark.parametrize("wrong", [generator, async_generator, 3, Model])
def test_what_is_no_function_is_refused(wrong: Any) -> None:
    """A span around a generator's creation would be a lie, so it is refused when decorated."""
    with pytest.raises(InvalidInput):
        renacer.instrument(wrong)


def test_an_empty_name_is_refused() -> None:
    """A span needs a name."""
    with pytest.raises(InvalidInput):
        renacer.instrument(name="")(test_an_empty_name_is_refused)
