"""Results of every operation, element type and instruction set against independent oracles."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renacer.compute import Vector, backends, last_execution, use_backend

DTYPES = ("float32", "float64")
EDGES = sorted({k + d for k in (2, 4, 8, 16, 32, 64, 128, 256) for d in (-1, 0, 1)} | {1, 1000})
Operation = Callable[[Vector], float]


def bits(number: float) -> bytes:
    """What tells -0 from 0, and one NaN from another."""
    return struct.pack("d", number)


def exact_variance(elements: list[float], ddof: int = 0) -> Fraction:
    """The variance without a rounding."""
    exact = [Fraction(element) for element in elements]
    mean = sum(exact) / len(exact)
    return sum((element - mean) ** 2 for element in exact) / (len(exact) - ddof)


def oracle(op: str, elements: list[float]) -> float:
    """The correctly rounded result, from exact arithmetic."""
    return {
        "sum": lambda: math.fsum(elements),
        "mean": lambda: float(sum(map(Fraction, elements)) / len(elements)),
        "variance": lambda: float(exact_variance(elements)),
        "stddev": lambda: math.sqrt(exact_variance(elements)),
        "min": lambda: min(elements),
        "max": lambda: max(elements),
        "percentile": lambda: float(np.percentile(np.array(elements), 50)),
    }[op]()


OPERATIONS: dict[str, Operation] = {
    "sum": Vector.sum,
    "mean": Vector.mean,
    "variance": Vector.variance,
    "stddev": Vector.stddev,
    "min": Vector.min,
    "max": Vector.max,
    "percentile": lambda vector: vector.percentile(50),
}
TOLERANCE = {"min": 0.0, "max": 0.0, "variance": 1e-13, "stddev": 1e-13}


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", OPERATIONS)
def test_result_agrees_with_exact_arithmetic(op: str, dtype: str, backend: str) -> None:
    """Each kernel gives the exact result to within a few roundings, at every length and tail."""
    generator = np.random.default_rng(7)
    for length in EDGES:
        data = (generator.standard_normal(length) * 3 + 100).astype(dtype)
        with use_backend(backend):
            actual = OPERATIONS[op](Vector(data))
        expected = oracle(op, data.tolist())
        assert actual == pytest.approx(expected, rel=TOLERANCE.get(op, 4e-16), abs=0), length


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32), min_size=1, max_size=200))
def test_result_is_the_same_bits_on_every_backend(
    op: str, dtype: str, elements: list[float]
) -> None:
    """A result does not depend on the machine, for NaN, infinities, zeros and denormals too."""
    results = set()
    for backend in backends():
        with use_backend(backend):
            results.add(bits(OPERATIONS[op](Vector(elements, dtype=dtype))))
    assert len(results) == 1


@pytest.mark.parametrize("op", ["min", "max", "percentile"])
@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=150), st.randoms())
def test_order_of_elements_does_not_matter(op: str, elements: list[float], random: object) -> None:
    """Order statistics are a function of the multiset, down to the sign of zero."""
    shuffled = list(elements)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert bits(OPERATIONS[op](Vector(elements))) == bits(OPERATIONS[op](Vector(shuffled)))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_percentile_is_monotone_and_within_the_data(
    elements: list[float], first: float, second: float
) -> None:
    """A higher percentile is never a smaller number, and none lies outside the data."""
    vector = Vector(elements)
    low, high = vector.percentile(min(first, second)), vector.percentile(max(first, second))
    assert min(elements) <= low <= high <= max(elements)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=300))
def test_float64_sum_is_within_a_rounding_of_exact(elements: list[float]) -> None:
    """Compensation makes a float64 sum exact to about one part in 2**100 of the magnitudes."""
    error = abs(Fraction(Vector(elements).sum()) - sum(map(Fraction, elements)))
    exact = abs(math.fsum(elements))
    assert error <= Fraction(math.ulp(exact)) + sum(map(abs, map(Fraction, elements))) / 2**85


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=300), st.integers(-(2**40), 2**40))
def test_stddev_does_not_change_with_a_shift(elements: list[int], shift: int) -> None:
    """Data far from zero loses nothing: the variance of shifted integers is theirs."""
    shifted = Vector([element + shift for element in elements]).variance()
    assert shifted == pytest.approx(float(exact_variance([*elements])), rel=1e-12, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=100), st.integers(-900, 900))
def test_stddev_scales_with_its_data(elements: list[float], exponent: int) -> None:
    """A power of two goes straight through, where squares leave float64's range too."""
    scaled = [math.ldexp(element, exponent) for element in elements]
    expected = math.sqrt(exact_variance(scaled)) if exponent == 0 else None
    actual = Vector(scaled).stddev()
    if expected is None:
        exact = exact_variance(scaled) * Fraction(2) ** (-2 * exponent)
        actual, expected = math.ldexp(actual, -exponent), math.sqrt(exact)
    assert actual == pytest.approx(expected, rel=1e-9, abs=1e-100)


@pytest.mark.parametrize("backend", backends())
def test_intermediate_results_do_not_overflow(backend: str) -> None:
    """Finite results of huge elements are found, whatever a running sum would have reached."""
    largest = 1.7976931348623157e308
    with use_backend(backend):
        assert Vector([largest, largest, -largest]).sum() == largest
        assert Vector([largest] * 100).mean() == largest
        assert Vector([1e200, -1e200] * 50).stddev() == 1e200
        assert Vector([largest, -largest]).variance() == math.inf
        assert Vector(np.full(1000, 3e38, "float32")).sum() == pytest.approx(3e41)
        assert Vector([math.inf, 1.0] * 10).sum() == math.inf
        assert math.isnan(Vector([math.inf, -math.inf] * 10).sum())


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [2, 9, 40])
def test_negative_zero_is_below_zero(dtype: str, backend: str, length: int) -> None:
    """The sign of zero follows the order, wherever the zero stands."""
    for place in range(length):
        data = np.zeros(length, dtype)
        data[place] = -0.0
        with use_backend(backend):
            assert math.copysign(1, Vector(data).min()) == -1
            assert math.copysign(1, Vector(data).percentile(0)) == -1
            assert math.copysign(1, Vector(-data).max()) == 1
            assert math.copysign(1, Vector(-data).percentile(100)) == 1


@pytest.mark.parametrize("backend", backends())
def test_infinite_order_statistics_are_exact(backend: str) -> None:
    """Where no interpolation is needed, infinities come back, not NaN."""
    with use_backend(backend):
        vector = Vector([math.inf, 1.0, -math.inf])
        actual = [vector.percentile(q) for q in (0, 50, 100)]
    assert actual == [-math.inf, 1.0, math.inf]


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape",
    ["normal", "sorted", "reversed", "constant", "two values", "organ pipe", "heavy tail"],
)
def test_percentile_of_every_shape_of_data(shape: str, dtype: str, backend: str) -> None:
    """Selection finds the order statistic itself in data that is bad for pivots and samples."""
    generator = np.random.default_rng(3)
    for length in (100, 3000, 40_001, 200_000):
        ramp = np.arange(length, dtype="float64")
        data = {
            "normal": generator.standard_normal(length),
            "sorted": ramp,
            "reversed": ramp[::-1],
            "constant": np.full(length, 2.5),
            "two values": generator.integers(0, 2, length).astype("float64"),
            "organ pipe": np.minimum(ramp, ramp[::-1]),
            "heavy tail": np.exp(generator.standard_normal(length) * 8),
        }[shape].astype(dtype)
        ordered = np.sort(data)
        with use_backend(backend):
            vector = Vector(np.ascontiguousarray(data))
            for rank in (0, 1, length // 3, length // 2, length - 2, length - 1):
                q = 100 * rank / (length - 1)
                if q * (length - 1) / 100 == rank:
                    assert vector.percentile(q) == float(ordered[rank])
            expected = np.percentile(data.astype("float64"), 37.7)
            assert vector.percentile(37.7) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("op", OPERATIONS)
def test_kernel_is_the_one_that_was_forced(op: str, backend: str) -> None:
    """The stamp names the forced set, or the reason says why another one ran."""
    with use_backend(backend):
        OPERATIONS[op](Vector(range(1000)))
    execution = last_execution()
    assert execution is not None
    assert execution.kernel.endswith(str(execution.backend).lower())
    if execution.backend != backend:
        assert execution.backend == "Scalar"
        assert execution.reason == f"{op} not SIMD-optimized"
