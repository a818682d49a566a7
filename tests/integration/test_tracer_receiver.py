"""Programs that trace themselves, seen by a real receiver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.receiver import Receiver, Span

ROOT = Path(__file__).resolve().parents[2]

FORKING = """
import os, sys
import renacer.export
from renacer.compute.vector import Vector
from renacer import ComputeTracer

endpoint, protocol = sys.argv[1:]
tracer = ComputeTracer(renacer.export.OtlpExporter(endpoint, protocol))
vector = Vector([1.0] * 3000)
tracer.traced_sum(vector, "before")
with tracer.operation("across"):
    child = os.fork()
    if child == 0:
        tracer.traced_max(vector, "in child")
        tracer.shutdown()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    vector.min()
"""


def only(spans: list[Span], name: str) -> Span:
    """The one span of that name."""
    (span,) = [span for span in spans if span.name == name]
    return span


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_forking_program_is_one_whole_trace(receiver: Receiver, protocol: str) -> None:
    """All of the parent's spans arrive though it never shuts down, none twice; a child whose
    exporter belongs to its parent says that its own were not sent."""
    endpoint = receiver.grpc if protocol == "grpc" else receiver.http
    result = subprocess.run(
        [sys.executable, "-c", FORKING, endpoint, protocol],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith("not all spans were sent: ")
    assert result.stderr.count("\n") == 1
    receiver.wait(5)
    spans = receiver.settle()
    root = only(spans, "compute: session")
    across = only(spans, "compute: across")
    assert root.parent_id == ""
    assert only(spans, "compute: before").parent_id == across.parent_id == root.span_id
    assert only(spans, "trueno: Vector::min").parent_id == across.span_id
    assert root.start <= across.start <= across.end <= root.end
    assert len({span.trace_id for span in spans}) == 1
    assert len({span.span_id for span in spans}) == len(spans) == 5
