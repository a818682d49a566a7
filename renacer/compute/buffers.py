"""Reading other people's memory: every kind of data a vector takes, as one contiguous buffer.

What can be used where it lies is; what cannot is copied, and the caller is told.
"""

from __future__ import annotations

import array
import struct
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from renacer._native import ffi
from renacer.errors import InvalidInput

__all__ = ["TYPECODES", "Floats", "dtype_name", "elements_of", "read_floats"]

TYPECODES = {"float32": "f", "float64": "d"}

_DTYPES = {code: name for name, code in TYPECODES.items()}
_DTYPE_ALIASES = {"f": "float32", "f4": "float32", "d": "float64", "f8": "float64"}
_NATIVE_ORDERS = "@=" + ("<" if sys.byteorder == "little" else ">")
_REAL_FORMATS = frozenset("?bBhHiIlLqQnNefdg")
_INTERFACE_KINDS = {"b": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H"}
_INTERFACE_KINDS |= {"u4": "I", "u8": "Q", "f2": "e", "f4": "f", "f8": "d", "b1": "?"}


class Floats(NamedTuple):
    """One-dimensional contiguous elements. ``owner`` keeps their memory alive."""

    memory: Any  # with the buffer protocol
    length: int
    dtype: str
    copied: bool
    owner: Any


def elements_of(memory: Any, dtype: str) -> array.array[float]:
    """A copy of the elements in ``memory``, a cdata of their bytes."""
    elements: array.array[float] = array.array(TYPECODES[dtype])
    elements.frombytes(ffi.buffer(memory))
    return elements


def dtype_name(dtype: Any) -> str:
    """ "float32" or "float64", from its name, a NumPy dtype or type code. Raises InvalidInput."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    name = _DTYPE_ALIASES.get(name, name)
    if name not in TYPECODES:
        raise InvalidInput(f"dtype must be float32 or float64, not {name}")
    return str(name)


def read_floats(data: Any, dtype: str | None) -> Floats:
    """``data`` as float32 or float64: as ``dtype`` if given, else as it is or as float64.

    Raises InvalidInput for what holds no real numbers or has not exactly one dimension.
    """
    if isinstance(data, (str, bytes, bytearray)):
        raise InvalidInput(f"{type(data).__name__} is not a sequence of numbers")
    view = _view_of(data)
    if view is not None:
        return _from_view(view, data, dtype)
    interface = getattr(data, "__array_interface__", None)
    if isinstance(interface, dict):
        return _from_interface(interface, data, dtype)
    convert = getattr(data, "__array__", None)
    if callable(convert) and not isinstance(data, type):
        return _from_array(convert(), dtype)
    return _from_iterable(data, dtype)


def _view_of(data: Any) -> memoryview | None:
    try:
        return memoryview(data)
    except (TypeError, ValueError, BufferError):
        return None


def _from_array(data: Any, dtype: str | None) -> Floats:
    view = _view_of(data)
    if view is None:
        kind = getattr(data, "dtype", type(data).__name__)
        raise InvalidInput(f"elements of type {kind} are not real numbers")
    return _from_view(view, data, dtype)


def _from_view(view: memoryview, data: Any, dtype: str | None) -> Floats:
    if view.ndim != 1:
        raise InvalidInput(f"a vector has one dimension, not {view.ndim}")
    order, code = _split_format(view.format)
    if code not in _REAL_FORMATS:
        raise InvalidInput(f"elements of buffer format {view.format!r} are not real numbers")
    found = _DTYPES.get(code) if order in _NATIVE_ORDERS else None
    wanted = dtype or _DTYPES.get(code, "float64")
    if found == wanted and view.c_contiguous:
        return Floats(view, len(view), wanted, False, data)
    if found == wanted:
        return Floats(view.tobytes(), len(view), wanted, True, None)
    return _converted(view, data, order + code, wanted)


def _converted(view: memoryview, data: Any, format_: str, wanted: str) -> Floats:
    """Elements of another type. An array library's own conversion is used where there is one."""
    astype = getattr(data, "astype", None)
    if callable(astype):
        return _copy(memoryview(astype(wanted)), wanted)
    try:
        elements = struct.unpack(f"{format_[:-1]}{len(view)}{format_[-1]}", view.tobytes())
    except struct.error:
        raise InvalidInput(f"elements of buffer format {view.format!r} are not supported") from None
    return _copy(memoryview(array.array(TYPECODES[wanted], elements)), wanted)


def _copy(view: memoryview, dtype: str) -> Floats:
    return Floats(view, len(view), dtype, True, None)


def _split_format(format_: str) -> tuple[str, str]:
    if len(format_) == 2 and format_[0] in "@=<>!":
        return format_[0], format_[1]
    return "@", format_


def _from_interface(interface: dict[str, Any], owner: Any, dtype: str | None) -> Floats:
    """NumPy's array interface, version 3, without NumPy."""
    shape, typestr = interface["shape"], interface["typestr"]
    if len(shape) != 1:
        raise InvalidInput(f"a vector has one dimension, not {len(shape)}")
    order, kind = typestr[0].replace("|", "="), typestr[1:]
    code = _INTERFACE_KINDS.get(kind)
    if code is None:
        raise InvalidInput(f"elements of type {typestr!r} are not real numbers")
    length, size = int(shape[0]), int(typestr[2:])
    stride = int((interface.get("strides") or (size,))[0])
    if length < 0:
        raise InvalidInput(f"an array interface has a negative length, {length}")
    memory = _interface_memory(interface, owner, length, size, stride)
    copied = stride != size and length > 1
    if copied:
        start = 0 if stride > 0 else -stride * (length - 1)
        places = range(start, start + stride * length, stride) if stride else [0] * length
        memory = memoryview(b"".join(bytes(memory[place : place + size]) for place in places))
    found = _DTYPES.get(code) if order in _NATIVE_ORDERS else None
    wanted = dtype or _DTYPES.get(code, "float64")
    if found == wanted:
        return Floats(memory, length, wanted, copied, owner)
    elements = struct.unpack(f"{order}{length}{code}", memory)
    return _copy(memoryview(array.array(TYPECODES[wanted], elements)), wanted)


def _interface_memory(
    interface: dict[str, Any], owner: Any, length: int, size: int, stride: int
) -> memoryview:
    """The bytes that the elements lie in, from the lowest address to the highest."""
    extent = abs(stride) * (length - 1) + size if length else 0
    place = interface.get("data")
    if isinstance(place, tuple):
        lowest = place[0] + min(0, stride * max(length - 1, 0))
        memory = memoryview(ffi.buffer(ffi.cast("char *", lowest), extent))
        return memory.toreadonly() if place[1] else memory
    offset = int(interface.get("offset", 0))
    memory = memoryview(owner if place is None else place).cast("B")
    if not 0 <= offset <= len(memory) - extent:
        raise InvalidInput("an array interface describes more elements than its memory holds")
    return memory[offset : offset + extent]


def _from_iterable(data: Iterable[Any], dtype: str | None) -> Floats:
    wanted = dtype or "float64"
    try:
        iterator = iter(data)
    except TypeError:
        raise InvalidInput(f"{type(data).__name__} is not a sequence of numbers") from None
    elements = list(iterator)
    try:
        return _copy(memoryview(array.array(TYPECODES[wanted], elements)), wanted)
    except (TypeError, OverflowError):
        raise InvalidInput(_first_bad_element(elements)) from None


def _first_bad_element(elements: list[Any]) -> str:
    for index, element in enumerate(elements):
        try:
            array.array("d", (element,))
        except TypeError:
            return f"element {index} is not a real number but {type(element).__name__}"
        except OverflowError:
            return f"element {index} is too large for float64"
    return "the elements are not real numbers"
