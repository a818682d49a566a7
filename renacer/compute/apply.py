"""Calls of every shape into the core, and its refusals as this package's errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from renacer._native import ensure, ffi, lib, string, table
from renacer.errors import InvalidInput, SizeMismatch

__all__ = ["NUMBERS", "OP", "PROPAGATE", "apply", "fail", "omits"]

_ROWS = table(lib.rnc_op)

OP = {string(row.name): index for index, row in enumerate(_ROWS)}
"""Rows of the core's table, by the operation's name."""

NUMBERS = {string(row.name): string(row.param) for row in _ROWS if row.shape == lib.RNC_NUMBER}
"""The operations that make a number of a vector, and the name of their parameter or ""."""

PROPAGATE = "propagate"

_ARGUMENTS = ffi.typeof("rnc_arguments *")
_VECTORS = ffi.typeof("rnc_vec *[]")
_NUMBERS = ffi.typeof("double[]")


def omits(nan_policy: str) -> bool:
    """Does the policy leave NaNs out? Raises InvalidInput for one that is not known."""
    if nan_policy not in (PROPAGATE, "omit"):
        raise InvalidInput(f"nan_policy must be 'propagate' or 'omit', not {nan_policy!r}")
    return nan_policy == "omit"


def apply(
    op: int,
    vectors: Sequence[Any],
    results: int,
    params: Sequence[float] = (0.0,),
    *,
    out: Any = ffi.NULL,
    batch: bool = False,
    omit_nan: bool = False,
) -> list[float]:
    """Run row ``op`` on ``rnc_vec *`` operands; ``results`` numbers come out.

    Raises what :func:`fail` does.
    """
    arguments = ffi.new(_ARGUMENTS)
    vectors_c, params_c = ffi.new(_VECTORS, vectors), ffi.new(_NUMBERS, params)
    arguments.vectors, arguments.vector_count = vectors_c, len(vectors)
    arguments.params, arguments.param_count = params_c, len(params)
    numbers = ffi.new(_NUMBERS, results)
    arguments.results = numbers if results else ffi.NULL
    arguments.out = ffi.cast("void *", out)
    arguments.batch = batch
    arguments.omit_nan = omit_nan
    if lib.rnc_apply(op, arguments) != lib.RNC_OK:
        fail(vectors, params)
    unpacked: list[float] = ffi.unpack(numbers, results)
    return unpacked


def fail(vectors: Sequence[Any], params: Sequence[float] = ()) -> None:
    """Raise what this thread's last operation was refused for; return if it was not.

    EmptyVector, SizeMismatch, DivisionByZero, InvalidInput or MemoryError.
    """
    execution = lib.rnc_last_execution()
    status = execution.status
    if status == lib.RNC_OK:
        return
    if status == lib.RNC_SIZE_MISMATCH:
        raise SizeMismatch(vectors[0].length, vectors[1].length)
    row = _ROWS[execution.op]
    op, parameter, length = string(row.name), string(row.param), execution.elements
    value = next((p for p in params if not 0 <= p <= 100), params[0] if params else 0.0)
    divisor = f"{op} of elements that are all equal"
    if parameter == "ddof" and (execution.batch or not string(execution.kernel)):
        whole = " of a part of the batch" if execution.batch else " without NaNs"
        if not execution.batch and value >= length:
            whole = f" {length}"
        divisor = f"{op}: ddof {value:g} is not below the length{whole}"
    misuse = f"{parameter or 'parameter'} {value:g} is out of range"
    if row.shape == lib.RNC_MAP and value >= 0:
        misuse = "out overlaps the elements without being their own memory"
    messages = {
        lib.RNC_EMPTY_VECTOR: f"{op} of an empty vector{_place(vectors, execution)}",
        lib.RNC_DIVISION_BY_ZERO: divisor,
        lib.RNC_INVALID_INPUT: f"{op}: {misuse}",
        lib.RNC_NO_MEMORY: f"{op}: no memory for {length} elements",
    }
    ensure(status, messages.get(status, ""))


def _place(vectors: Sequence[Any], execution: Any) -> str:
    if not execution.batch:
        return ""
    empty = (index for index, vector in enumerate(vectors) if not vector.length)
    return f", number {next(empty, 0)} of the batch"
