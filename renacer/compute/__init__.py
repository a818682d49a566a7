"""Vectors, matrices, and the instruction sets that their operations run on."""

from renacer.compute.backends import (
    Execution,
    SimdBackend,
    backends,
    cpu_features,
    last_execution,
    use_backend,
)
from renacer.compute.matrix import Matrix
from renacer.compute.vector import Vector

__all__ = [
    "Execution",
    "Matrix",
    "SimdBackend",
    "Vector",
    "backends",
    "cpu_features",
    "last_execution",
    "use_backend",
]
