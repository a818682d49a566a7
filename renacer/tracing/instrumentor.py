"""What ``opentelemetry-instrument`` finds: compute tracing without a line in the program."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Collection
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore

from renacer.errors import RenacerError
from renacer.export.otlp import OtlpExporter
from renacer.tracing.tracer import ComputeTracer

__all__ = ["RenacerInstrumentor"]

_PATIENCE_S = 2.0  # a receiver that is gone may not hold the program's exit up for longer
_PROTOCOLS = {"otlp": None, "otlp_proto_grpc": "grpc", "otlp_proto_http": "http/protobuf"}


class RenacerInstrumentor(BaseInstrumentor):  # type: ignore[misc,unused-ignore]
    """Traces this process's operations while it is on, by the OTEL_* variables.

    Spans go where the SDK's own go if OTEL_TRACES_EXPORTER names OTLP (over gRPC or HTTP), and
    nowhere else: with another exporter, or none, nothing is traced. The resource is the tracer
    provider's: the global one, unless ``instrument(tracer_provider=…)`` gives another. Under
    ``renacer --trace-compute`` the process joins that trace and this does nothing.
    """

    _exporter: OtlpExporter | None = None
    _tracer: ComputeTracer | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """None: the kernels are Renacer's own."""
        return ()

    def _instrument(self, **options: Any) -> None:
        names = os.environ.get("OTEL_TRACES_EXPORTER", "").split(",")
        wanted = [name.strip() for name in names if name.strip() in _PROTOCOLS]
        if not wanted or os.environ.get("RENACER_TRACE_COMPUTE"):
            return
        provider = options.get("tracer_provider") or trace.get_tracer_provider()
        resource = getattr(provider, "resource", None)
        try:
            self._exporter = OtlpExporter(
                protocol=_PROTOCOLS[wanted[0]],
                resource_attributes=None if resource is None else resource.attributes,
            )
        except RenacerError as error:
            logging.getLogger("renacer").warning("operations are not traced: %s", error)
            return
        self._tracer = ComputeTracer(self._exporter)
        atexit.register(self._uninstrument)

    def _uninstrument(self, **options: Any) -> None:
        atexit.unregister(self._uninstrument)
        if self._tracer is not None and self._exporter is not None:
            self._tracer.shutdown(_PATIENCE_S)
            self._exporter.shutdown(_PATIENCE_S)
        self._tracer = self._exporter = None
