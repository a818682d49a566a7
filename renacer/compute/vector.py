"""Vectors: a view of numbers in memory, and the operations on it, run by the C core.

Every operation is one call into the core, which selects the kernel, runs it, and traces it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from renacer._native import View, ffi, lib
from renacer.compute.apply import OP, PROPAGATE, apply, fail, omits
from renacer.compute.buffers import TYPECODES, dtype_name, read_floats
from renacer.errors import InvalidInput, SizeMismatch

__all__ = ["Description", "Vector"]

allocation_hook: Callable[[int, int], None] | None = None
"""Called as ``hook(nbytes, copied_bytes)`` for each vector made while a tracer is active."""

_SUM = OP["sum"]
_MEAN = OP["mean"]
_VARIANCE = OP["variance"]
_STDDEV = OP["stddev"]
_MIN = OP["min"]
_MAX = OP["max"]
_PERCENTILE = OP["percentile"]
_PERCENTILES = OP["percentiles"]
_ARGMIN = OP["argmin"]
_ARGMAX = OP["argmax"]
_DOT = OP["dot"]
_COVARIANCE = OP["covariance"]
_CORRELATION = OP["correlation"]
_DESCRIBE = OP["describe"]
_SUMMARY = lib.RNC_SUMMARY_RESULTS
_ZSCORE = OP["zscore"]
_NORMS = {"l1": OP["norm_l1"], "l2": OP["norm_l2"], "linf": OP["norm_linf"]}

_DTYPES = {"float32": lib.RNC_F32, "float64": lib.RNC_F64}


class Description(NamedTuple):
    """What :meth:`Vector.describe` found; ``quantiles`` maps each percentile asked for."""

    count: int  # type: ignore[assignment]
    mean: float
    stddev: float
    min: float
    max: float
    quantiles: dict[float, float] = {}  # noqa: RUF012


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
    result NaN, or with ``nan_policy="omit"`` the operation runs on the elements that are not NaN.
    Raises :class:`~renacer.InvalidInput` for data that holds no real numbers or has
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
        return self._dtype

    def __iter__(self) -> Iterator[float]:
        return iter(self._view())

    def __repr__(self) -> str:
        shown = ", ".join(repr(element) for element in self._view()[:6])
        more = ", …" if len(self) > 6 else ""
        return f"Vector([{shown}{more}], dtype={self._dtype!r}, length={len(self)})"

    def _view(self) -> memoryview:
        code: Any = TYPECODES[self._dtype]
        view = memoryview(ffi.buffer(self._memory)).cast(code)
        return view.toreadonly() if self._buffer.readonly else view

    @property
    def _memory(self) -> Any:
        """The bytes of the elements, as cffi has them."""
        return ffi.from_buffer(self._buffer)

    @property
    def _vec(self) -> Any:
        """The ``rnc_vec *`` for functions of the core, valid while this vector lives."""
        return ffi.cast("rnc_vec *", self._address)

    def sum(self, *, nan_policy: str = PROPAGATE) -> float:
        """Sum of all elements; 0.0 when there are none."""
        if nan_policy is not PROPAGATE:
            return self._number(_SUM, nan_policy)
        return self._run(_SUM)

    def mean(self, *, nan_policy: str = PROPAGATE) -> float:
        """Arithmetic mean. Raises EmptyVector."""
        if nan_policy is not PROPAGATE:
            return self._number(_MEAN, nan_policy)
        return self._run(_MEAN)

    def variance(self, ddof: float = 0, *, nan_policy: str = PROPAGATE) -> float:
        """Sum of squared distances from the mean, divided by ``n - ddof``; never negative.

        Computed from shifted data, merged blockwise (Chan, Golub and LeVeque, 1979). Raises
        EmptyVector; DivisionByZero when ``ddof`` is not below the length; InvalidInput when it is
        negative.
        """
        if nan_policy is not PROPAGATE:
            return self._number(_VARIANCE, nan_policy, ddof)
        return self._run(_VARIANCE, ddof)

    def stddev(self, ddof: float = 0, *, nan_policy: str = PROPAGATE) -> float:
        """Square root of :meth:`variance`, in range even where the variance is not."""
        if nan_policy is not PROPAGATE:
            return self._number(_STDDEV, nan_policy, ddof)
        return self._run(_STDDEV, ddof)

    def min(self, *, nan_policy: str = PROPAGATE) -> float:
        """Least element; -0.0 is below 0.0. Raises EmptyVector."""
        if nan_policy is not PROPAGATE:
            return self._number(_MIN, nan_policy)
        return self._run(_MIN)

    def max(self, *, nan_policy: str = PROPAGATE) -> float:
        """Greatest element; 0.0 is above -0.0. Raises EmptyVector."""
        if nan_policy is not PROPAGATE:
            return self._number(_MAX, nan_policy)
        return self._run(_MAX)

    def percentile(self, q: float, *, nan_policy: str = PROPAGATE) -> float:
        """The ``q``-th percentile, 0 <= q <= 100, between order statistics linearly interpolated.

        Definition 7 of Hyndman and Fan (1996), NumPy's default; exact where no interpolation is
        needed. Raises EmptyVector; InvalidInput when ``q`` is outside its range.
        """
        if nan_policy is not PROPAGATE:
            return self._number(_PERCENTILE, nan_policy, q)
        return self._run(_PERCENTILE, q)

    def percentiles(self, qs: Sequence[float], *, nan_policy: str = PROPAGATE) -> list[float]:
        """The percentiles ``qs``, in their order, found together; each as :meth:`percentile`.

        Raises EmptyVector; InvalidInput when one is outside its range.
        """
        wanted = list(qs)
        omit = nan_policy is not PROPAGATE and omits(nan_policy)
        if not wanted:
            return []
        if omit:
            return apply(_PERCENTILES, (self._vec,), len(wanted), wanted, omit_nan=True)
        return self._gather(_PERCENTILES, len(wanted), *wanted)

    def argmin(self, *, nan_policy: str = PROPAGATE) -> int:
        """First place of :meth:`min`, from 0: of -0.0 where there is one and it is the least.

        The first NaN if there is one, as in NumPy; left out, NaNs still count as places. Raises
        EmptyVector.
        """
        return self._place(_ARGMIN, nan_policy)

    def argmax(self, *, nan_policy: str = PROPAGATE) -> int:
        """First place of :meth:`max`, with :meth:`argmin`'s rules. Raises EmptyVector."""
        return self._place(_ARGMAX, nan_policy)

    def norm(self, order: str = "l2", *, nan_policy: str = PROPAGATE) -> float:
        """Length of the vector: "l1" sums magnitudes, "l2" is Euclid's, "linf" the greatest.

        In range wherever the result is, though squares are not. Raises EmptyVector; InvalidInput
        for another ``order``.
        """
        op = _NORMS.get(order)
        if op is None:
            raise InvalidInput(f"order must be 'l1', 'l2' or 'linf', not {order!r}")
        if nan_policy is not PROPAGATE:
            return self._number(op, nan_policy)
        return self._run(op)

    def dot(self, other: Vector, *, nan_policy: str = PROPAGATE) -> float:
        """Sum of products of elements; float64's with compensation (Ogita, Rump, Oishi, 2005).

        ``other`` is a vector of the same length and type. Raises EmptyVector; SizeMismatch;
        InvalidInput when the types differ.
        """
        if nan_policy is not PROPAGATE:
            return self._pair(_DOT, other, nan_policy)
        return self._run(_DOT, 0.0, other)

    def covariance(self, other: Vector, ddof: float = 0, *, nan_policy: str = PROPAGATE) -> float:
        """Sum of products of distances from both means, divided by ``n - ddof``.

        Raises as :meth:`dot`; DivisionByZero and InvalidInput as :meth:`variance`.
        """
        if nan_policy is not PROPAGATE:
            return self._pair(_COVARIANCE, other, nan_policy, ddof)
        return self._run(_COVARIANCE, ddof, other)

    def correlation(self, other: Vector, *, nan_policy: str = PROPAGATE) -> float:
        """Pearson's coefficient, from -1 to 1, in one pass over both vectors.

        Raises as :meth:`dot`; DivisionByZero when the elements of a vector are all equal.
        """
        if nan_policy is not PROPAGATE:
            return self._pair(_CORRELATION, other, nan_policy)
        return self._run(_CORRELATION, 0.0, other)

    def zscore(self, ddof: float = 0, *, out: Any = None, nan_policy: str = PROPAGATE) -> Vector:
        """Each element's distance from the mean in standard deviations, in the vector's own type.

        ``out`` is a Vector or a writable buffer of the same length and type that takes the result;
        it may be this vector's own memory. The result is a vector over it, or over new memory.
        With ``nan_policy="omit"`` NaNs stay where they are and do not enter the mean.

        Raises EmptyVector; DivisionByZero when all elements are equal or ``ddof`` is not below the
        length; SizeMismatch; InvalidInput for an ``out`` that cannot be used.
        """
        if nan_policy is not PROPAGATE and omits(nan_policy):
            scores = self._output(out)
            apply(_ZSCORE, (self._vec,), 0, (ddof,), out=scores._vec.data, omit_nan=True)
            return scores
        return self._map(_ZSCORE, ddof, out, Vector)

    def describe(
        self,
        quantiles: Sequence[float] = (),
        *,
        ddof: float = 0,
        nan_policy: str = PROPAGATE,
    ) -> Description:
        """Count, mean, standard deviation, least and greatest element, in one pass.

        ``quantiles`` are percentiles to find as well, by :meth:`percentiles`. The count leaves out
        what ``nan_policy`` leaves out. Raises as :meth:`stddev` and :meth:`percentiles`.
        """
        found: dict[float, float] = {}
        if nan_policy is not PROPAGATE and omits(nan_policy):
            numbers = apply(_DESCRIBE, (self._vec,), _SUMMARY, (ddof,), omit_nan=True)
            description = Description._make((int(numbers[0]), *numbers[1:], found))
        else:
            description = self._summary(_DESCRIBE, ddof, Description, found)
        if wanted := list(quantiles):
            values = self.percentiles(wanted, nan_policy=nan_policy)
            found.update(zip(wanted, values, strict=True))
        return description

    def _number(self, op: int, nan_policy: str, param: float = 0.0) -> float:
        omit = omits(nan_policy)
        return apply(op, (self._vec,), 1, (param,), omit_nan=omit)[0]

    def _refused(self, params: Sequence[float], other: Vector | None = None) -> None:
        """What View calls for an operation that the core refused: raises why."""
        operands = (self,) if other is None else (self, other)
        fail([operand._vec for operand in operands], params)

    def _unfit(self, other: Any) -> NoReturn:
        """What View calls for an operand that is not a vector of this one's type."""
        if not isinstance(other, Vector):
            raise InvalidInput(f"the other operand must be a Vector, not {type(other).__name__}")
        raise InvalidInput(f"the operands are {self.dtype} and {other.dtype}")

    def _place(self, op: int, nan_policy: str) -> int:
        if nan_policy is not PROPAGATE:
            return int(self._number(op, nan_policy))
        return int(self._run(op))

    def _pair(self, op: int, other: Vector, nan_policy: str, param: float = 0.0) -> float:
        if not isinstance(other, Vector) or other._dtype != self._dtype:
            self._unfit(other)
        omit = omits(nan_policy)
        return apply(op, (self._vec, other._vec), 1, (param,), omit_nan=omit)[0]

    def _output(self, out: Any) -> Vector:
        """A vector over ``out``, or over new memory, that takes a result of this one's size."""
        code: Any = TYPECODES[self.dtype]
        if out is None:
            return Vector(memoryview(bytearray(len(self) * struct.calcsize(code))).cast(code))
        scores = out if isinstance(out, Vector) else _vector_over(out)
        if scores is None or scores._dtype != self._dtype:
            raise InvalidInput(f"out must be a contiguous buffer of {self.dtype}")
        if scores._buffer.readonly:
            raise InvalidInput("out is read-only")
        if len(scores) != len(self):
            raise SizeMismatch(len(self), len(scores))
        return scores


def _vector_over(out: Any) -> Vector | None:
    """A vector over the memory of ``out`` itself, or None where it would be over a copy."""
    try:
        view = memoryview(out)
    except TypeError:
        return None
    return Vector(view) if view.c_contiguous and view.format in TYPECODES.values() else None
