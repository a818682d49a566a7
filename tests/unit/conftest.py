"""Fixtures of the unit tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renacer import ComputeTracer
from renacer.compute.vector import Vector
from tests.unit.span_memory import SpanMemory


@pytest.fixture
def memory() -> SpanMemory:
    """An exporter to look into."""
    return SpanMemory()


@pytest.fixture
def tracer(memory: SpanMemory) -> Iterator[ComputeTracer]:
    """An open tracer that records everything in memory."""
    with ComputeTracer(memory) as tracer:
        yield tracer


@pytest.fixture
def vector() -> Vector:
    """Made before any operation opens."""
    return Vector([1.0, 2.0, 3.0, 4.0])
