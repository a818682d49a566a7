"""Vectors: a view of numbers in memory, and the operations on it, run by the C core.

Every operation is one call into the core, which selects the kernel, runs it, and traces it.
"""
# ruff: noqa: PLR0124 -- NaN is what differs from itself; math.isnan would cost a call

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from renacer._native import ffi, lib
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
_ZSCORE = OP["zscore"]
_NORMS = {"l1": OP["norm_l1"], "l2": OP["norm_l2"], "linf": OP["norm_linf"]}

_run = lib.rnc_run
_run_pair = lib.rnc_run_pair

_DTYPES = {"float32": lib.RNC_F32, "float64": lib.RNC_F64}


class Description(NamedTuple):
    """What :meth:`Vector.describe` found; ``quantiles`` maps each percentile asked for."""

    count: int  # type: ignore[assignment]
    mean: float
    stddev: float
    min: float
    max: float
    quantiles: dict[float, float] = {}  # noqa: RUF012


class Vector:
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

    __slots__ = ("__weakref__", "_dtype", "_memory", "_owner", "_vec")

    def __init__(self, data: Any, dtype: Any = None) -> None:
        source = data._view() if isinstance(data, Vector) else data
        floats = read_floats(source, None if dtype is None else dtype_name(dtype))
        self._dtype = floats.dtype
        self._owner = floats.owner
        self._memory = ffi.from_buffer(floats.memory)
        self._vec = ffi.new("rnc_vec *", (self._memory, floats.length, _DTYPES[floats.dtype]))
        if allocation_hook is not None and lib.rnc_tracer_active() != ffi.NULL:
            nbytes = len(self._memory)
            allocation_hook(nbytes, nbytes if floats.copied else 0)

    @property
    def dtype(self) -> str:
        """Element type, "float32" or "float64"."""
        return self._dtype

    def __len__(self) -> int:
        return int(self._vec.length)

    def __iter__(self) -> Iterator[float]:
        return iter(self._view())

    def __repr__(self) -> str:
        shown = ", ".join(repr(element) for element in self._view()[:6])
        more = ", …" if len(self) > 6 else ""
        return f"Vector([{shown}{more}], dtype={self._dtype!r}, length={len(self)})"

    def _view(self) -> memoryview:
        code: Any = TYPECODES[self._dtype]
        return memoryview(ffi.buffer(self._memory)).cast(code)

    def sum(self, *, nan_policy: str = PROPAGATE) -> float:
        """Sum of all elements; 0.0 when there are none."""
        if nan_policy is not PROPAGATE:
            return self._number(_SUM, nan_policy)
        result: float = _run(self._vec, _SUM, 0.0)
        return result if result == result else _checked(result)

    def mean(self, *, nan_policy: str = PROPAGATE) -> float:
        """Arithmetic mean. Raises EmptyVector."""
        if nan_policy is not PROPAGATE:
            return self._number(_MEAN, nan_policy)
        result: float = _run(self._vec, _MEAN, 0.0)
        return result if result == result else _checked(result)

    def variance(self, ddof: float = 0, *, nan_policy: str = PROPAGATE) -> float:
        """Sum of squared distances from the mean, divided by ``n - ddof``; never negative.

        Computed from shifted data, merged blockwise (Chan, Golub and LeVeque, 1979). Raises
        EmptyVector; DivisionByZero when ``ddof`` is not below the length; InvalidInput when it is
        negative.
        """
        if nan_policy is not PROPAGATE:
            return self._number(_VARIANCE, nan_policy, ddof)
        result: float = _run(self._vec, _VARIANCE, ddof)
        return result if result == result else _checked(result, ddof)

    def stddev(self, ddof: float = 0, *, nan_policy: str = PROPAGATE) -> float:
        """Square root of :meth:`variance`, in range even where the variance is not."""
        if nan_policy is not PROPAGATE:
            return self._number(_STDDEV, nan_policy, ddof)
        result: float = _run(self._vec, _STDDEV, ddof)
        return result if result == result else _checked(result, ddof)

    def min(self, *, nan_policy: str = PROPAGATE) -> float:
        """Least element; -0.0 is below 0.0. Raises EmptyVector."""
        if nan_policy is not PROPAGATE:
            return self._number(_MIN, nan_policy)
        result: float = _run(self._vec, _MIN, 0.0)
        return result if result == result else _checked(result)

    def max(self, *, nan_policy: str = PROPAGATE) -> float:
        """Greatest element; 0.0 is above -0.0. Raises EmptyVector."""
        if nan_policy is not PROPAGATE:
            return self._number(_MAX, nan_policy)
        result: float = _run(self._vec, _MAX, 0.0)
        return result if result == result else _checked(result)

    def percentile(self, q: float, *, nan_policy: str = PROPAGATE) -> float:
        """The ``q``-th percentile, 0 <= q <= 100, between order statistics linearly interpolated.

        Definition 7 of Hyndman and Fan (1996), NumPy's default; exact where no interpolation is
        needed. Raises EmptyVector; InvalidInput when ``q`` is outside its range.
        """
        if nan_policy is not PROPAGATE:
            return self._number(_PERCENTILE, nan_policy, q)
        result: float = _run(self._vec, _PERCENTILE, q)
        return result if result == result else _checked(result, q)

    def percentiles(self, qs: Sequence[float], *, nan_policy: str = PROPAGATE) -> list[float]:
        """The percentiles ``qs``, in their order, found together; each as :meth:`percentile`.

        Raises EmptyVector; InvalidInput when one is outside its range.
        """
        wanted = list(qs)
        omit = omits(nan_policy)
        if not wanted:
            return []
        return apply(_PERCENTILES, (self._vec,), len(wanted), wanted, omit_nan=omit)

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
        return self._number(op, nan_policy)

    def dot(self, other: Vector, *, nan_policy: str = PROPAGATE) -> float:
        """Sum of products of elements; float64's with compensation (Ogita, Rump, Oishi, 2005).

        ``other`` is a vector of the same length and type. Raises EmptyVector; SizeMismatch;
        InvalidInput when the types differ.
        """
        return self._pair(_DOT, other, nan_policy)

    def covariance(
        self, other: Vector, ddof: float = 0, *, nan_policy: str = PROPAGATE
    ) -> float:
        """Sum of products of distances from both means, divided by ``n - ddof``.

        Raises as :meth:`dot`; DivisionByZero and InvalidInput as :meth:`variance`.
        """
        return self._pair(_COVARIANCE, other, nan_policy, ddof)

    def correlation(self, other: Vector, *, nan_policy: str = PROPAGATE) -> float:
        """Pearson's coefficient, from -1 to 1, in one pass over both vectors.

        Raises as :meth:`dot`; DivisionByZero when the elements of a vector are all equal.
        """
        return self._pair(_CORRELATION, other, nan_policy)

    def zscore(
        self, ddof: float = 0, *, out: Any = None, nan_policy: str = PROPAGATE
    ) -> Vector:
        """Each element's distance from the mean in standard deviations, in the vector's own type.

        ``out`` is a Vector or a writable buffer of the same length and type that takes the result;
        it may be this vector's own memory. The result is a vector over it, or over new memory.
        With ``nan_policy="omit"`` NaNs stay where they are and do not enter the mean.

        Raises EmptyVector; DivisionByZero when all elements are equal or ``ddof`` is not below the
        length; SizeMismatch; InvalidInput for an ``out`` that cannot be used.
        """
        omit = omits(nan_policy)
        scores = self._output(out)
        apply(_ZSCORE, (self._vec,), 0, (ddof,), out=scores._memory, omit_nan=omit)
        return scores

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
        omit = nan_policy is not PROPAGATE and omits(nan_policy)
        numbers = apply(_DESCRIBE, (self._vec,), 5, (ddof,), omit_nan=omit)
        numbers[0] = int(numbers[0])
        if not quantiles:
            return Description(*numbers, {})  # type: ignore[arg-type]
        found = self.percentiles(quantiles, nan_policy=nan_policy)
        return Description(*numbers, dict(zip(quantiles, found, strict=True)))  # type: ignore[arg-type]

    def _number(self, op: int, nan_policy: str, param: float = 0.0) -> float:
        omit = omits(nan_policy)
        return apply(op, (self._vec,), 1, (param,), omit_nan=omit)[0]

    def _place(self, op: int, nan_policy: str) -> int:
        if nan_policy is not PROPAGATE:
            return int(self._number(op, nan_policy))
        result: float = _run(self._vec, op, 0.0)
        return int(result) if result == result else int(_checked(result))

    def _pair(self, op: int, other: Vector, nan_policy: str, param: float = 0.0) -> float:
        if not isinstance(other, Vector):
            raise InvalidInput(f"the other operand must be a Vector, not {type(other).__name__}")
        if other._dtype != self._dtype:
            raise InvalidInput(f"the operands are {self._dtype} and {other._dtype}")
        if nan_policy is not PROPAGATE:
            omit = omits(nan_policy)
            return apply(op, (self._vec, other._vec), 1, (param,), omit_nan=omit)[0]
        result: float = _run_pair(self._vec, other._vec, op, param)
        return result if result == result else _checked(result, param, self._vec, other._vec)

    def _output(self, out: Any) -> Vector:
        """A vector over ``out``, or over new memory, that takes a result of this one's size."""
        if out is None:
            code: Any = TYPECODES[self._dtype]
            return Vector(memoryview(bytearray(len(self._memory))).cast(code))
        scores = out if isinstance(out, Vector) else Vector(out)
        if scores._dtype != self._dtype or scores._owner is None:
            raise InvalidInput(f"out must be a contiguous buffer of {self._dtype}")
        if memoryview(scores._owner).readonly:
            raise InvalidInput("out is read-only")
        if len(scores) != len(self):
            raise SizeMismatch(len(self), len(scores))
        return scores


def _checked(result: float, param: float = 0.0, *operands: Any) -> float:
    """NaN as an operation gave it: a result if the operation succeeded, else its error."""
    fail(operands, (param,))
    return result
