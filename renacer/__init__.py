"""Every syscall of a program and every SIMD compute operation, in one OpenTelemetry trace.

The names below are imported when first used, so that ``import renacer`` costs next to nothing and
computing never needs an OpenTelemetry package.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from renacer.compute.backends import (
        Execution,
        SimdBackend,
        backends,
        cpu_features,
        last_execution,
        use_backend,
    )
    from renacer.compute.batch import Batch
    from renacer.compute.matrix import Matrix
    from renacer.compute.vector import Description, Vector
    from renacer.errors import (
        CaptureError,
        DivisionByZero,
        EmptyVector,
        ExportError,
        InvalidInput,
        RenacerError,
        SizeMismatch,
        UnsupportedBackend,
        UsageError,
    )
    from renacer.export.entries import ComputeOperation, Decision, SyscallEntry
    from renacer.export.file import FileExporter
    from renacer.export.otlp import OtlpExporter
    from renacer.tracing.context import SpanContext
    from renacer.tracing.instrument import instrument
    from renacer.tracing.reporting import get_include
    from renacer.tracing.sampling import ComputeTracerConfig
    from renacer.tracing.tracer import ComputeTracer

_HOMES = {
    "renacer.compute.backends": (
        "Execution",
        "SimdBackend",
        "backends",
        "cpu_features",
        "last_execution",
        "use_backend",
    ),
    "renacer.compute.batch": ("Batch",),
    "renacer.compute.matrix": ("Matrix",),
    "renacer.compute.vector": ("Description", "Vector"),
    "renacer.errors": (
        "CaptureError",
        "DivisionByZero",
        "EmptyVector",
        "ExportError",
        "InvalidInput",
        "RenacerError",
        "SizeMismatch",
        "UnsupportedBackend",
        "UsageError",
    ),
    "renacer.export.entries": ("ComputeOperation", "Decision", "SyscallEntry"),
    "renacer.export.file": ("FileExporter",),
    "renacer.export.otlp": ("OtlpExporter",),
    "renacer.tracing.context": ("SpanContext",),
    "renacer.tracing.instrument": ("instrument",),
    "renacer.tracing.reporting": ("_reporting", "get_include"),
    "renacer.tracing.sampling": ("ComputeTracerConfig",),
    "renacer.tracing.tracer": ("ComputeTracer",),
}
# What is used from these may be traced.
_TRACED_HOMES = ("renacer.compute.", "renacer.tracing.instrument", "renacer.tracing.reporting")
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Batch",
    "CaptureError",
    "ComputeOperation",
    "ComputeTracer",
    "ComputeTracerConfig",
    "Decision",
    "Description",
    "DivisionByZero",
    "EmptyVector",
    "Execution",
    "ExportError",
    "FileExporter",
    "InvalidInput",
    "Matrix",
    "OtlpExporter",
    "RenacerError",
    "SimdBackend",
    "SizeMismatch",
    "SpanContext",
    "SyscallEntry",
    "UnsupportedBackend",
    "UsageError",
    "Vector",
    "backends",
    "cpu_features",
    "get_include",
    "instrument",
    "last_execution",
    "use_backend",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from renacer._version import version

        return version()
    if name not in _HOME:
        raise AttributeError(f"module 'renacer' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    if _HOME[name].startswith(_TRACED_HOMES):
        _join_trace()
    return value


@cache
def _join_trace() -> None:
    """Under `renacer --trace-compute`, the first use of what can be traced joins its trace."""
    if os.environ.get("RENACER_TRACE_COMPUTE"):
        from renacer.tracing.joining import join_trace

        join_trace()


def __dir__() -> list[str]:
    return sorted(__all__)
