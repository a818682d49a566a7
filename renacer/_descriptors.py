"""Files written by descriptor: past Python's buffers, so that an error shows where it happens."""

from __future__ import annotations

import os

__all__ = ["create", "write_all"]


def create(path: str | os.PathLike[str]) -> int:
    """A descriptor of ``path``, emptied or new, that no program inherits; raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``; raises OSError, after which part of it may stand there."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
