"""Operations on pairs, maps, summaries and batches: laws, policies, and what they refuse."""

# ruff: noqa: PLR0124 -- NaN is what differs from itself

from __future__ import annotations

import array
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renacer import (
    Batch,
    DivisionByZero,
    EmptyVector,
    InvalidInput,
    Matrix,
    RenacerError,
    SizeMismatch,
    Vector,
    backends,
    last_execution,
    use_backend,
)
from renacer.compute.apply import NUMBERS

DTYPES = ("float32", "float64")
LENGTHS = (1, 2, 7, 8, 9, 31, 33, 1000, 100_000)
PARAMETERS = {"percentile": (37.5,)}
finite = st.floats(-1e6, 1e6, width=32)
samples = st.lists(finite, min_size=1, max_size=80)
pairs = st.lists(st.tuples(finite, finite), min_size=1, max_size=80)

OPERATIONS: dict[str, Callable[[Vector, Vector], Any]] = {
    "argmin": lambda v, w: v.argmin(),
    "argmax": lambda v, w: v.argmax(),
    "norm_l1": lambda v, w: v.norm("l1"),
    "norm_l2": lambda v, w: v.norm(),
    "norm_linf": lambda v, w: v.norm("linf"),
    "dot": lambda v, w: v.dot(w),
    "covariance": lambda v, w: v.covariance(w),
    "correlation": lambda v, w: v.correlation(w),
    "percentiles": lambda v, w: v.percentiles([25, 50, 90]),
    "describe": lambda v, w: v.describe(),
    "zscore": lambda v, w: list(v.zscore()),
}


def columns(elements: list[tuple[float, float]]) -> tuple[Vector, Vector]:
    """Two vectors of the pairs' halves."""
    first, second = zip(*elements, strict=True)
    return Vector(first), Vector(second)


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", OPERATIONS)
def test_kernel_is_the_one_that_was_forced(op: str, dtype: str, backend: str) -> None:
    """The stamp names the forced set, or the reason says why another one ran."""
    data = np.random.default_rng(1).normal(size=500).astype(dtype)
    with use_backend(backend):
        OPERATIONS[op](Vector(data), Vector(data[::-1].copy()))
    execution = last_execution()
    assert execution is not None
    assert execution.op == op
    assert execution.kernel.endswith(f"{dtype[0]}{dtype[-2:]}_{execution.backend.lower()}")
    if execution.backend != backend:
        assert (execution.backend, execution.reason) == ("Scalar", f"{op} not SIMD-optimized")


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_pairs_agree_with_exact_arithmetic(length: int, dtype: str, backend: str) -> None:
    """Dot product, covariance and correlation against long double, within their bounds."""
    generator = np.random.default_rng(length)
    x = (generator.normal(size=length) * 3 + 1e4).astype(dtype)
    y = (x + generator.normal(size=length)).astype(dtype)
    wide_x, wide_y = x.astype("longdouble"), y.astype("longdouble")
    with use_backend(backend):
        v, w = Vector(x), Vector(y)
        assert v.dot(w) == pytest.approx(float((wide_x * wide_y).sum()), rel=1e-14)
        if length < 2:
            return
        spread = float(wide_x.std() * wide_y.std())
        shared = float(((wide_x - wide_x.mean()) * (wide_y - wide_y.mean())).mean())
        assert abs(v.covariance(w) - shared) <= 2**-24 * spread
        assert abs(v.correlation(w) - shared / spread) <= 2**-24


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", LENGTHS[1:])
def test_zscore_is_within_half_a_float32_rounding(length: int, dtype: str, backend: str) -> None:
    """Scores of data far from zero keep the float32 bound, whatever the length."""
    data = (np.random.default_rng(length).normal(size=length) + 1e6).astype(dtype)
    wide = data.astype("longdouble")
    expected = (wide - wide.mean()) / wide.std()
    with use_backend(backend):
        scores = Vector(data).zscore()
    actual = np.array(list(scores), "longdouble")
    assert scores.dtype == dtype
    assert (abs(actual - expected) <= 2.0**-24 * np.maximum(1, abs(expected))).all()


def test_zscore_of_many_is_standard() -> None:
    """Scores have mean 0 and standard deviation 1."""
    scores = Vector(np.random.default_rng(2).gamma(2, size=10_000)).zscore()
    assert (scores.mean(), scores.stddev()) == (pytest.approx(0, abs=1e-13), pytest.approx(1))


def test_zscore_fills_the_memory_it_is_given() -> None:
    """``out`` takes the scores, may be the data itself, and is what comes back."""
    data, out = array.array("d", [1, 2, 3]), array.array("d", [0, 0, 0])
    expected = [-math.sqrt(1.5), 0, math.sqrt(1.5)]
    assert list(Vector(data).zscore(out=out)) == pytest.approx(expected)
    assert list(out) == pytest.approx(expected)
    vector = Vector(data)
    assert vector.zscore(out=vector) is vector
    assert list(data) == list(out)


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (np.zeros(4), SizeMismatch, "expected 3 elements, got 4"),
        (np.zeros(3, "float32"), InvalidInput, "contiguous buffer of float64"),
        (np.zeros(6)[::2], InvalidInput, "contiguous buffer of float64"),
        ([0.0, 0.0, 0.0], InvalidInput, "contiguous buffer of float64"),
        (b"\0" * 24, InvalidInput, "contiguous buffer of float64"),
        (memoryview(array.array("d", [0, 0, 0])).toreadonly(), InvalidInput, "read-only"),
    ],
)
def test_zscore_refuses_memory_it_cannot_fill(
    out: Any, error: type[Exception], message: str
) -> None:
    """What would be written nowhere, or past an end, is refused before anything is written."""
    with pytest.raises(error, match=message):
        Vector([1, 2, 3]).zscore(out=out)


FOUR = np.arange(4.0)
NAN = math.nan


class ReadOnly:
    """An array interface of memory that is not to be written."""

    def __init__(self, data: np.ndarray) -> None:
        place = (data.ctypes.data, True)
        self.__array_interface__ = {**data.__array_interface__, "data": place}


def test_read_only_memory_is_not_written_through_a_vector() -> None:
    """Neither an array interface nor a vector of a vector makes memory writable."""
    data = np.zeros(3)
    data.flags.writeable = False
    for source in (ReadOnly(data), Vector(data)):
        target = Vector(source)
        with pytest.raises(InvalidInput, match="read-only"):
            Vector([1, 2, 3]).zscore(out=target)
        with pytest.raises(InvalidInput, match="writable"):
            Matrix([[1.0], [2.0], [3.0]]).matvec([1.0], out=target)
        with pytest.raises(InvalidInput, match="writable"):
            Matrix([[1.0], [2.0], [3.0]]).matmul([[1.0]], out=Matrix(target, 3, 1))
    assert not data.any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Batch([[1], [2, 3, 4]]).reduce("variance", 1), "ddof 1 is not below the length"),
        (lambda: Vector([1, NAN]).variance(1, nan_policy="omit"), "ddof 1 is not below the length"),
        (lambda: Vector([1, 2, NAN]).zscore(2, nan_policy="omit"), "ddof 2 is not below"),
        (
            lambda: Batch([[1], [NAN], [2, NAN]]).reduce("mean", nan_policy="omit"),
            "^mean of an empty vector without NaNs, number 1 of the batch$",
        ),
        (
            lambda: Batch([[1, 2], [3, 4], [2, NAN]]).reduce("stddev", 1, nan_policy="omit"),
            "^stddev: ddof 1 is not below the length 1 without NaNs, number 2 of the batch$",
        ),
        (lambda: Vector([1, 1]).zscore(), "all equal"),
        (lambda: Vector(FOUR[:3]).zscore(out=FOUR[1:]), "out overlaps"),
    ],
)
def test_a_refusal_names_what_was_wrong(call: Any, message: str) -> None:
    """Also for a part of a batch, and where NaNs were left out."""
    with pytest.raises(RenacerError, match=message):
        call()


@pytest.mark.parametrize("make", [np.array, tuple, iter])
def test_describe_takes_any_iterable_of_quantiles(make: Any) -> None:
    """As percentiles() does."""
    assert Vector([1, 2, 3]).describe(make([50, 100])).quantiles == {50: 2, 100: 3}


def test_zscore_refuses_overlapping_memory() -> None:
    """Scores shifted into their own data would be wrong."""
    data = np.arange(5.0)
    with pytest.raises(InvalidInput):
        Vector(data[:4]).zscore(out=data[1:])


@settings(max_examples=80, deadline=None)
@given(pairs)
def test_laws_of_pairs(elements: list[tuple[float, float]]) -> None:
    """Symmetry, Cauchy and Schwarz, and a vector paired with itself."""
    v, w = columns(elements)
    assert v.dot(w) == w.dot(v)
    exact = sum(Fraction(a) * Fraction(b) for a, b in elements)
    magnitudes = sum(abs(Fraction(a) * Fraction(b)) for a, b in elements)
    n = len(elements)
    error = abs(Fraction(v.dot(w)) - exact)
    assert error <= Fraction(math.ulp(float(exact))) + 2 * n**2 * magnitudes / 2**106
    assert v.covariance(v) == pytest.approx(v.variance(), rel=1e-12, abs=1e-300)
    if v.variance() and w.variance():
        assert -1 <= v.correlation(w) <= 1
        assert v.correlation(v) == pytest.approx(1)


@settings(max_examples=80, deadline=None)
@given(samples, st.sampled_from(DTYPES))
def test_describe_says_what_each_operation_says(elements: list[float], dtype: str) -> None:
    """One pass, the same numbers."""
    vector = Vector(elements, dtype=dtype)
    found = vector.describe((50, 99))
    assert found.count == len(elements)
    assert (found.stddev, found.min, found.max) == (vector.stddev(), vector.min(), vector.max())
    assert found.mean == pytest.approx(vector.mean(), rel=1e-12, abs=1e-9)
    assert found.quantiles == {50: vector.percentile(50), 99: vector.percentile(99)}


@pytest.mark.parametrize("backend", backends())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [1, 2, 60, 3000, 40_000])
def test_percentiles_are_each_the_percentile(length: int, dtype: str, backend: str) -> None:
    """Together or alone, in any order, repeated or close, the numbers are the same bits."""
    generator = np.random.default_rng(length)
    wanted = [99.9, 50, 50, 0, 100, 12.5, 12.6, *generator.uniform(0, 100, 9)]
    for data in (generator.normal(size=length), np.arange(length), np.arange(length) % 3):
        with use_backend(backend):
            vector = Vector(data.astype(dtype))
            for count in (1, 4, len(wanted)):
                expected = [vector.percentile(q) for q in wanted[:count]]
                assert vector.percentiles(wanted[:count]) == expected


@pytest.mark.parametrize("backend", backends())
@settings(max_examples=60, deadline=None)
@given(elements=st.lists(st.floats(width=32), min_size=1, max_size=70))
def test_places_are_the_first_of_their_element(backend: str, elements: list[float]) -> None:
    """argmin and argmax point at what min and max are, and at the first NaN as NumPy does."""
    data = np.array(elements)
    with use_backend(backend):
        vector = Vector(data)
        least, greatest = vector.argmin(), vector.argmax()
        if np.isnan(data).any():
            assert least == greatest == np.argmax(np.isnan(data))
            return
        for place, extreme in ((least, vector.min()), (greatest, vector.max())):
            same = [
                i
                for i, x in enumerate(elements)
                if (x, math.copysign(1, x)) == (extreme, math.copysign(1, extreme))
            ]
            assert place == same[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(finite | st.just(math.nan), min_size=1, max_size=60), st.sampled_from(DTYPES))
def test_omit_is_the_operation_without_the_nans(elements: list[float], dtype: str) -> None:
    """nan_policy="omit" gives what the filtered data gives; nothing left is an empty vector."""
    kept = [x for x in elements if x == x]
    vector, filtered = Vector(elements, dtype=dtype), Vector(kept, dtype=dtype)
    assert vector.sum(nan_policy="omit") == filtered.sum()
    if not kept:
        with pytest.raises(EmptyVector):
            vector.mean(nan_policy="omit")
        return
    assert vector.describe((10, 60), nan_policy="omit") == filtered.describe((10, 60))
    assert vector.percentile(30, nan_policy="omit") == filtered.percentile(30)
    assert vector.norm("l1", nan_policy="omit") == filtered.norm("l1")
    place = vector.argmax(nan_policy="omit")
    assert list(vector)[place] == filtered.max()
    if filtered.stddev():
        scores = [z for z in vector.zscore(nan_policy="omit") if z == z]
        assert scores == list(filtered.zscore())


def test_omit_drops_whole_pairs() -> None:
    """A pair with a NaN on either side counts on neither."""
    v, w = Vector([1, math.nan, 3, 4]), Vector([1, 2, math.nan, 8])
    assert v.dot(w, nan_policy="omit") == 1 + 32
    assert v.covariance(w, nan_policy="omit") == Vector([1, 4]).covariance(Vector([1, 8]))


def test_an_unknown_policy_is_refused() -> None:
    """A misspelt policy is not taken for the default."""
    for call in (Vector([1]).sum, Vector([1]).argmin, Vector([1, 2]).describe):
        with pytest.raises(InvalidInput, match="'propagate' or 'omit', not 'drop'"):
            call(nan_policy="drop")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", NUMBERS)
def test_a_batch_is_a_loop(op: str, dtype: str) -> None:
    """One call gives for every vector what a call of its own gives."""
    generator = np.random.default_rng(5)
    vectors = [Vector(generator.normal(size=n).astype(dtype)) for n in (1, 2, 9, 40, 1000)]
    found = Batch(vectors).reduce(op, *PARAMETERS.get(op, ()))
    execution = last_execution()
    method = {"norm_l1": "l1", "norm_l2": "l2", "norm_linf": "linf"}.get(op)
    expected = [
        v.norm(method) if method else getattr(v, op)(*PARAMETERS.get(op, ())) for v in vectors
    ]
    assert found == expected
    assert execution is not None
    assert (execution.op, execution.batch, execution.elements) == (op, 5, 1052)


def test_a_batch_names_the_lowest_kernel_that_ran() -> None:
    """A vector too short for the best set makes the whole batch's label the lower one."""
    Batch([np.ones(1), np.ones(1000)]).reduce("sum")
    execution = last_execution()
    assert execution is not None
    assert execution.backend == "Scalar"
    assert execution.reason == "fewer elements than one vector in a part of the batch"


def test_a_batch_says_what_it_refuses() -> None:
    """Bad batches get one clear sentence."""
    with pytest.raises(EmptyVector, match="mean of an empty vector, number 1 of the batch"):
        Batch([[1.0], []]).reduce("mean")
    with pytest.raises(InvalidInput, match="one element type, not float32 and float64"):
        Batch([np.zeros(1, "float32"), np.zeros(1)])
    with pytest.raises(InvalidInput, match="'dot' is none of"):
        Batch([[1.0]]).reduce("dot")
    with pytest.raises(InvalidInput, match="percentile needs its parameter"):
        Batch([[1.0]]).reduce("percentile")
    assert Batch([]).reduce("sum") == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Vector([1, 2]).dot(Vector([1])), SizeMismatch, "expected 2 elements, got 1"),
        (lambda: Vector([1]).dot(Vector([1], "float32")), InvalidInput, "float64 and float32"),
        (lambda: Vector([1]).dot([1]), InvalidInput, "must be a Vector, not list"),
        (lambda: Vector([]).dot(Vector([])), EmptyVector, "dot of an empty vector"),
        (lambda: Vector([]).describe(), EmptyVector, "describe of an empty vector"),
        (lambda: Vector([]).zscore(), EmptyVector, "zscore of an empty vector"),
        (lambda: Vector([]).argmin(), EmptyVector, "argmin of an empty vector"),
        (lambda: Vector([2, 2]).zscore(), DivisionByZero, "zscore of elements that are all equal"),
        (lambda: Vector([1, 2]).correlation(Vector([3, 3])), DivisionByZero, "all equal"),
        (lambda: Vector([1]).covariance(Vector([1]), 1), DivisionByZero, "ddof 1 is not below"),
        (lambda: Vector([1]).percentiles([5, 101]), InvalidInput, "percentiles 101"),
        (lambda: Vector([1]).norm("l3"), InvalidInput, "'l1', 'l2' or 'linf', not 'l3'"),
    ],
)
def test_what_has_no_result_is_refused(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    """Each refusal is the fitting error with a sentence that says what was wrong."""
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("backend", backends())
def test_intermediate_results_do_not_overflow(backend: str) -> None:
    """Squares and products that leave float64's range do not take the result with them."""
    with use_backend(backend):
        assert Vector([3e200, 4e200] * 8).norm() == pytest.approx(5e200 * math.sqrt(8))
        assert Vector([3e-200, 4e-200] * 8).norm() == pytest.approx(5e-200 * math.sqrt(8))
        assert Vector([1e308, 1e308, 1]).dot(Vector([10, -10, 1])) == 1
        x, y = Vector([1e200, 2e200, 4e200]), Vector([1e-200, 2e-200, 4e-200])
        assert x.correlation(y) == pytest.approx(1)
        assert list(x.zscore()) == pytest.approx(list(y.zscore()))
