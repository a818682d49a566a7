"""Vectors and the instruction sets that their operations run on."""

from renacer.compute.backends import (
    Execution,
    SimdBackend,
    backends,
    cpu_features,
    last_execution,
    use_backend,
)
from renacer.compute.vector import Vector

__all__ = [
    "Execution",
    "SimdBackend",
    "Vector",
    "backends",
    "cpu_features",
    "last_execution",
    "use_backend",
]
