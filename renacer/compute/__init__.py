"""Vectors, matrices, and the instruction sets that their operations run on."""

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

__all__ = [
    "Batch",
    "Description",
    "Execution",
    "Matrix",
    "SimdBackend",
    "Vector",
    "backends",
    "cpu_features",
    "last_execution",
    "use_backend",
]
