"""Batches: one reduction over many vectors in one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from renacer.compute.apply import NUMBERS, OP, PROPAGATE, apply_each, omits
from renacer.compute.vector import Vector
from renacer.errors import InvalidInput

__all__ = ["Batch"]


class Batch:
    """Many vectors of one element type, reduced together.

    ``vectors`` are :class:`~renacer.Vector` objects or what they take. A call into the core and a
    span are paid once for the whole batch, not per vector. Raises
    :class:`~renacer.InvalidInput` when the element types differ.
    """

    __slots__ = ("_vectors",)

    def __init__(self, vectors: Iterable[Any]) -> None:
        self._vectors = [v if isinstance(v, Vector) else Vector(v) for v in vectors]
        dtypes = sorted({vector.dtype for vector in self._vectors})
        if len(dtypes) > 1:
            raise InvalidInput(f"a batch has one element type, not {' and '.join(dtypes)}")

    def __len__(self) -> int:
        return len(self._vectors)

    def __iter__(self) -> Iterator[Vector]:
        return iter(self._vectors)

    def reduce(
        self, operation: str, parameter: float | None = None, *, nan_policy: str = PROPAGATE
    ) -> list[float]:
        """One number per vector, the same as ``getattr(vector, operation)(parameter)`` gives.

        ``operation`` is any that makes a number of a vector: "sum", "stddev", "percentile",
        "argmax", "norm_l2". ``parameter`` is its ``ddof`` or ``percentile``; ``ddof`` is 0 unless
        given. One span stands for the batch, with the number of vectors as ``compute.batch`` and
        all their elements counted. If the vectors were not all run by one kernel, it and
        ``last_execution()`` name the lowest that ran.

        Raises what the operation raises for the first vector that it refuses; InvalidInput for an
        operation that is not known.
        """
        if operation not in NUMBERS:
            raise InvalidInput(f"{operation!r} is none of {', '.join(sorted(NUMBERS))}")
        name = NUMBERS[operation]
        if parameter is None and name == "percentile":
            raise InvalidInput("percentile needs its parameter")
        if parameter is not None and not name:
            raise InvalidInput(f"{operation} has no parameter")
        omit = omits(nan_policy)
        if not self._vectors:
            return []
        vectors = [vector._vec for vector in self._vectors]
        return apply_each(OP[operation], vectors, parameter or 0.0, omit)
