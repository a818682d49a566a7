from typing import Any

from typing_extensions import Self

ffi: Any
lib: Any

class View:
    _dtype: int
    _memory: Any
    _address: int
    def __new__(cls, data: Any, dtype: Any = None) -> Self: ...
    def __len__(self) -> int: ...
    def _run(self, op: int, param: float = 0.0, /) -> float: ...
