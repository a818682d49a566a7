"""Array objects that offer one way only to their elements."""

from __future__ import annotations

from typing import Any

import numpy as np


class Interface:
    """Only the array interface, as an array of another library has it."""

    def __init__(self, data: np.ndarray[Any, Any]) -> None:
        self._data = data

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return self._data.__array_interface__


class Arrayable:
    """Only ``__array__``."""

    def __init__(self, data: np.ndarray[Any, Any]) -> None:
        self._data = data

    def __array__(self, *arguments: Any, **named: Any) -> np.ndarray[Any, Any]:
        return self._data
