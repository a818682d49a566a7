"""Tracing of compute operations: the tracer, its sampling, and span contexts."""
