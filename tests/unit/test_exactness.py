"""How far results are from exact arithmetic, on hard data, up to ten million elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from renacer import Vector, backends, use_backend

Array = NDArray[np.floating]

# Odd, so that a repeated block meets every lane of every kernel.
BLOCK = 15_625
REPEATS = 640
LENGTHS = (1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 1000, BLOCK)
MANTISSA_BITS = {"float32": 24, "float64": 53}
# Twice what a block of the moments family may lose of float64: 8192 elements in 16 lanes.
MOMENTS_LOSS = Fraction(2 * 8192 // 16, 2**53)

Kind = Callable[[np.random.Generator, int, "np.finfo[np.floating]"], NDArray[np.float64]]
KINDS: dict[str, Kind] = {
    "uniform": lambda random, n, limits: random.random(n),
    "shifted": lambda random, n, limits: 1e6 + random.standard_normal(n),
    "heavy-tailed": lambda random, n, limits: np.exp(8 * random.standard_normal(n)),
    "cancelling": lambda random, n, limits: (
        np.where(np.arange(n) % 2, -1, 1) * 2.0**60 + random.integers(0, 3, n) * 2.0**38
    ),
    "tiny": lambda random, n, limits: random.standard_normal(n) * float(limits.tiny) * 2**20,
    "huge": lambda random, n, limits: (
        random.choice([-0.75, 0.5, 0.9999], n) * float(limits.max) * random.uniform(0.5, 1, n)
    ),
    "constant": lambda random, n, limits: np.full(n, 0.1),
    "zeros": lambda random, n, limits: random.choice([0.0, -0.0], n),
    "denormal": lambda random, n, limits: (
        random.integers(-1000, 1000, n) * float(limits.smallest_subnormal)
    ),
}


def make(kind: str, dtype: str, length: int, seed: int = 11) -> Array:
    """The first elements of the kind's one block."""
    return _block(kind, dtype, seed)[:length]


@cache
def _block(kind: str, dtype: str, seed: int) -> Array:
    return KINDS[kind](np.random.default_rng(seed), BLOCK, np.finfo(dtype)).astype(dtype)


def integers(data: Array) -> list[int]:
    """The elements as whole numbers of 2**-1074."""
    ratios = (element.as_integer_ratio() for element in data.tolist())
    return [above << (1075 - below.bit_length()) for above, below in ratios]


class Exact:
    """Statistics of two blocks, each repeated some times, without a rounding."""

    def __init__(self, data: Array, other: Array, repeats: int) -> None:
        """Sum up what all statistics are made of."""
        x, y = integers(data), integers(other)
        self.count = len(x) * repeats
        self.sum, self.other_sum = (Fraction(repeats * sum(v), 2**1074) for v in (x, y))
        self.magnitudes = Fraction(repeats * sum(map(abs, x)), 2**1074)
        products = [a * b for a, b in zip(x, y, strict=True)]
        self.dot = Fraction(repeats * sum(products), 2**2148)
        self.product_magnitudes = Fraction(repeats * sum(map(abs, products)), 2**2148)
        self.variance = self._variance(x, self.sum, repeats)
        self.other_variance = self._variance(y, self.other_sum, repeats)
        self.covariance = self.dot / self.count - self.sum * self.other_sum / self.count**2

    def _variance(self, elements: list[int], total: Fraction, repeats: int) -> Fraction:
        squares = Fraction(repeats * sum(element**2 for element in elements), 2**2148)
        return squares / self.count - (total / self.count) ** 2


def root(square: Fraction) -> Fraction:
    """A square root, good to a hundred bits whatever its magnitude."""
    scale = 4096
    return Fraction(math.isqrt(int(square * 4**scale)), 2**scale)


def ulp(exact: Fraction, dtype: str) -> Fraction:
    """The distance of neighbours at `exact` in numbers of the type's precision."""
    if exact == 0:
        return Fraction(0)
    exponent = abs(exact.numerator).bit_length() - exact.denominator.bit_length()
    return Fraction(2) ** (exponent - MANTISSA_BITS[dtype] + 1)


def assert_near(actual: float, exact: Fraction, tolerance: Fraction, what: object) -> None:
    """Within the tolerance, or an infinity where the exact result is beyond float64."""
    if abs(exact) + tolerance >= Fraction(2) ** 1024:
        assert actual == (math.inf if exact > 0 else -math.inf), what
    else:
        error = abs(Fraction(actual) - exact)
        assert error <= tolerance + Fraction(1, 2**1074), (
            what,
            actual,
            exact.numerator // exact.denominator,
        )


def check(dtype: str, exact: Exact, results: dict[str, float], what: object) -> None:
    """Every result is within its operation's bound."""
    n = exact.count
    lost = Fraction(n, 2**53) if dtype == "float32" else Fraction(2 * n * n, 2**106)
    mean, stddev = exact.sum / n, root(exact.variance)
    underflow = Fraction(n, 2**1074)
    loss = MOMENTS_LOSS + Fraction(1, 2**50)
    for op, value, tolerance in (
        ("sum", exact.sum, ulp(exact.sum, dtype) + lost * exact.magnitudes),
        ("mean", mean, ulp(mean, dtype) + lost * exact.magnitudes / n),
        ("dot", exact.dot, ulp(exact.dot, dtype) + lost * exact.product_magnitudes + underflow),
        (
            "variance",
            exact.variance,
            ulp(exact.variance, dtype) if dtype == "float32" else exact.variance * loss,
        ),
        ("stddev", stddev, ulp(stddev, dtype) if dtype == "float32" else stddev * loss),
    ):
        assert_near(results[op], value, tolerance, (op, *what))  # type: ignore[misc]
    assert results["stddev"] >= 0
    if dtype == "float32":
        deviations = stddev * root(exact.other_variance)
        assert_near(results["covariance"], exact.covariance, deviations / 2**24, what)


def run(data: Array, other: Array) -> dict[str, float]:
    """Every result that has a bound."""
    x, y = Vector(data), Vector(other)
    return {
        "sum": x.sum(),
        "mean": x.mean(),
        "dot": x.dot(y),
        "variance": x.variance(),
        "stddev": x.stddev(),
        "covariance": x.covariance(y),
        "min": x.min(),
        "max": x.max(),
    }


def on_every_backend(data: Array, other: Array) -> Iterator[tuple[str, dict[str, float]]]:
    """The results of each instruction set, which are the same bits."""
    seen: set[bytes] = set()
    for backend in backends():
        with use_backend(backend):
            results = run(data, other)
        seen.add(np.array(list(results.values())).tobytes())
        yield backend, results
    assert len(seen) == 1


def ordered(data: Array) -> list[float]:
    """The elements in order, -0 before +0."""
    return sorted(data.tolist(), key=lambda element: (element, math.copysign(1, element)))


@pytest.mark.parametrize("dtype", MANTISSA_BITS)
@pytest.mark.parametrize("kind", KINDS)
def test_results_are_within_their_bounds_at_every_length(kind: str, dtype: str) -> None:
    """No data and no length takes a result further from the exact one than is promised."""
    for length in LENGTHS:
        data, other = make(kind, dtype, length), make(kind, dtype, length, seed=12)
        exact = Exact(data, other, 1)
        order = ordered(data)
        for backend, results in on_every_backend(data, other):
            check(dtype, exact, results, (kind, length, backend))
            assert str(results["min"]) == str(order[0])
            assert str(results["max"]) == str(order[-1])


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [*product(KINDS, ["float32"]), ("shifted", "float64"), ("cancelling", "float64")],
)
def test_results_are_within_their_bounds_at_ten_million(kind: str, dtype: str) -> None:
    """Errors do not add up over a long vector, and its order statistics are elements of it."""
    data, other = make(kind, dtype, BLOCK), make(kind, dtype, BLOCK, seed=12)
    exact, order = Exact(data, other, REPEATS), ordered(data)
    long = np.tile(data, REPEATS)
    assert len(long) == 10**7
    for backend, results in on_every_backend(long, np.tile(other, REPEATS)):
        check(dtype, exact, results, (kind, len(long), backend))
        assert str(results["min"]) == str(order[0])
    percents = [0.0, 25.0, 99.9, 100.0]
    for percent, actual in zip(percents, Vector(long).percentiles(percents), strict=True):
        place = percent * (len(long) - 1) / 100
        low, high = (order[f(place) // REPEATS] for f in (math.floor, math.ceil))
        assert low <= actual <= high
        if low == high:
            assert actual == low


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("constant", "zeros")])
def test_scores_and_correlation_are_within_their_bounds(kind: str) -> None:
    """A float32 score is off by 2**-24 of itself or of one, a coefficient by 2**-24."""
    data, other = make(kind, "float32", BLOCK), make(kind, "float32", BLOCK, seed=12)
    exact = Exact(data, other, 1)
    mean, stddev = exact.sum / BLOCK, root(exact.variance)
    coefficient = exact.covariance / (stddev * root(exact.other_variance))
    some, scores = range(0, BLOCK, 101), np.empty_like(data)
    for backend in backends():
        with use_backend(backend):
            Vector(data).zscore(out=scores)
            actual = Vector(data).correlation(Vector(other))
        assert_near(actual, coefficient, Fraction(1, 2**24), (kind, backend))
        for i in some:
            score = (Fraction(float(data[i])) - mean) / stddev
            bound = max(Fraction(1), abs(score)) / 2**24
            assert_near(float(scores[i]), score, bound, (kind, backend, i))


@pytest.mark.parametrize("dtype", MANTISSA_BITS)
@pytest.mark.parametrize(
    ("place", "backend"), list(product((0, 7, BLOCK // 2, BLOCK - 1), backends()))
)
def test_one_special_element_of_a_long_vector_is_not_lost(
    dtype: str, place: int, backend: str
) -> None:
    """NaN is the result of everything, an infinity of what it reaches and nothing else."""
    data = make("shifted", dtype, BLOCK).copy()
    least, greatest = float(data.min()), float(data.max())
    with use_backend(backend):
        data[place] = math.nan
        assert all(math.isnan(result) for result in run(data, data).values())
        assert all(math.isnan(result) for result in Vector(data).percentiles([0, 50, 100]))
        data[place] = math.inf
        results = run(data, data)
        assert results["sum"] == results["mean"] == results["dot"] == results["max"] == math.inf
        assert results["min"] >= least
        data[place] = -math.inf
        results = run(data, data)
        assert results["sum"] == results["mean"] == results["min"] == -math.inf
        assert results["max"] <= greatest
        assert Vector(data).percentile(0) == -math.inf
