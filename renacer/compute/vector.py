"""Vectors: a view of numbers in memory, and the operations on it, run by the C core.

Every operation is a method that the base class has in C: one call into the core, which selects the
kernel, runs it, and traces it. Here is what is rare: reading data, refusals, outputs, copies.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple, NoReturn

from renacer._native import View, ffi, lib
from renacer.compute.apply import Refusal, fail
from renacer.compute.buffers import TYPECODES, dtype_name, elements_of, read_floats
from renacer.errors import InvalidInput, SizeMismatch

__all__ = ["Description", "Vector"]

allocation_hook: Callable[[int, int], None] | None = None
"""Called as ``hook(nbytes, copied_bytes)`` for each vector made while a tracer is active."""

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

    # What View makes results of.
    _plain: ClassVar[type[Vector]]
    _description: ClassVar[type[Description]] = Description

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

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles hold the elements by value, and nothing of whoever owns them."""
        elements = elements_of(self._memory, self._dtype)
        return copyreg.__newobj__, (type(self), elements), getattr(self, "__dict__", None)  # type: ignore[attr-defined]

    def _refused(
        self, op: int, status: int, length: int, params: Sequence[float], other: Vector | None
    ) -> None:
        """What View calls for an operation that the core refused: raises why."""
        lengths = [len(self)] if other is None else [len(self), len(other)]
        fail(Refusal(op, status, lengths, params, length))

    def _unknown(self, parameter: str, value: Any) -> NoReturn:
        """What View calls for a word that is none of those a parameter can be."""
        known = {"nan_policy": "'propagate' or 'omit'", "order": "'l1', 'l2' or 'linf'"}
        raise InvalidInput(f"{parameter} must be {known[parameter]}, not {value!r}")

    def _unfit(self, other: Any) -> NoReturn:
        """What View calls for an operand that is not a vector of this one's type."""
        if not isinstance(other, Vector):
            raise InvalidInput(f"the other operand must be a Vector, not {type(other).__name__}")
        raise InvalidInput(f"the operands are {self.dtype} and {other.dtype}")

    def _output(self, out: Any) -> Vector:
        """What View calls for the memory a result shall go to: a vector over it."""
        scores = out if isinstance(out, Vector) else _vector_over(out)
        if scores is None or scores._dtype != self._dtype:
            raise InvalidInput(f"out must be a contiguous buffer of {self.dtype}")
        if scores._buffer.readonly:
            raise InvalidInput("out is read-only")
        if len(scores) != len(self):
            raise SizeMismatch(len(self), len(scores))
        return scores


Vector._plain = Vector


def _vector_over(out: Any) -> Vector | None:
    """A vector over the memory of ``out`` itself, or None where it would be over a copy."""
    try:
        view = memoryview(out)
    except TypeError:
        return None
    return Vector(view) if view.c_contiguous and view.format in TYPECODES.values() else None
