"""What can be recorded by hand through :class:`renacer.OtlpExporter`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ComputeOperation", "Decision", "SyscallEntry"]


@dataclass(frozen=True)
class SyscallEntry:
    """A finished system call. ``result`` is the kernel's own number: a failure is ``-errno``.

    ``result=None`` is a call that never returned. ``duration_us`` is in microseconds; the call is
    taken to have ended now.
    """

    name: str
    args: str = ""
    result: int | None = 0
    duration_us: float = 0.0
    number: int | None = None
    thread_id: int | None = None


@dataclass(frozen=True)
class Decision:
    """A choice somebody made, shown as the event ``decision: <category>::<name>``."""

    category: str
    name: str
    result: str


@dataclass(frozen=True)
class ComputeOperation:
    """A finished compute operation, shown as the span ``trueno: <name>``.

    ``backend`` is a ``renacer.compute.backends.SimdBackend`` or its name; ``duration_us`` is in
    microseconds; the operation is taken to have ended now. ``error`` explains ``result=False``.
    """

    name: str
    parent_operation: str
    backend: Any
    elements: int
    duration_us: float
    result: bool = True
    error: str | None = None
