"""Reading other people's memory as rows and columns: every kind of data a matrix takes."""

from __future__ import annotations

import array
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

from renacer.compute.buffers import TYPECODES, Floats, read_floats
from renacer.errors import InvalidInput, SizeMismatch

__all__ = ["Grid", "read_flat", "read_grid"]

_CODES = frozenset(TYPECODES.values())


class Grid(NamedTuple):
    """Row-major elements: ``floats`` holds ``rows * cols`` of them."""

    floats: Floats
    rows: int
    cols: int


def read_flat(data: Any, rows: int, cols: int, dtype: str | None) -> Grid:
    """One-dimensional ``data`` as ``rows`` rows of ``cols`` elements.

    Raises SizeMismatch when it does not hold exactly as many; InvalidInput as read_floats does.
    """
    for name, count in (("rows", rows), ("cols", cols)):
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise InvalidInput(f"{name} must be a whole number, not {count!r}")
    floats = read_floats(data, dtype)
    if floats.length != rows * cols:
        raise SizeMismatch(rows * cols, floats.length)
    return Grid(floats, rows, cols)


def read_grid(data: Any, dtype: str | None) -> Grid:
    """Two-dimensional ``data``, or a sequence of rows of one length.

    Raises InvalidInput for what holds no real numbers, has not two dimensions or rows of several
    lengths.
    """
    if isinstance(data, (str, bytes, bytearray)):
        raise InvalidInput(f"{type(data).__name__} is not a sequence of rows")
    try:
        view = memoryview(data)
    except (TypeError, ValueError, BufferError):
        view = None
    if view is not None:
        return _from_view(view, data, dtype)
    interface = getattr(data, "__array_interface__", None)
    if isinstance(interface, dict):
        return _from_interface(data, interface, dtype)
    convert = getattr(data, "__array__", None)
    if callable(convert) and not isinstance(data, type):
        return _from_array(convert(), dtype)
    return _from_rows(data, dtype)


def _two(shape: Any) -> tuple[int, int]:
    if len(shape) != 2:
        raise InvalidInput(f"a matrix has two dimensions, not {len(shape)}")
    return int(shape[0]), int(shape[1])


def _from_array(data: Any, dtype: str | None) -> Grid:
    try:
        view = memoryview(data)
    except (TypeError, ValueError, BufferError):
        kind = getattr(data, "dtype", type(data).__name__)
        raise InvalidInput(f"elements of type {kind} are not real numbers") from None
    return _from_view(view, data, dtype)


def _from_view(view: memoryview, data: Any, dtype: str | None) -> Grid:
    rows, cols = _two(view.shape)
    code = view.format.lstrip("@")
    same = code in _CODES and (dtype is None or TYPECODES[dtype] == code)
    if same and view.c_contiguous and view.nbytes:
        return Grid(read_floats(view.cast("B").cast(code), dtype), rows, cols)  # type: ignore[call-overload]
    ravel = getattr(data, "ravel", None)
    floats = read_floats(ravel() if callable(ravel) else _unpacked(view), dtype)
    return Grid(floats._replace(copied=True), rows, cols)


def _unpacked(view: memoryview) -> Any:
    """The elements in row-major order, as one-dimensional memory of their own."""
    code = view.format.lstrip("@")
    if len(code) == 1:
        try:
            return memoryview(view.tobytes()).cast(code)  # type: ignore[call-overload]
        except ValueError:
            pass
    count = view.nbytes // view.itemsize
    try:
        elements = struct.unpack(f"{code[:-1]}{count}{code[-1]}", view.tobytes())
    except struct.error:
        raise InvalidInput(f"elements of buffer format {view.format!r} are not supported") from None
    return array.array(code[-1], elements) if code[-1] in _CODES else elements


class _Row:
    """A part of somebody's array interface, with one dimension."""

    def __init__(self, owner: Any, interface: dict[str, Any]) -> None:
        self.owner = owner
        self.__array_interface__ = interface


def _from_interface(data: Any, interface: dict[str, Any], dtype: str | None) -> Grid:
    rows, cols = _two(interface["shape"])
    size = int(interface["typestr"][2:])
    strides = interface.get("strides")
    if strides is not None and tuple(strides) != (cols * size, size) and rows * cols:
        raise InvalidInput("a matrix by its array interface must be contiguous, row after row")
    flat = _Row(data, {**interface, "shape": (rows * cols,), "strides": None})
    return Grid(read_floats(flat, dtype), rows, cols)


def _from_rows(data: Iterable[Any], dtype: str | None) -> Grid:
    try:
        rows = [_row(index, row, dtype) for index, row in enumerate(data)]
    except TypeError:
        raise InvalidInput(f"{type(data).__name__} is not a sequence of rows") from None
    cols = rows[0].length if rows else 0
    for index, row in enumerate(rows):
        if row.length != cols:
            raise InvalidInput(f"row {index} has {row.length} elements and row 0 has {cols}")
    narrow = bool(rows) and all(row.dtype == "float32" for row in rows)
    wanted = dtype or ("float32" if narrow else "float64")
    elements: array.array[float] = array.array(TYPECODES[wanted])
    for row in rows:
        elements.extend(memoryview(row.memory).cast("B").cast(TYPECODES[row.dtype]))  # type: ignore[call-overload]
    floats = Floats(memoryview(elements), len(elements), wanted, True, None)
    return Grid(floats, len(rows), cols)


def _row(index: int, row: Any, dtype: str | None) -> Floats:
    try:
        return read_floats(row, dtype)
    except InvalidInput as error:
        raise InvalidInput(f"row {index}: {error}") from None
