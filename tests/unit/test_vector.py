"""What a vector takes, how it holds it, and how it says no."""

from __future__ import annotations

import array
import copy
import ctypes
import gc
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import renacer.compute.vector as vector_module
from renacer import Batch, Vector
from renacer._native import ffi, lib
from renacer.errors import DivisionByZero, EmptyVector, InvalidInput


class Interface:
    """An object that has nothing but the array interface."""

    def __init__(self, data: np.ndarray) -> None:
        self._data = data
        self.__array_interface__ = data.__array_interface__


class Arrayable:
    """An object that has nothing but ``__array__``."""

    def __init__(self, data: np.ndarray) -> None:
        self._data = data

    def __array__(self) -> np.ndarray:
        return self._data


ONE_TWO_THREE = [
    ([1, 2, 3], "float64"),
    ((1.0, 2.0, 3.0), "float64"),
    (range(1, 4), "float64"),
    ((number for number in (1, 2, 3)), "float64"),
    (array.array("f", [1, 2, 3]), "float32"),
    (array.array("d", [1, 2, 3]), "float64"),
    (array.array("q", [1, 2, 3]), "float64"),
    (memoryview(b"\1\2\3"), "float64"),
    ((ctypes.c_float * 3)(1, 2, 3), "float32"),
    (np.array([1, 2, 3], "float32"), "float32"),
    (np.array([1, 2, 3], "float64"), "float64"),
    (np.array([1, 2, 3], "int8"), "float64"),
    (np.array([1, 2, 3], "uint64"), "float64"),
    (np.array([1, 2, 3], "float16"), "float64"),
    (np.array([1, 2, 3], ">f4"), "float32"),
    (np.array([1, 9, 2, 9, 3], "float32")[::2], "float32"),
    (np.array([3, 2, 1], "float64")[::-1], "float64"),
    (Interface(np.array([1, 2, 3], "float32")), "float32"),
    (Interface(np.array([3, 9, 2, 9, 1], "float64")[::-2]), "float64"),
    (Interface(np.array([1, 9, 2, 9, 3], "int16")[::2]), "float64"),
    (Arrayable(np.array([1, 2, 3], "float32")), "float32"),
    (Vector([1, 2, 3], dtype="float32"), "float32"),
]


@pytest.mark.parametrize(("data", "dtype"), ONE_TWO_THREE)
def test_every_kind_of_data_is_read(data: Any, dtype: str) -> None:
    """Buffers, array objects and sequences hold the same numbers, in the promised type."""
    vector = Vector(data)
    assert list(vector) == [1.0, 2.0, 3.0]
    assert (vector.dtype, len(vector), vector.sum()) == (dtype, 3, 6.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "data",
    [
        [1, 2],
        array.array("f", [1, 2]),
        array.array("d", [1, 2]),
        np.array([1, 2], "float32"),
        np.array([1, 2], "int32"),
    ],
)
def test_dtype_converts(data: Any, dtype: str) -> None:
    """``dtype`` decides, whatever the data was, as text or as NumPy spells it."""
    for spelling in (dtype, np.dtype(dtype), getattr(np, dtype)):
        vector = Vector(data, dtype=spelling)
        assert (vector.dtype, list(vector)) == (dtype, [1.0, 2.0])


NOT_NUMBERS = [
    ("12", "str is not a sequence of numbers"),
    (b"12", "bytes is not a sequence of numbers"),
    (12, "int is not a sequence of numbers"),
    (None, "NoneType is not a sequence of numbers"),
    ([1, "2"], "element 1 is not a real number but str"),
    ([1j], "element 0 is not a real number but complex"),
    ([[1, 2]], "element 0 is not a real number but list"),
    ([10**400], "element 0 is too large for float64"),
    (np.zeros((2, 2)), "a vector has one dimension, not 2"),
    (np.array(1.0), "a vector has one dimension, not 0"),
    (Interface(np.zeros((2, 2))), "a vector has one dimension, not 2"),
    (Interface(np.array([1j])), "elements of type '<c16' are not real numbers"),
    (np.array([1j]), "elements of buffer format 'Zd' are not real numbers"),
    (np.array([None]), "elements of buffer format 'O' are not real numbers"),
    (np.array(["a"]), "elements of buffer format '1w' are not real numbers"),
    (np.array(["2020-01-01"], "M8[D]"), "elements of type '<M8[D]' are not real numbers"),
]


@pytest.mark.parametrize(("data", "sentence"), NOT_NUMBERS)
def test_what_holds_no_numbers_is_refused(data: Any, sentence: str) -> None:
    """One sentence says what is wrong, and ValueError catches it."""
    with pytest.raises(InvalidInput) as raised:
        Vector(data)
    assert str(raised.value) == sentence
    assert isinstance(raised.value, ValueError)


def test_unknown_dtype_is_refused() -> None:
    """Only the two element types there are kernels for are accepted."""
    with pytest.raises(InvalidInput, match="dtype must be float32 or float64, not int8"):
        Vector([1], dtype=np.int8)


@pytest.mark.parametrize("data", [np.zeros(4, "float32"), array.array("d", [0] * 4)])
def test_float_buffers_are_not_copied(data: Any) -> None:
    """What is written into the buffer shows in the next result."""
    vector = Vector(data)
    data[3] = 5
    assert vector.sum() == 5.0


@pytest.mark.parametrize(
    ("shape", "typestr", "message"),
    [((5,), "<f8", "more elements"), ((5,), "<i8", "more elements"), ((-1,), "<f8", "negative")],
)
def test_an_array_interface_cannot_lie_about_its_memory(
    shape: tuple[int], typestr: str, message: str
) -> None:
    """Fewer elements than were promised are no vector."""
    source = Interface(np.zeros(1))
    source.__array_interface__ = {
        "version": 3,
        "shape": shape,
        "typestr": typestr,
        "data": bytes(16),
    }
    with pytest.raises(InvalidInput, match=message):
        Vector(source)


def test_an_iterable_that_fails_says_so_itself() -> None:
    """Its own error is not taken for ours."""
    with pytest.raises(TypeError, match="unsupported operand"):
        Vector(number + "" for number in [1])  # type: ignore[operator]


def test_array_interface_is_not_copied() -> None:
    """The array interface gives the same memory too."""
    data = np.zeros(4)
    vector = Vector(Interface(data))
    data[0] = 7
    assert vector.max() == 7.0


def test_buffer_cannot_be_resized_under_a_vector() -> None:
    """Appending would move the memory that the vector points to."""
    data = array.array("d", [1, 2, 3])
    vector = Vector(data)
    with pytest.raises(BufferError):
        data.append(4)
    assert vector.sum() == 6.0
    del vector
    data.append(4)


@pytest.mark.parametrize("wrap", [lambda data: data, Interface, Arrayable])
def test_memory_outlives_its_owner(wrap: Any) -> None:
    """The vector alone keeps the data alive."""
    vector = Vector(wrap(np.full(100_000, 2.0)))
    gc.collect()
    junk = [np.full(100_000, 9.0) for _ in range(5)]
    assert vector.sum() == 200_000.0
    assert len(junk) == 5


def test_unaligned_data_works() -> None:
    """An element may start at any byte."""
    raw = bytearray(8 * 101)
    for dtype in ("float32", "float64"):
        data = np.frombuffer(raw, dtype, count=100, offset=1)
        data[:] = np.arange(100)
        vector = Vector(data)
        assert (vector.sum(), vector.min(), vector.max()) == (4950.0, 0.0, 99.0)
        assert vector.percentile(50) == 49.5


def test_empty_vector() -> None:
    """The sum of nothing is zero; every other operation has no answer."""
    empty = Vector(np.array([], "float32"))
    assert (len(empty), empty.sum(), list(empty)) == (0, 0.0, [])
    for op in ("mean", "variance", "stddev", "min", "max"):
        with pytest.raises(EmptyVector, match=f"{op} of an empty vector"):
            getattr(empty, op)()
    with pytest.raises(EmptyVector, match="percentile of an empty vector"):
        empty.percentile(50)


@pytest.mark.parametrize("q", [-0.1, 100.1, math.nan, math.inf])
def test_percentile_out_of_range_is_refused(q: float) -> None:
    """A percentile lies between 0 and 100."""
    with pytest.raises(InvalidInput, match=r"percentile: percentile .* is out of range"):
        Vector([1, 2]).percentile(q)


def test_ddof() -> None:
    """The divisor is the length less ddof, and must be above zero."""
    vector = Vector([1, 2, 3, 4])
    assert vector.variance() == 1.25
    assert vector.variance(ddof=1) == pytest.approx(5 / 3, rel=1e-15)
    with pytest.raises(DivisionByZero, match="variance: ddof 4 is not below the length 4"):
        vector.variance(ddof=4)
    with pytest.raises(InvalidInput):
        vector.stddev(ddof=-1)


def test_nan_propagates_without_an_error() -> None:
    """NaN in the data is a result, not a failure."""
    vector = Vector([1.0, math.nan, 3.0])
    results = [vector.sum(), vector.mean(), vector.variance(), vector.stddev(), vector.min()]
    assert all(math.isnan(result) for result in [*results, vector.max(), vector.percentile(1)])


def test_repr_shows_the_head() -> None:
    """A long vector does not flood a terminal."""
    assert repr(Vector([1, 2])) == "Vector([1.0, 2.0], dtype='float64', length=2)"
    assert repr(Vector(range(1000))).startswith("Vector([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, …]")


def test_allocation_is_told_while_a_tracer_is_active(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook hears bytes held and bytes copied, and nothing when no tracer is active."""
    heard: list[tuple[int, int]] = []
    monkeypatch.setattr(vector_module, "allocation_hook", lambda *sizes: heard.append(sizes))
    Vector([1, 2, 3])
    assert heard == []
    config = ffi.new("rnc_tracer_config *", {"sample_rate": 1.0, "slow_threshold_ns": -1})
    slot = ffi.new("rnc_tracer **")
    assert lib.rnc_tracer_open(config, slot) == lib.RNC_OK
    try:
        lib.rnc_tracer_activate(slot[0])
        Vector([1, 2, 3])
        Vector(np.zeros(5, "float32"))
    finally:
        lib.rnc_tracer_activate(ffi.NULL)
        lib.rnc_tracer_close(slot[0])
        lib.rnc_tracer_free(slot[0])
    assert heard == [(24, 24), (20, 0)]


def test_numpy_is_not_imported() -> None:
    """Computing works on an interpreter that has no NumPy, and never loads it."""
    program = (
        "import sys; from renacer import Vector; "
        "assert Vector([1, 2, 3]).stddev() > 0; assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_copy_has_the_elements_and_not_the_memory(
    duplicate: Callable[[Any], Any], dtype: str
) -> None:
    """Copying and pickling go by value, to every bit, also from memory that is read-only."""
    for source in (np.array([1.5, -0.0, math.nan, math.inf], dtype), np.empty(0, dtype)):
        source.flags.writeable = False
        vector = duplicate(Vector(source))
        assert type(vector) is Vector
        assert vector.dtype == dtype
        assert bytes(vector._buffer) == source.tobytes()
    data = np.array([1, 2], dtype)
    vector = duplicate(Vector(data))
    data[:] = 7
    assert vector.sum() == 3
    assert vector.zscore(out=vector) is vector


def test_a_batch_travels_with_its_elements() -> None:
    """To another process, say."""
    data = np.array([1.0, 2.0])
    batch = pickle.loads(pickle.dumps(Batch([data, [5]])))
    data[:] = 7
    assert batch.reduce("sum") == [3.0, 5.0]


class Tagged(Vector):
    """A subclass with something of its own."""

    tag = ""


def test_a_copy_of_a_subclass_is_one_too() -> None:
    """With what it carries beside its elements."""
    vector = Tagged([1.0, 2.0])
    vector.tag = "mine"
    for copied in (copy.copy(vector), pickle.loads(pickle.dumps(vector))):
        assert (type(copied), copied.tag, list(copied)) == (Tagged, "mine", [1.0, 2.0])
