"""Vectors: a view of numbers in memory, and the operations on it, run by the C core.

Every operation is one call into the core, which selects the kernel, runs it, and traces it.
"""
# ruff: noqa: PLR0124 -- NaN is what differs from itself; math.isnan would cost a call

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from renacer._native import View, ensure, ffi, lib, string, table
from renacer.compute.buffers import TYPECODES, dtype_name, read_floats

__all__ = ["Vector"]

allocation_hook: Callable[[int, int], None] | None = None
"""Called as ``hook(nbytes, copied_bytes)`` for each vector made while a tracer is active."""

_OP = {string(row.name): index for index, row in enumerate(table(lib.rnc_op))}
_SUM = _OP["sum"]
_MEAN = _OP["mean"]
_VARIANCE = _OP["variance"]
_STDDEV = _OP["stddev"]
_MIN = _OP["min"]
_MAX = _OP["max"]
_PERCENTILE = _OP["percentile"]

_DTYPES = {"float32": lib.RNC_F32, "float64": lib.RNC_F64}
_NAMES = {row: name for name, row in _DTYPES.items()}


class Vector(View):
    """One-dimensional float32 or float64 data, ready for operations.

    ``data`` is anything with the buffer protocol, ``__array_interface__`` or ``__array__`` (NumPy
    arrays, ``array.array``, ``memoryview``, Arrow buffers), or an iterable of numbers. Contiguous
    float32 and float64 buffers in native byte order are used where they lie, without a copy: the
    vector keeps them alive and, as with any exported buffer, they cannot be resized meanwhile;
    what is written into them shows in later results. Strided buffers are copied; integers,
    booleans and plain sequences are converted to float64. ``dtype`` ("float32" or "float64", or
    anything whose text or ``name`` says so) converts.

    Results are Python floats in float64 precision, for float32 data too. NaN anywhere makes the
    result NaN. Raises :class:`~renacer.InvalidInput` for data that holds no real numbers or has
    more than one dimension.
    """

    __slots__ = ("__weakref__",)

    @staticmethod
    def _read(data: Any, dtype: Any) -> tuple[Any, int, int, Any]:
        """What View asks of data that it cannot hold as it is."""
        source = data._view() if isinstance(data, Vector) else data
        floats = read_floats(source, None if dtype is None else dtype_name(dtype))
        copied = len(ffi.from_buffer(floats.memory)) if floats.copied else 0
        return floats.memory, _DTYPES[floats.dtype], copied, floats.owner

    def _allocated(self, nbytes: int, copied: int) -> None:
        """What View calls for a new vector while a tracer is active."""
        if allocation_hook is not None:
            allocation_hook(nbytes, copied)

    @property
    def dtype(self) -> str:
        """Element type, "float32" or "float64"."""
        return _NAMES[self._dtype]

    def __iter__(self) -> Iterator[float]:
        return iter(self._view())

    def __repr__(self) -> str:
        shown = ", ".join(repr(element) for element in self._view()[:6])
        more = ", …" if len(self) > 6 else ""
        return f"Vector([{shown}{more}], dtype={self.dtype!r}, length={len(self)})"

    def _view(self) -> memoryview:
        code: Any = TYPECODES[self.dtype]
        return memoryview(ffi.buffer(ffi.from_buffer(self._memory))).cast(code)

    @property
    def _vec(self) -> Any:
        """The ``rnc_vec *`` for functions of the core, valid while this vector lives."""
        return ffi.cast("rnc_vec *", self._address)

    def sum(self) -> float:
        """Sum of all elements; 0.0 when there are none."""
        result = self._run(_SUM)
        return result if result == result else _checked(result)

    def mean(self) -> float:
        """Arithmetic mean. Raises EmptyVector."""
        result = self._run(_MEAN)
        return result if result == result else _checked(result)

    def variance(self, ddof: float = 0) -> float:
        """Sum of squared distances from the mean, divided by ``n - ddof``; never negative.

        Computed from shifted data, merged blockwise (Chan, Golub and LeVeque, 1979). Raises
        EmptyVector; DivisionByZero when ``ddof`` is not below the length; InvalidInput when it is
        negative.
        """
        result = self._run(_VARIANCE, ddof)
        return result if result == result else _checked(result, "ddof", ddof)

    def stddev(self, ddof: float = 0) -> float:
        """Square root of :meth:`variance`, in range even where the variance is not."""
        result = self._run(_STDDEV, ddof)
        return result if result == result else _checked(result, "ddof", ddof)

    def min(self) -> float:
        """Least element; -0.0 is below 0.0. Raises EmptyVector."""
        result = self._run(_MIN)
        return result if result == result else _checked(result)

    def max(self) -> float:
        """Greatest element; 0.0 is above -0.0. Raises EmptyVector."""
        result = self._run(_MAX)
        return result if result == result else _checked(result)

    def percentile(self, q: float) -> float:
        """The ``q``-th percentile, 0 <= q <= 100, between order statistics linearly interpolated.

        Definition 7 of Hyndman and Fan (1996), NumPy's default; exact where no interpolation is
        needed. Raises EmptyVector; InvalidInput when ``q`` is outside its range.
        """
        result = self._run(_PERCENTILE, q)
        return result if result == result else _checked(result, "percentile", q)


def _checked(result: float, parameter: str = "", value: float = 0.0) -> float:
    """NaN as an operation gave it: a result if the operation succeeded, else its error."""
    execution = lib.rnc_last_execution()
    if execution.status == lib.RNC_OK:
        return result
    op = string(lib.rnc_op(execution.op).name)
    length = execution.elements
    messages = {
        lib.RNC_EMPTY_VECTOR: f"{op} of an empty vector",
        lib.RNC_DIVISION_BY_ZERO: f"{op}: ddof {value:g} is not below the length {length}",
        lib.RNC_INVALID_INPUT: f"{op}: {parameter} {value:g} is out of range",
        lib.RNC_NO_MEMORY: f"{op}: no memory for {length} elements",
    }
    ensure(execution.status, messages.get(execution.status, ""))
    return result
