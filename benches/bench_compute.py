"""Operations from Python: untraced, traced, and NumPy's. Run by `make bench` through pytest-benchmark."""

import array
from collections.abc import Callable, Iterator

import numpy
import pytest

import renacer

OPERATIONS: dict[str, tuple[Callable[..., float], Callable[..., object]]] = {
    "sum": (lambda vector: vector.sum(), numpy.sum),
    "mean": (lambda vector: vector.mean(), numpy.mean),
    "stddev": (lambda vector: vector.stddev(), numpy.std),
    "min": (lambda vector: vector.min(), numpy.min),
    "percentile": (lambda vector: vector.percentile(95.0), lambda data: numpy.percentile(data, 95)),
}
ELEMENTS = (100, 10_000, 1_000_000)


class Discard:
    """An exporter that takes batches and drops them: the cost measured is ours alone."""

    format = 0

    def submit(self, spans: bytes, count: int) -> None:
        pass

    def force_flush(self, timeout_s: float) -> bool:
        return True

    def shutdown(self, timeout_s: float) -> None:
        pass


@pytest.fixture
def tracer() -> Iterator[renacer.ComputeTracer]:
    with renacer.ComputeTracer(Discard()) as active:
        yield active


def data(elements: int) -> numpy.ndarray:
    return numpy.random.default_rng(1).normal(size=elements).astype(numpy.float32)


cases = pytest.mark.parametrize(
    ("operation", "elements"), [(name, n) for name in OPERATIONS for n in ELEMENTS]
)


@cases
def test_untraced(benchmark, operation: str, elements: int) -> None:  # type: ignore[no-untyped-def]
    benchmark.group = f"{operation} of {elements} float32"
    benchmark(OPERATIONS[operation][0], renacer.Vector(data(elements)))


@cases
def test_traced(benchmark, tracer, operation: str, elements: int) -> None:  # type: ignore[no-untyped-def]
    benchmark.group = f"{operation} of {elements} float32"
    vector = renacer.Vector(data(elements))
    with tracer.operation("bench"):
        benchmark(OPERATIONS[operation][0], vector)


@cases
def test_numpy(benchmark, operation: str, elements: int) -> None:  # type: ignore[no-untyped-def]
    benchmark.group = f"{operation} of {elements} float32"
    benchmark(OPERATIONS[operation][1], data(elements))


def test_one_element(benchmark) -> None:  # type: ignore[no-untyped-def]
    benchmark.group = "the call itself"
    benchmark(renacer.Vector(array.array("d", [1.0])).sum)


def test_construction(benchmark) -> None:  # type: ignore[no-untyped-def]
    benchmark.group = "the call itself"
    benchmark(renacer.Vector, data(10_000))
