"""Instruction sets: what this CPU can run, which one is used, and what the last operation used."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from enum import Enum
from types import TracebackType

from renacer._native import ffi, lib, string, table
from renacer.errors import UnsupportedBackend

__all__ = [
    "Execution",
    "SimdBackend",
    "backends",
    "cpu_features",
    "last_execution",
    "use_backend",
]

ENVIRONMENT_VARIABLE = "RENACER_BACKEND"

_OPS = [string(row.name) for row in table(lib.rnc_op)]
_ISAS = table(lib.rnc_isa)
_ISA_NAMES = [string(row.name) for row in _ISAS]
_DTYPES = {lib.RNC_F32: "f32", lib.RNC_F64: "f64"}


class SimdBackend(str, Enum):
    """What ran an operation, as ``compute.backend`` names it; equal to its own name as text."""

    AVX2 = "AVX2"
    SSE2 = "SSE2"
    NEON = "NEON"
    GPU = "GPU"
    Scalar = "Scalar"
    Unknown = "Unknown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Execution:
    """What one operation really did. The kernel that ran wrote ``kernel`` and ``backend`` itself.

    ``fallback`` is true when ``backend`` is below the best instruction set built for this
    architecture, and ``reason`` is the sentence that says why ("" otherwise). ``duration_ns`` is
    None when no tracer measured the operation. An operation that failed before a kernel ran has an
    empty ``kernel`` and the backend ``Unknown``. ``batch`` is the number of vectors (or pairs) of a
    batch, 0 where there was none; if several kernels ran it, the lowest of them is named.
    """

    op: str
    kernel: str
    backend: SimdBackend
    fallback: bool
    reason: str
    elements: int
    data_type: str
    duration_ns: int | None
    batch: int = 0


def backends() -> list[str]:
    """Names of the instruction sets this CPU can run, best first; the last is always Scalar."""
    return [name for name, row in zip(_ISA_NAMES, _ISAS, strict=True) if row.available]


def cpu_features() -> str:
    """The CPU features that were detected, separated by spaces: "sse2 avx fma avx2"."""
    return string(lib.rnc_cpu_features())


def last_execution() -> Execution | None:
    """What this thread's last operation did, or None before the first one."""
    execution = lib.rnc_last_execution()
    if execution.op < 0:
        return None
    text = ffi.new("char[]", 256)
    size = lib.rnc_execution_reason(execution, text, 256)
    return Execution(
        op=_OPS[execution.op],
        kernel=string(execution.kernel),
        backend=SimdBackend(_ISA_NAMES[execution.isa])
        if execution.isa >= 0
        else SimdBackend.Unknown,
        fallback=execution.reason != 0,
        reason=bytes(ffi.buffer(text, size)).decode(),
        elements=execution.elements,
        data_type=_DTYPES[execution.dtype],
        duration_ns=execution.duration_ns if execution.duration_ns >= 0 else None,
        batch=execution.batch,
    )


class use_backend:
    """Make this thread's operations run on one instruction set, inside a ``with`` block.

    ``name`` is matched without regard to case. With ``strict`` (the default) an instruction set
    this CPU lacks raises :class:`~renacer.UnsupportedBackend`; without it the next lower one runs
    and every execution says so. An unknown name raises either way. Blocks nest, one object may be
    entered again inside itself, and leaving restores what was in force before.
    """

    def __init__(self, name: str | SimdBackend, strict: bool = True) -> None:
        self._isa = _row(name, strict)
        self._strict = strict
        self._outer = threading.local()

    def __enter__(self) -> use_backend:
        stack = self._outer.__dict__.setdefault("stack", [])
        stack.append((lib.rnc_isa_forced(), lib.rnc_isa_forced_strict()))
        lib.rnc_isa_force(self._isa, self._strict)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        lib.rnc_isa_force(*self._outer.stack.pop())


def _row(name: str | SimdBackend, strict: bool) -> int:
    wanted = str(name).casefold()
    for index, (known, row) in enumerate(zip(_ISA_NAMES, _ISAS, strict=True)):
        if known.casefold() == wanted:
            if strict and not row.available:
                raise UnsupportedBackend(
                    f"{known} is not available on this CPU (lacks {string(row.missing)}); "
                    f"available: {', '.join(backends())}"
                )
            return index
    raise UnsupportedBackend(f"unknown backend {str(name)!r}; available: {', '.join(backends())}")


def _apply_environment() -> None:
    name = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    if not name:
        return
    try:
        lib.rnc_isa_default(_row(name, strict=True), True)
    except UnsupportedBackend as error:
        raise UnsupportedBackend(f"{ENVIRONMENT_VARIABLE}: {error}") from None


_apply_environment()
