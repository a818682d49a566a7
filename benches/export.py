"""Spans a second from an operation to a real receiver, beside the SDK's own path."""

import itertools
import os
import time
from collections.abc import Callable

import renacer
from benches.tables import table
from tests.integration.receiver import Receiver

ROUNDS = 3
SPANS = 200_000
SDK_SPANS = 5_000
BURST = 20_000  # between two flushes, so that the tracer's ring never overflows
PROTOCOLS = ("grpc", "http/protobuf")
COMPRESSION = "OTEL_EXPORTER_OTLP_COMPRESSION"
COMPRESSIONS = ("none", "gzip")
EVERYTHING = renacer.ComputeTracerConfig(max_spans_per_second=None)


def main() -> None:
    """Print the table."""
    rows = []
    for compression, protocol in itertools.product(COMPRESSIONS, PROTOCOLS):
        ours, theirs = rates(protocol, compression)
        figures = (f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.1f}x")
        rows.append((protocol, compression, *figures))
    print(
        table(
            "Spans a second, from the operation to the receiver's confirmation",
            ("protocol", "compression", "renacer", "OpenTelemetry SDK", "ratio"),
            rows,
        )
    )


def rates(protocol: str, compression: str) -> tuple[float, float]:
    """Spans a second of renacer and of the SDK: the best of rounds that take turns."""
    best = [0.0, 0.0]
    os.environ.pop(COMPRESSION, None)
    if compression != "none":
        os.environ[COMPRESSION] = compression
    with Receiver(record=False) as receiver:
        endpoint = receiver.endpoint(protocol)
        for _ in range(ROUNDS):
            ours = rate(through_renacer, endpoint, protocol, SPANS)
            theirs = rate(through_sdk, endpoint, protocol, SDK_SPANS)
            best = [max(pair) for pair in zip(best, (ours, theirs), strict=True)]
    return best[0], best[1]


def rate(path: Callable[[str, str], None], endpoint: str, protocol: str, spans: int) -> float:
    """Spans a second over one run of a path."""
    begin = time.perf_counter()
    path(endpoint, protocol)
    return spans / (time.perf_counter() - begin)


def through_renacer(endpoint: str, protocol: str) -> None:
    """Traced operations, each with its attributes and event."""
    exporter = renacer.OtlpExporter(endpoint, protocol)
    vector = renacer.Vector([1.0, 2.0])
    with renacer.ComputeTracer(exporter, EVERYTHING) as tracer:
        for _ in range(SPANS // BURST):
            for _ in range(BURST):
                vector.sum()
            tracer.force_flush()
        lost = tracer.stats()["ring_full"]
    exporter.shutdown()
    exported = exporter.stats()["exported"]
    assert lost == 0, f"{lost} operations did not fit the ring"
    assert exported >= SPANS, exporter.stats()


def through_sdk(endpoint: str, protocol: str) -> None:
    """The same attributes through the SDK's tracer, batch processor and exporter."""
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = (
        Grpc(endpoint, insecure=True) if protocol == "grpc" else Http(f"{endpoint}/v1/traces")
    )
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=2 * SDK_SPANS))
    tracer = provider.get_tracer("bench")
    attributes = {
        "compute.operation": "sum", "compute.library": "trueno", "compute.backend": "SSE2",
        "compute.elements": 2, "compute.data_type": "f64", "compute.duration_us": 0.5,
        "compute.duration_ns": 500, "compute.result": "success", "compute.fallback": True,
        "compute.kernel": "sum_f64_sse2",
    }  # fmt: skip
    for _ in range(SDK_SPANS):
        span = tracer.start_span("trueno: Vector::sum", attributes=attributes)
        span.add_event("backend_selected", {"backend": "SSE2", "vector_size": 2})
        span.end()
    provider.force_flush()
    provider.shutdown()


if __name__ == "__main__":
    main()
