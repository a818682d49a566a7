"""`opentelemetry-instrument` turns compute tracing on, with no line in the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.receiver import Receiver, Span

INSTRUMENT = Path(sys.executable).with_name("opentelemetry-instrument")
SUM = "trueno: Vector::sum"
PROGRAM = """
import renacer
from opentelemetry import trace

@renacer.instrument
def work():
    return renacer.Vector([1.0, 2.0, 3.0]).sum()

with trace.get_tracer("program").start_as_current_span("request"):
    print(work())
"""


def run(tmp_path: Path, **variables: str) -> None:
    """The program under opentelemetry-instrument; it must not notice."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    done = subprocess.run(
        [str(INSTRUMENT), sys.executable, str(script)],
        env={**os.environ, "OTEL_SERVICE_NAME": "calculator", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "6.0\n", "")


def one(spans: list[Span], name: str) -> Span:
    """The only span of that name."""
    (span,) = [span for span in spans if span.name == name]
    return span


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_operations_hang_from_the_programs_own_spans(
    receiver: Receiver, tmp_path: Path, protocol: str
) -> None:
    """The SDK's span, the instrumented call and the kernel are one trace, of one service."""
    run(
        tmp_path,
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint(protocol),
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
    )
    spans = receiver.wait(3)
    request, call = one(spans, "request"), one(spans, "compute: work")
    assert call.parent_id == request.span_id
    assert one(spans, SUM).parent_id == call.span_id
    assert len({span.trace_id for span in spans}) == 1
    assert {span.resource["service.name"] for span in spans} == {"calculator"}
    assert len(spans) == 3


def test_without_an_otlp_exporter_nothing_is_traced(receiver: Receiver, tmp_path: Path) -> None:
    """What the SDK would not send is not sent behind its back."""
    run(tmp_path, OTEL_TRACES_EXPORTER="none", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.grpc)
    assert receiver.settle() == []


def test_an_instrumentation_can_be_disabled(receiver: Receiver, tmp_path: Path) -> None:
    """OTEL_PYTHON_DISABLED_INSTRUMENTATIONS leaves the program's own spans alone."""
    run(
        tmp_path,
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.grpc,
        OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="renacer",
    )
    assert [span.name for span in receiver.settle()] == ["request"]
