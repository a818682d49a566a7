"""A program under trace that uses renacer itself puts its operations into the same trace."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.integration.command import renacer
from tests.integration.receiver import Receiver, Span

FAMILY = """
import subprocess, sys
import renacer
generation = int(sys.argv[1])
renacer.Vector(range(1000 + generation)).sum()
if generation < 2:
    subprocess.run([sys.executable, __file__, str(generation + 1)], check=True)
"""


@pytest.fixture
def family(tmp_path: Path) -> list[str]:
    """A program that computes, and whose child and grandchild do too, on 1000, 1001, 1002."""
    path = tmp_path / "family.py"
    path.write_text(FAMILY)
    return [sys.executable, str(path), "0"]


def sums(spans: list[Span]) -> dict[int, Span]:
    """The spans of sum, by elements."""
    return {s.attributes["compute.elements"]: s for s in spans if s.name == "trueno: Vector::sum"}


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_each_generation_hangs_under_its_own_process(
    receiver: Receiver, family: list[str], protocol: str
) -> None:
    """Program, child and grandchild each have their operation below their own process span."""
    flags = ["--otlp-endpoint", receiver.endpoint(protocol), "--otlp-protocol", protocol]
    result = renacer(*flags, "--trace-compute", "-f", "--", *family)
    assert result.returncode == 0, result.stderr
    spans = receiver.settle()
    assert len({span.trace_id for span in spans}) == 1
    by_id = {span.span_id: span for span in spans}
    operations = sums(spans)
    assert sorted(operations) == [1000, 1001, 1002]
    processes = [by_id[operations[elements].parent_id] for elements in sorted(operations)]
    assert all(process.name.startswith("process: python") for process in processes)
    assert len({process.span_id for process in processes}) == 3
    assert processes[1].parent_id == processes[0].span_id
    assert processes[2].parent_id == processes[1].span_id
    for elements, process in zip(sorted(operations), processes, strict=True):
        assert process.start <= operations[elements].start
        assert operations[elements].end <= process.end


def test_without_follow_descendants_hang_from_the_program(
    receiver: Receiver, family: list[str]
) -> None:
    """Where a child is not traced, its operations name the nearest span there is."""
    renacer("--otlp-endpoint", receiver.grpc, "--trace-compute", "--", *family)
    spans = receiver.settle()
    [process] = [span for span in spans if span.name.startswith("process: ")]
    assert {span.parent_id for span in sums(spans).values()} == {process.span_id}
    assert len(sums(spans)) == 3


@pytest.mark.parametrize("flagged", [True, False], ids=["flag", "variables only"])
def test_the_otel_variables_hold_for_both(
    receiver: Receiver, family: list[str], flagged: bool
) -> None:
    """Command and program resolve what no flag says from the same OTEL_* variables."""
    variables = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.http}/v1/traces",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    flags = ["--otlp-endpoint", receiver.http] if flagged else []
    result = renacer(*flags, "--trace-compute", "-f", "--", *family, env=variables)
    assert (result.returncode, result.stderr) == (0, "")
    spans = receiver.settle()
    assert len({span.trace_id for span in spans}) == 1
    processes = {span.span_id for span in spans if span.name.startswith("process: ")}
    assert len(processes) == 3
    assert {span.parent_id for span in sums(spans).values()} == processes


def test_without_trace_compute_the_program_is_left_alone(
    receiver: Receiver, family: list[str]
) -> None:
    """No flag, no compute spans from the program."""
    renacer("--otlp-endpoint", receiver.grpc, "-f", "--", *family)
    assert sums(receiver.settle()) == {}


def test_a_dead_receiver_does_not_change_the_program(family: list[str]) -> None:
    """The program's output and status are its own, whatever becomes of its spans."""
    result = renacer("--otlp-endpoint", "http://127.0.0.1:1", "--trace-compute", "--", *family)
    assert result.returncode == 0
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


FORKING = """
import os
import renacer
renacer.Vector(range(1000)).sum()
child = os.fork()
if child == 0:
    renacer.Vector(range(1001)).sum()
    if os.fork() == 0:
        renacer.Vector(range(1002)).sum()
        raise SystemExit
    os.wait()
    raise SystemExit
os.wait()
renacer.Vector(range(1003)).sum()
"""


def test_forked_children_hang_under_their_own_process(receiver: Receiver, tmp_path: Path) -> None:
    """A program, its forked child and that one's each have their operations under their own span,
    once, with ids of their own."""
    path = tmp_path / "forking.py"
    path.write_text(FORKING)
    flags = ["--otlp-endpoint", receiver.grpc, "--trace-compute", "-f"]
    result = renacer(*flags, "--", sys.executable, str(path))
    assert (result.returncode, result.stderr) == (0, "")
    spans = receiver.settle()
    assert len({span.span_id for span in spans}) == len(spans)
    computed = [span for span in spans if span.name == "trueno: Vector::sum"]
    operations = sums(spans)
    assert len(computed) == len(operations) == 4
    parents = [operations[elements].parent_id for elements in (1000, 1001, 1002, 1003)]
    assert parents[3] == parents[0]
    assert len(set(parents)) == 3
    by_id = {span.span_id: span for span in spans}
    processes = [by_id[parent] for parent in parents[:3]]
    assert processes[1].parent_id == processes[0].span_id
    assert processes[2].parent_id == processes[1].span_id


SAMPLED = """
import renacer
vector = renacer.Vector(range(1000))
for _ in range(200):
    vector.sum()
    vector.max()
"""


@pytest.mark.parametrize(
    ("flags", "sums_seen", "maxima_seen"),
    [
        (["--trace-compute"], 200, 200),
        (["--trace-compute-sample", "sum=0"], 0, 200),
        (["--trace-compute-sample", "0,max=1"], 0, 200),
        (["--trace-compute-threshold", "1000000000"], 0, 0),
        (["--trace-compute-threshold", "0"], 200, 200),
        (["--trace-compute-all"], 200, 200),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_programs_operations_are_sampled_as_the_flags_say(
    receiver: Receiver, tmp_path: Path, flags: list[str], sums_seen: int, maxima_seen: int
) -> None:
    """Sampling and threshold hold in the program too, not only for the run's own statistics."""
    path = tmp_path / "sampled.py"
    path.write_text(SAMPLED)
    command = ["--otlp-endpoint", receiver.grpc, *flags, "--", sys.executable, str(path)]
    result = renacer(*command)
    assert (result.returncode, result.stderr) == (0, "")
    names = [span.name for span in receiver.settle()]
    assert names.count("trueno: Vector::sum") == sums_seen
    assert names.count("trueno: Vector::max") == maxima_seen
