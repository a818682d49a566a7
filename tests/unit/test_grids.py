"""What matrices are made of: which data is read, shared, copied and refused."""

from __future__ import annotations

import array
import gc
from typing import Any

import numpy as np
import pytest

from renacer import InvalidInput, Matrix, SizeMismatch, Vector
from tests.unit.array_kinds import Arrayable, Interface

DTYPES = ("float32", "float64")

ONE_TO_SIX = [
    ([[1, 2, 3], [4, 5, 6]], "float64"),
    (((1, 2, 3), (4, 5, 6)), "float64"),
    ((range(1, 4), range(4, 7)), "float64"),
    ([np.array([1, 2, 3], "float32"), np.array([4, 5, 6], "float32")], "float32"),
    ([Vector([1, 2, 3]), array.array("f", [4, 5, 6])], "float64"),
    (np.array([[1, 2, 3], [4, 5, 6]], "float32"), "float32"),
    (np.array([[1, 2, 3], [4, 5, 6]], "float64"), "float64"),
    (np.array([[1, 2, 3], [4, 5, 6]], "int8"), "float64"),
    (np.array([[1, 2, 3], [4, 5, 6]], "float16"), "float64"),
    (np.array([[1, 2, 3], [4, 5, 6]], ">f4"), "float32"),
    (np.asfortranarray(np.array([[1, 2, 3], [4, 5, 6]], "float32")), "float32"),
    (np.array([[1, 4], [2, 5], [3, 6]], "float64").T, "float64"),
    (np.array([[6, 5, 4], [3, 2, 1]], "float32")[::-1, ::-1], "float32"),
    (memoryview(np.array([[1, 2, 3], [4, 5, 6]], "float32")), "float32"),
    (memoryview(np.array([[1, 4], [2, 5], [3, 6]], "float64").T), "float64"),
    (memoryview(np.array([[1, 4], [2, 5], [3, 6]], ">f4").T), "float32"),
    (memoryview(np.array([[1, 2, 3], [4, 5, 6]], "int16")), "float64"),
    (Interface(np.array([[1, 2, 3], [4, 5, 6]], "float32")), "float32"),
    (Interface(np.array([[1, 2, 3], [4, 5, 6]], "int16")), "float64"),
    (Arrayable(np.array([[1, 2, 3], [4, 5, 6]], "float32")), "float32"),
    (Matrix([[1, 2, 3], [4, 5, 6]], dtype="float32"), "float32"),
]


@pytest.mark.parametrize(("data", "dtype"), ONE_TO_SIX)
def test_every_kind_of_data_is_read(data: Any, dtype: str) -> None:
    """Buffers, array objects and nested sequences hold the same rows, in the promised type."""
    matrix = Matrix(data)
    assert matrix.tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert (matrix.dtype, matrix.rows, matrix.cols, matrix.shape) == (dtype, 2, 3, (2, 3))
    assert matrix[1, -1] == 6.0
    for other in DTYPES:
        assert Matrix(data, dtype=other).tolist() == matrix.tolist()
        assert Matrix(data, dtype=np.dtype(other)).dtype == other


@pytest.mark.parametrize(
    "data",
    [[1, 2, 3, 4, 5, 6], array.array("f", range(1, 7)), np.arange(1, 7), Vector(range(1, 7))],
)
def test_flat_data_takes_its_shape_from_arguments(data: Any) -> None:
    """One-dimensional data is read row after row."""
    assert Matrix(data, 2, 3).tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert Matrix(data, rows=3, cols=2).tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    with pytest.raises(SizeMismatch) as raised:
        Matrix(data, 2, 2)
    assert (raised.value.expected, raised.value.actual) == (4, 6)


NOT_MATRICES = [
    ((12,), "int is not a sequence of rows"),
    (("12",), "str is not a sequence of rows"),
    (([1, 2],), "row 0: int is not a sequence of numbers"),
    (([[1, 2], [3]],), "row 1 has 1 elements and row 0 has 2"),
    (([[1, 2], [3, "4"]],), "row 1: element 1 is not a real number but str"),
    ((np.zeros(3),), "a matrix has two dimensions, not 1"),
    ((np.zeros((2, 2, 2)),), "a matrix has two dimensions, not 3"),
    ((np.zeros((2, 2), complex),), "elements of buffer format 'Zd' are not real numbers"),
    ((Interface(np.zeros(3)),), "a matrix has two dimensions, not 1"),
    (
        (Interface(np.zeros((4, 4))[::2]),),
        "a matrix by its array interface must be contiguous, row after row",
    ),
    (([1, 2], 1), "flat data needs both rows and cols"),
    (([1, 2], -1, -2), "rows must be a whole number, not -1"),
    (([1, 2], 1, 2.0), "cols must be a whole number, not 2.0"),
]


@pytest.mark.parametrize(("arguments", "sentence"), NOT_MATRICES)
def test_what_is_no_matrix_is_refused(arguments: Any, sentence: str) -> None:
    """One sentence says what is wrong."""
    with pytest.raises(InvalidInput) as raised:
        Matrix(*arguments)
    assert str(raised.value) == sentence


@pytest.mark.parametrize("wrap", [lambda data: data, memoryview, Interface, Matrix])
@pytest.mark.parametrize("dtype", DTYPES)
def test_contiguous_floats_are_not_copied(dtype: str, wrap: Any) -> None:
    """What is written into the memory shows in the matrix, and the matrix keeps it alive."""
    data = np.zeros((3, 4), dtype)
    matrix = Matrix(wrap(data))
    data[2, 1] = 5
    assert matrix[2, 1] == 5.0
    flat = Matrix(data.reshape(-1), 4, 3)
    data[2, 1] = 6
    assert flat[3, 0] == 6.0
    del data
    gc.collect()
    junk = [np.full((3, 4), 9.0, dtype) for _ in range(5)]
    assert matrix[2, 1] == 6.0
    assert len(junk) == 5


def test_numpy_shares_a_result() -> None:
    """The array interface gives the elements without a copy."""
    matrix = Matrix([[1, 2], [3, 4]])
    shared = np.asarray(matrix)
    shared[0, 1] = 9
    assert matrix[0, 1] == 9.0
    readonly = np.ones((2, 2))
    readonly.flags.writeable = False
    assert not np.asarray(Matrix(readonly)).flags.writeable


def test_places_outside_are_refused() -> None:
    """An index error, not somebody's memory."""
    matrix = Matrix([[1, 2], [3, 4]])
    for place in ((2, 0), (0, 2), (-3, 0), (0, -3)):
        with pytest.raises(IndexError):
            matrix[place]


def test_repr_shows_the_head() -> None:
    """A large matrix does not flood a terminal."""
    assert (
        repr(Matrix([[1, 2], [3, 4]]))
        == "Matrix([[1.0, 2.0], [3.0, 4.0]], dtype='float64', rows=2, cols=2)"
    )
    assert len(repr(Matrix(np.zeros((1000, 1000))))) < 200
