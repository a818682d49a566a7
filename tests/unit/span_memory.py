"""An exporter that keeps what it is given, read back with OpenTelemetry's own protobuf classes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from renacer._native import lib


class SpanMemory:
    """Takes encoded spans as a tracer's exporter and gives them back decoded."""

    format: int = lib.RNC_OTLP_PROTO

    def __init__(self) -> None:
        self.encoded = bytearray()
        self.count = 0
        self.flushes = 0
        self.shutdowns = 0
        self.threads: set[str] = set()

    def submit(self, spans: bytes, count: int) -> None:
        """Keep a batch."""
        self.threads.add(threading.current_thread().name)
        self.encoded += spans
        self.count += count

    def force_flush(self, timeout_s: float) -> bool:
        """Nothing is ever pending."""
        self.flushes += 1
        return True

    def shutdown(self, timeout_s: float) -> None:
        """Count the call."""
        self.shutdowns += 1

    def spans(self) -> list[Span]:
        """All spans, in order of arrival."""
        return decode(bytes(self.encoded))

    def named(self, name: str) -> list[Span]:
        """The spans of that name."""
        return [span for span in self.spans() if span.name == name]

    def one(self, name: str) -> Span:
        """The only span of that name."""
        (span,) = self.named(name)
        return span


def decode(encoded: bytes) -> list[Span]:
    """The spans of concatenated ``ScopeSpans.spans`` fields."""
    return list(ScopeSpans.FromString(encoded).spans)


def attributes(holder: Span | Span.Event) -> dict[str, object]:
    """Attribute values by key."""
    return {
        attribute.key: getattr(attribute.value, str(attribute.value.WhichOneof("value")))
        for attribute in holder.attributes
    }


def in_child(function: Callable[[], bytes]) -> bytes:
    """What ``function`` returns in a forked child, which must not raise."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with open(writer, "wb") as pipe:
                pipe.write(function())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with open(reader, "rb") as pipe:
        answer = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return answer
