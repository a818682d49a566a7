"""Matrices: rows and columns of numbers in memory, and the operations on them, run by the C core.

Every operation is one call into the core, which checks shapes, selects the kernel, runs it, and
traces it.
"""

from __future__ import annotations

import array
from typing import Any

from renacer._native import ensure, ffi, lib
from renacer.compute import vector as vectors
from renacer.compute.apply import OP
from renacer.compute.buffers import TYPECODES, Floats, dtype_name, elements_of, read_floats
from renacer.compute.grids import Grid, read_flat, read_grid
from renacer.compute.vector import Vector
from renacer.errors import InvalidInput, SizeMismatch

__all__ = ["Matrix"]

_MAT = ffi.typeof("rnc_mat *")
_DTYPES = {"float32": lib.RNC_F32, "float64": lib.RNC_F64}
_SIZES = {"float32": 4, "float64": 8}
_INTERFACE_TYPES = {"float32": "<f4", "float64": "<f8"}


class Matrix:
    """Two-dimensional float32 or float64 data, row after row, ready for operations.

    ``Matrix(data)`` takes anything two-dimensional with the buffer protocol,
    ``__array_interface__`` or ``__array__``, or a sequence of rows of one length, each of them
    anything a :class:`~renacer.Vector` takes. ``Matrix(data, rows, cols)`` takes one-dimensional
    data. Float32 and float64 buffers in native byte order whose rows follow one another are used
    where they lie, as a vector uses them; all else is copied: strided and Fortran-ordered data as
    it is, integers, booleans and plain sequences as float64. ``dtype`` converts.

    Results are new matrices and vectors of the operands' type, or are written into ``out``: a
    matrix, or writable two-dimensional memory that a matrix can be without a copy, of the result's
    shape and type, apart from the operands. Of operands of two types, the float32 one is converted
    to float64. NaN and infinities go through sums and products as IEEE 754 says. In
    :func:`~renacer.last_execution` and on spans, the elements are those of the matrix whose method
    was called.

    Raises :class:`~renacer.InvalidInput` for data that holds no real numbers, has not two
    dimensions, or has rows of several lengths; :class:`~renacer.SizeMismatch` when flat data is not
    ``rows * cols`` long, operands do not fit, or ``out`` does not fit the result.
    """

    __slots__ = ("__weakref__", "_dtype", "_floats", "_mat", "_memory")

    # NumPy then leaves ``array @ matrix`` to this class.
    __array_ufunc__ = None

    def __init__(
        self, data: Any, rows: int | None = None, cols: int | None = None, dtype: Any = None
    ) -> None:
        wanted = None if dtype is None else dtype_name(dtype)
        if rows is None and cols is None:
            self._hold(data._as(wanted) if isinstance(data, Matrix) else read_grid(data, wanted))
        elif rows is None or cols is None:
            raise InvalidInput("flat data needs both rows and cols")
        else:
            flat = data._view() if isinstance(data, Vector) else data
            self._hold(read_flat(flat, rows, cols, wanted))

    def _hold(self, grid: Grid) -> None:
        self._floats = grid.floats
        self._dtype = grid.floats.dtype
        self._memory = ffi.from_buffer(grid.floats.memory)
        self._mat = ffi.new(_MAT, (self._memory, grid.rows, grid.cols, _DTYPES[self._dtype]))
        hook = vectors.allocation_hook
        if hook is not None and lib.rnc_tracer_active() != ffi.NULL:
            nbytes = len(self._memory)
            hook(nbytes, nbytes if grid.floats.copied else 0)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self._mat.rows)

    @property
    def cols(self) -> int:
        """How many columns there are."""
        return int(self._mat.cols)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.cols

    @property
    def dtype(self) -> str:
        """Element type, "float32" or "float64"."""
        return self._dtype

    @property
    def T(self) -> Matrix:
        """:meth:`transpose`, as a copy."""
        return self.transpose()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """NumPy's array interface: ``numpy.asarray(matrix)`` shares the elements."""
        address = int(ffi.cast("uintptr_t", self._memory))
        return {
            "version": 3,
            "shape": self.shape,
            "typestr": _INTERFACE_TYPES[self._dtype],
            "data": (address, self._readonly()),
        }

    def __getitem__(self, place: tuple[int, int]) -> float:
        """The element at (row, column); negative ones count from the end. Raises IndexError."""
        row, col = place
        rows, cols = self.shape
        if not (-rows <= row < rows and -cols <= col < cols):
            raise IndexError(f"({row}, {col}) lies outside {rows} x {cols}")
        element: float = self._flat()[row % rows * cols + col % cols]
        return element

    def __repr__(self) -> str:
        rows = [row[:6] for row in self._head(3)]
        more = ", …" if self.cols > 6 else ""
        shown = ", ".join("[" + ", ".join(map(repr, row)) + more + "]" for row in rows)
        more = ", …" if self.rows > 3 else ""
        return f"Matrix([{shown}{more}], dtype={self._dtype!r}, rows={self.rows}, cols={self.cols})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles hold the elements by value, and nothing of whoever owns them."""
        elements = elements_of(self._memory, self._dtype)
        return type(self), (elements, self.rows, self.cols), getattr(self, "__dict__", None)

    def tolist(self) -> list[list[float]]:
        """The rows, as lists of Python floats."""
        return self._head(self.rows)

    def _head(self, count: int) -> list[list[float]]:
        flat, cols = self._flat(), self.cols
        return [flat[row * cols : (row + 1) * cols].tolist() for row in range(self.rows)[:count]]

    def _flat(self) -> Any:
        return memoryview(ffi.buffer(self._memory)).cast(TYPECODES[self._dtype])  # type: ignore[call-overload]

    def _as(self, dtype: str | None) -> Grid:
        """The same memory, or a copy in another type."""
        floats = self._floats._replace(copied=False)
        if dtype is not None and dtype != self._dtype:
            elements = memoryview(array.array(TYPECODES[dtype], self._flat()))
            floats = Floats(elements, len(elements), dtype, True, None)
        return Grid(floats, self.rows, self.cols)

    def _readonly(self) -> bool:
        return memoryview(self._floats.memory).readonly

    def matmul(self, other: Any, out: Any = None) -> Matrix:
        """The matrix product, ``self.rows`` by ``other.cols``; also ``self @ other``.

        Accumulated in the elements' type: within ``k * u * sum(|a| * |b|)`` of the exact element,
        to first order, where k is ``self.cols`` and u is 2**-24 or 2**-53. The same bits on the
        instruction sets that fuse multiply and add (AVX2, NEON), and on the others (SSE2, Scalar).
        An element with no terms (``self.cols == 0``) is 0. Raises SizeMismatch unless
        ``other.rows == self.cols``.
        """
        left, right = _promoted(self, other if isinstance(other, Matrix) else Matrix(other))
        result = _result(out, left.rows, right.cols, left.dtype)
        _run("matmul", left, right._mat, result._mat)
        return result

    def __matmul__(self, other: Any) -> Any:
        """:meth:`matvec` with what has one dimension, else :meth:`matmul`."""
        single = isinstance(other, Vector) or getattr(other, "ndim", 2) == 1
        return self.matvec(other) if single else self.matmul(other)

    def __rmatmul__(self, other: Any) -> Matrix:
        return Matrix(other).matmul(self)

    def matvec(self, vector: Any, out: Any = None) -> Vector:
        """The product with a column vector of ``self.cols`` elements: a Vector of ``self.rows``.

        Accumulated in float64, the same bits on every instruction set: for float32 within a
        rounding to float32 plus ``k * 2**-53 * sum(|a| * |x|)`` of the exact element, for float64
        within the latter. ``out`` is a Vector or one-dimensional memory. Raises SizeMismatch
        unless ``len(vector) == self.cols``.
        """
        given = vector if isinstance(vector, Vector) else Vector(vector)
        left = self
        if left.dtype != given.dtype:
            left, given = Matrix(left, dtype="float64"), Vector(given, dtype="float64")
        result = _vector_result(out, left.rows, left.dtype)
        _run("matvec", left, _column(given), _column(result))
        return result

    def transpose(self, out: Any = None) -> Matrix:
        """Columns as rows: exact, NaN payloads too. A copy, ``self.cols`` by ``self.rows``."""
        result = _result(out, self.cols, self.rows, self.dtype)
        _run("transpose", self, ffi.NULL, result._mat)
        return result

    def correlation_matrix(self, out: Any = None) -> Matrix:
        """Pearson's correlation of every pair of columns; each row is an observation.

        Symmetric, 1 on the diagonal, in [-1, 1]; computed in float64 from shifted and centred
        columns, so within 2**-24 also far from zero. A column with NaN or an infinity makes its
        row and column of the result NaN. Without columns the result is 0 x 0. Raises EmptyVector
        without rows; DivisionByZero when a column is constant (``out`` then holds no result).
        """
        result = _result(out, self.cols, self.cols, self.dtype)
        _run("correlation_matrix", self, ffi.NULL, result._mat)
        return result

    def convolve2d(self, weights: Any, out: Any = None) -> Matrix:
        """The two-dimensional convolution where ``weights`` lie wholly inside: mode "valid".

        True convolution, not cross-correlation: the weights are turned by half a circle, as in
        ``scipy.signal.convolve2d``; turn them beforehand for the other. The result has
        ``self.rows - weights.rows + 1`` rows, columns likewise. Accumulated in the elements' type,
        row by row of the weights, the same bits on every instruction set: within
        ``k * u * sum(|a| * |w|)``, k weights, u as in :meth:`matmul`. Raises EmptyVector for no
        weights, InvalidInput when there are more rows or columns of them than of this matrix.
        """
        left, right = _promoted(self, weights if isinstance(weights, Matrix) else Matrix(weights))
        rows, cols = left.rows - right.rows + 1, left.cols - right.cols + 1
        if rows <= 0 or cols <= 0:
            rows, cols, out = 0, 0, None
        result = _result(out, rows, cols, left.dtype)
        _run("convolve2d", left, right._mat, result._mat)
        return result


def _promoted(left: Matrix, right: Matrix) -> tuple[Matrix, Matrix]:
    if left.dtype == right.dtype:
        return left, right
    return Matrix(left, dtype="float64"), Matrix(right, dtype="float64")


def _zeros(count: int, dtype: str) -> Floats:
    code: Any = TYPECODES[dtype]
    memory = memoryview(bytearray(count * _SIZES[dtype])).cast(code)
    return Floats(memory, count, dtype, False, None)


def _result(out: Any, rows: int, cols: int, dtype: str) -> Matrix:
    if out is None:
        result = Matrix.__new__(Matrix)
        result._hold(Grid(_zeros(rows * cols, dtype), rows, cols))
        return result
    result = out if isinstance(out, Matrix) else Matrix(out)
    own = isinstance(out, Matrix) or not result._floats.copied or not rows * cols
    _check_target(result.dtype, dtype, own and not result._readonly())
    for expected, actual in ((rows, result.rows), (cols, result.cols)):
        if expected != actual:
            raise SizeMismatch(expected, actual)
    return result


def _vector_result(out: Any, length: int, dtype: str) -> Vector:
    if out is None:
        return Vector(_zeros(length, dtype).memory)
    own = True
    result: Vector = out
    if not isinstance(out, Vector):
        result, own = Vector(out), not read_floats(out, None).copied or not length
    _check_target(result.dtype, dtype, own and not result._buffer.readonly)
    if len(result) != length:
        raise SizeMismatch(length, len(result))
    return result


def _check_target(actual: str, expected: str, usable: bool) -> None:
    if actual != expected:
        raise InvalidInput(f"out is {actual}; the result is {expected}")
    if not usable:
        raise InvalidInput("out must be writable memory that can be used without a copy")


def _column(vector: Vector) -> Any:
    """A vector as a matrix of one column; the vector keeps its memory alive."""
    return ffi.new(_MAT, (vector._vec.data, len(vector), 1, _DTYPES[vector.dtype]))


def _run(op: str, left: Matrix, right: Any, result: Any) -> None:
    """One call into the core, and what it refuses as this package's errors."""
    status = lib.rnc_matrix_run(OP[op], left._mat, right, result)
    if status == lib.RNC_OK:
        return
    if status == lib.RNC_SIZE_MISMATCH:
        raise SizeMismatch(left.cols, right.rows)
    misuse = "out shares memory with an operand"
    if op == "convolve2d" and (right.rows > left.rows or right.cols > left.cols):
        misuse = (
            f"{right.rows} x {right.cols} weights are larger than the matrix, "
            f"{left.rows} x {left.cols}"
        )
    messages = {
        lib.RNC_EMPTY_VECTOR: f"{op} of an empty matrix, or by one",
        lib.RNC_DIVISION_BY_ZERO: f"{op}: a column is constant",
        lib.RNC_INVALID_INPUT: f"{op}: {misuse}",
        lib.RNC_NO_MEMORY: f"{op}: no memory for {left.rows} x {left.cols} elements",
    }
    ensure(status, messages.get(status, ""))
