"""Batches' calls into the core, and the core's refusals as this package's errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from renacer._native import ensure, ffi, lib, string, table
from renacer.errors import InvalidInput, SizeMismatch

__all__ = ["NUMBERS", "OP", "PROPAGATE", "Refusal", "apply_each", "fail", "omits"]

_ROWS = table(lib.rnc_op)

OP = {string(row.name): index for index, row in enumerate(_ROWS)}
"""Rows of the core's table, by the operation's name."""

NUMBERS = {string(row.name): string(row.param) for row in _ROWS if row.shape == lib.RNC_NUMBER}
"""The operations that make a number of a vector, and the name of their parameter or ""."""

PROPAGATE = "propagate"

_ARGUMENTS = ffi.typeof("rnc_arguments *")
_FAILURE = ffi.typeof("rnc_failure *")
_VECTORS = ffi.typeof("rnc_vec *[]")
_NUMBERS = ffi.typeof("double[]")


class Refusal(NamedTuple):
    """What the core refused: all of it known from the call itself."""

    op: int
    status: int
    lengths: Sequence[int]  # of the operands
    params: Sequence[float]
    length: int  # what the operation ran on; shorter where NaNs were left out
    item: int | None = None  # which one of a batch


def omits(nan_policy: str) -> bool:
    """Does the policy leave NaNs out? Raises InvalidInput for one that is not known."""
    if nan_policy not in (PROPAGATE, "omit"):
        raise InvalidInput(f"nan_policy must be 'propagate' or 'omit', not {nan_policy!r}")
    return nan_policy == "omit"


def apply_each(op: int, vectors: Sequence[Any], param: float, omit_nan: bool) -> list[float]:
    """A number for each ``rnc_vec *``, by row ``op``. Raises what :func:`fail` does."""
    arguments, failure = ffi.new(_ARGUMENTS), ffi.new(_FAILURE)
    vectors_c, params_c = ffi.new(_VECTORS, vectors), ffi.new(_NUMBERS, (param,))
    arguments.vectors, arguments.vector_count = vectors_c, len(vectors)
    arguments.params, arguments.param_count = params_c, 1
    numbers = ffi.new(_NUMBERS, len(vectors))
    arguments.results = numbers
    arguments.batch = True
    arguments.omit_nan = omit_nan
    arguments.failure = failure
    status = lib.rnc_apply(op, arguments)
    if status != lib.RNC_OK:
        item = failure.item
        fail(Refusal(op, status, [vectors[item].length], (param,), failure.length, item))
    unpacked: list[float] = ffi.unpack(numbers, len(vectors))
    return unpacked


def fail(refusal: Refusal) -> None:
    """Raise EmptyVector, SizeMismatch, DivisionByZero, InvalidInput or MemoryError."""
    if refusal.status == lib.RNC_SIZE_MISMATCH:
        raise SizeMismatch(*refusal.lengths)
    row = _ROWS[refusal.op]
    op, parameter, length = string(row.name), string(row.param), refusal.length
    params = refusal.params
    value = next((p for p in params if not 0 <= p <= 100), params[0])
    divisor = f"{op} of elements that are all equal"
    if parameter == "ddof" and value >= length:
        divisor = f"{op}: ddof {value:g} is not below the length {length}"
    misuse = f"{parameter or 'parameter'} {value:g} is out of range"
    if row.shape == lib.RNC_MAP and value >= 0:
        misuse = "out overlaps the elements without being their own memory"
    messages = {
        lib.RNC_EMPTY_VECTOR: f"{op} of an empty vector",
        lib.RNC_DIVISION_BY_ZERO: divisor,
        lib.RNC_INVALID_INPUT: f"{op}: {misuse}",
        lib.RNC_NO_MEMORY: f"{op}: no memory for {length} elements",
    }
    message = messages.get(refusal.status, "")
    if length < refusal.lengths[0]:
        message += " without NaNs"
    if refusal.item is not None:
        message += f", number {refusal.item} of the batch"
    ensure(refusal.status, message)
