"""Tracing of compute operations: the tracer, its sampling, and span contexts."""

from renacer.tracing.context import SpanContext
from renacer.tracing.sampling import ComputeTracerConfig
from renacer.tracing.tracer import ComputeTracer

__all__ = ["ComputeTracer", "ComputeTracerConfig", "SpanContext"]
