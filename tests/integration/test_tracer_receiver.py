"""Programs that trace themselves, seen by a real receiver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import renacer
from tests.integration.receiver import Receiver, Span

ROOT = Path(__file__).resolve().parents[2]

FORKING = """
import multiprocessing, os, sys
from renacer import ComputeTracer, Decision, OtlpExporter, Vector

endpoint, protocol = sys.argv[1:]
exporter = OtlpExporter(endpoint, protocol)
tracer = ComputeTracer(exporter)
vector = Vector([1.0] * 3000)

def work(number):
    return tracer.traced_mean(vector, f"worker {number}")

tracer.traced_sum(vector, "before")
exporter.record_decision(Decision("fork", "parent", "yes"))
assert tracer.force_flush()  # the connection is in use when the process forks
with tracer.operation("across"):
    child = os.fork()
    if child == 0:
        tracer.traced_max(vector, "in child")
        exporter.record_decision(Decision("fork", "child", "yes"))
        tracer.shutdown()
        os._exit(0 if exporter.shutdown() and exporter.stats()["exported"] == 3 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    vector.min()
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert list(pool.imap_unordered(work, range(4))) == [1.0] * 4
    pool.close()
    pool.join()
tracer.shutdown()
assert exporter.shutdown()
"""


def only(spans: list[Span], name: str) -> Span:
    """The one span of that name."""
    (span,) = [span for span in spans if span.name == name]
    return span


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_forking_program_is_one_whole_trace(receiver: Receiver, protocol: str) -> None:
    """Every span of the parent and of its forked children arrives once, each process over a
    connection of its own, under the span that was open when it was forked."""
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
    assert result.stderr == ""
    receiver.wait(17)
    spans = receiver.settle()
    session = only(spans, "compute: session")
    before, across = only(spans, "compute: before"), only(spans, "compute: across")
    child = only(spans, "compute: in child")
    assert session.parent_id == ""
    assert before.parent_id == across.parent_id == session.span_id
    assert only(spans, "trueno: Vector::min").parent_id == child.parent_id == across.span_id
    assert only(spans, "trueno: Vector::max").parent_id == child.span_id
    workers = {only(spans, f"compute: worker {number}").span_id for number in range(4)}
    means = [span for span in spans if span.name == "trueno: Vector::mean"]
    assert {span.parent_id for span in means} == workers
    computed = [span for span in spans if not span.name.startswith("process: ")]
    assert len({span.trace_id for span in computed}) == 1
    parent, forked = sorted(
        (span for span in spans if span.name.startswith("process: ")),
        key=lambda span: span.parent_id,
    )
    assert (parent.parent_id, forked.parent_id) == ("", parent.span_id)
    assert forked.trace_id == parent.trace_id
    assert len({span.span_id for span in spans}) == len(spans) == 17


def test_a_killed_receiver_costs_neither_the_program_nor_the_counts(receiver: Receiver) -> None:
    """After kill -9 operations go on, shutdown says it failed, and every span is counted."""
    exporter = renacer.OtlpExporter(receiver.grpc)
    vector = renacer.Vector([1.0, 2.0])
    with renacer.ComputeTracer(exporter) as tracer:
        vector.sum()
        assert tracer.force_flush()
        receiver.kill()
        for _ in range(1000):
            assert vector.sum() == 3.0
        tracer.shutdown(1.0)
        assert not exporter.shutdown(1.0)
    stats = exporter.stats()
    assert stats["exported"] >= 1
    assert stats["produced"] == tracer.stats()["recorded"] + tracer.stats()["operation_spans"]
    counted = stats["exported"] + stats["rejected"] + stats["spooled"] + stats["unconfirmed"]
    assert counted + sum(stats["dropped"].values()) == stats["produced"] == 1002
