"""One run, one true trace: what a real receiver got from real programs."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.command import renacer, strace_counts
from tests.integration.receiver import Receiver, Span

THREADS_AND_CHILDREN = """
import subprocess, sys, threading
threads = [threading.Thread(target=print, args=(i,)) for i in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]
subprocess.run(["/bin/true"]); subprocess.run(["/bin/sh", "-c", "/bin/echo a | /bin/cat"])
"""
PROGRAMS = {
    "pipeline": ["sh", "-c", "/bin/echo b a | tr ' ' '\\n' | sort"],
    "compiler": ["cc", "-x", "c", "-c", "-o", "/dev/null", "/dev/null"],
    "python": [sys.executable, "-c", THREADS_AND_CHILDREN],
}
FULL = ["--trace-compute", "-c", "--stats-extended", "-f"]


def check_shape(spans: Sequence[Span]) -> None:
    """What holds for every trace: one id, real parents, true times."""
    by_id = {span.span_id: span for span in spans}
    assert len({span.trace_id for span in spans}) == 1
    assert len(by_id) == len(spans), "span ids repeat"
    assert "0" * 16 not in by_id
    roots = [span for span in spans if span.parent_id not in by_id]
    assert [root.parent_id for root in roots] == [""], "orphans"
    for span in spans:
        assert span.end > span.start, span.name
        parent = by_id.get(span.parent_id)
        if span.name.startswith("syscall: "):
            assert parent is not None
            assert parent.name.startswith("process: ")
            assert parent.start <= span.start
            assert span.end <= parent.end
        if span.name.startswith("trueno: "):
            assert parent is not None
            assert parent.name == "compute: calculate_statistics"
            assert parent.start <= span.start
            assert span.end <= parent.end


def named(spans: Sequence[Span], prefix: str) -> list[Span]:
    """The spans whose name begins so."""
    return [span for span in spans if span.name.startswith(prefix)]


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_one_true_trace(receiver: Receiver, program: str, protocol: str) -> None:
    """Processes, syscalls and compute operations of a real program are one tree in time."""
    flags = ["--otlp-endpoint", receiver.endpoint(protocol), "--otlp-protocol", protocol]
    result = renacer(*flags, *FULL, "--", *PROGRAMS[program])
    assert result.returncode == 0, result.stderr
    spans = receiver.settle()
    check_shape(spans)
    processes = named(spans, "process: ")
    assert len(processes) >= 3
    by_pid = {span.attributes["process.pid"]: span for span in processes}
    for process in processes:
        parent = by_pid.get(process.attributes["process.parent_pid"])
        assert process.parent_id == (parent.span_id if parent else "")
        syscalls = [s for s in named(spans, "syscall: ") if s.parent_id == process.span_id]
        assert len(syscalls) == process.attributes["renacer.syscalls"]
    assert len(named(spans, "compute: ")) == 1
    assert len(named(spans, "trueno: Vector::")) >= 7


def test_syscall_counts_equal_straces(receiver: Receiver, tmp_path: Path) -> None:
    """Spans per syscall name, and those with ERROR, are what strace counts."""
    command = ["ls", "/usr", "/nonexistent"]
    renacer("--otlp-endpoint", receiver.grpc, "-f", "--", *command)
    calls = named(receiver.settle(), "syscall: ")
    returned = [call for call in calls if call.attributes["syscall.result"] != "?"]
    counted = Counter(call.attributes["syscall.name"] for call in returned)
    failed = Counter(call.attributes["syscall.name"] for call in returned if call.status == 2)
    ours = {name: (count, failed[name]) for name, count in counted.items()}
    assert ours == strace_counts(command, tmp_path / "strace")


def test_a_failed_call_says_how(receiver: Receiver) -> None:
    """errno by name and text, arguments decoded, status ERROR."""
    renacer("--otlp-endpoint", receiver.grpc, "--", "cat", "/nonexistent")
    spans = receiver.settle()
    calls = [s for s in spans if "/nonexistent" in str(s.attributes.get("syscall.args"))]
    call = next(s for s in calls if s.name == "syscall: openat")
    assert call.attributes["syscall.args"] == 'AT_FDCWD, "/nonexistent", O_RDONLY'
    assert call.attributes["error.type"] == "ENOENT"
    assert call.attributes["syscall.result"] == -2
    assert (call.status, call.message) == (2, "No such file or directory")
    [process] = named(spans, "process: cat")
    assert process.attributes["process.exit.code"] == 1
    assert process.status == 2
    assert [event.name for event in process.events] == ["exec"]


def test_command_words_are_there_on_request_only(receiver: Receiver) -> None:
    """process.command_args may hold secrets: without its flag it is never sent."""
    renacer("--otlp-endpoint", receiver.grpc, "--", "echo", "secret")
    renacer("--otlp-endpoint", receiver.grpc, "--otlp-command-args", "--", "echo", "a", "b c")
    plain, full = named(receiver.settle(), "process: echo")
    assert "process.command_args" not in plain.attributes
    assert full.attributes["process.command_args"] == ["echo", "a", "b c"]


def test_a_killed_program_names_its_signal(receiver: Receiver) -> None:
    """Death by signal is on the process span; the call it died in has result "?"."""
    renacer("--otlp-endpoint", receiver.grpc, "--", "sh", "-c", "kill -KILL $$")
    spans = receiver.settle()
    check_shape(spans)
    [process] = named(spans, "process: ")
    assert process.attributes["renacer.exit.signal"] == "SIGKILL"
    assert "process.exit.code" not in process.attributes
    assert process.status == 2


def test_a_parent_from_the_command_line(receiver: Receiver) -> None:
    """--trace-parent puts the whole run into the caller's trace, and beats TRACEPARENT."""
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    other = "00-11111111111111111111111111111111-2222222222222222-01"
    renacer(
        "--otlp-endpoint", receiver.grpc, "--trace-parent", parent, "--", "true",
        env={"TRACEPARENT": other},
    )  # fmt: skip
    spans = receiver.settle()
    assert {span.trace_id for span in spans} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    [process] = named(spans, "process: ")
    assert process.parent_id == "00f067aa0ba902b7"


def test_an_unsampled_parent_exports_nothing(receiver: Receiver) -> None:
    """A caller that decided against sampling is obeyed."""
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
    result = renacer("--otlp-endpoint", receiver.grpc, "-c", "true", env={"TRACEPARENT": parent})
    assert result.returncode == 0
    assert receiver.spans() == []


def test_the_program_learns_its_own_span(receiver: Receiver) -> None:
    """TRACEPARENT inside the program names its own process span in our trace."""
    result = renacer("--otlp-endpoint", receiver.grpc, "--", "sh", "-c", "echo $TRACEPARENT")
    [process] = named(receiver.settle(), "process: ")
    assert result.stdout == f"00-{process.trace_id}-{process.span_id}-01\n"


def test_the_resource_says_who_and_where(receiver: Receiver) -> None:
    """service.name by flag over variable; engine and why; versions; CPU features."""
    renacer(
        "--otlp-endpoint", receiver.grpc, "--otlp-service-name", "mine", "true",
        env={"OTEL_SERVICE_NAME": "theirs", "OTEL_RESOURCE_ATTRIBUTES": "team=perf"},
    )  # fmt: skip
    resource = receiver.settle()[0].resource
    assert resource["service.name"] == "mine"
    assert resource["team"] == "perf"
    assert resource["renacer.engine"] == "ptrace"
    assert resource["renacer.version"]
    assert resource["host.name"]
    assert "sse2" in resource["renacer.cpu_features"] or "neon" in resource["renacer.cpu_features"]


def test_what_is_held_back_is_announced_and_counted(receiver: Receiver) -> None:
    """--otlp-max-spans sends that many syscall spans and says how many more there were."""
    result = renacer("--otlp-endpoint", receiver.grpc, "--otlp-max-spans", "5", "--", "true")
    spans = receiver.settle()
    [process] = named(spans, "process: ")
    held = process.attributes["renacer.spans.held_back"]
    assert len(named(spans, "syscall: ")) == 5
    assert held == process.attributes["renacer.syscalls"] - 5
    assert f"{held} syscall spans beyond --otlp-max-spans 5 were not sent" in result.stderr


def test_environment_endpoint_is_enough(receiver: Receiver) -> None:
    """OTEL_EXPORTER_OTLP_ENDPOINT alone makes a run export, as it does for any SDK."""
    renacer("true", env={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.grpc})
    assert named(receiver.settle(), "process: true")


def test_a_disabled_sdk_sends_nothing(receiver: Receiver) -> None:
    """OTEL_SDK_DISABLED=true beats the endpoint flag, and the program runs as ever."""
    result = renacer(
        "--otlp-endpoint", receiver.grpc, "-c", "true", env={"OTEL_SDK_DISABLED": "true"}
    )
    assert result.returncode == 0
    assert "execve" in result.stderr
    assert receiver.spans() == []


def test_json_lines_hold_the_same_trace(tmp_path: Path) -> None:
    """--otlp-file FILE.jsonl is OTLP JSON, one object a line, with the whole tree in it."""
    path = tmp_path / "trace.jsonl"
    result = renacer("--otlp-file", str(path), *FULL, "--", *PROGRAMS["pipeline"])
    assert result.returncode == 0, result.stderr
    spans = [
        span
        for line in path.read_text().splitlines()
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    ids = {span["spanId"] for span in spans}
    assert len({span["traceId"] for span in spans}) == 1
    assert len(ids) == len(spans)
    roots = [span for span in spans if span.get("parentSpanId", "") not in ids]
    assert [root["name"][:9] for root in roots] == ["process: "]
    kinds = Counter(span["name"].split(":")[0] for span in spans)
    assert kinds["process"] == 4
    assert kinds["compute"] == 1
    assert kinds["trueno"] >= 7


def test_protobuf_file_is_length_prefixed(tmp_path: Path) -> None:
    """Any other --otlp-file name gives OTLP protobuf messages after 4-byte big-endian lengths."""
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    path = tmp_path / "trace.otlp"
    renacer("--otlp-file", str(path), "--", "true")
    data, names = path.read_bytes(), []
    while data:
        size = int.from_bytes(data[:4], "big")
        message = TracesData.FromString(data[4 : 4 + size])
        names += [s.name for r in message.resource_spans for sc in r.scope_spans for s in sc.spans]
        data = data[4 + size :]
    assert "process: true" in names
    assert "syscall: execve" in names


def test_output_goes_to_the_sink_alone(receiver: Receiver) -> None:
    """With a sink and neither -o, -c nor --format nothing of ours is printed."""
    result = renacer("--otlp-endpoint", receiver.grpc, "--", "echo", "hi")
    assert (result.stdout, result.stderr) == ("hi\n", "")


def test_hostile_names_cannot_poison_a_batch(receiver: Receiver, tmp_path: Path) -> None:
    """A path that is no UTF-8 arrives, marked, and everything beside it too."""
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "x").touch()
    renacer("--otlp-endpoint", receiver.grpc, "-e", "openat", "--", "sh", "-c",
            f"cat {folder}/x; cat $(printf '{folder}/\\377\\376')")  # fmt: skip
    spans = receiver.settle()
    assert named(spans, "process: ")


@pytest.mark.parametrize("state", ["rojo=1,congo=t61", ""])
def test_tracestate_is_on_every_span_and_passed_on(tmp_path: Path, state: str) -> None:
    """The caller's tracestate is on every span, and the program's to see."""
    target = tmp_path / "spans.jsonl"
    variables = {"TRACEPARENT": f"00-{'ab' * 16}-{'cd' * 8}-01", "TRACESTATE": state}
    result = renacer(
        "--otlp-file", str(target), "--", "sh", "-c", "echo $TRACESTATE", env=variables
    )
    assert (result.returncode, result.stdout) == (0, f"{state}\n")
    spans = [
        span
        for line in target.read_text().splitlines()
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert len(spans) > 1
    assert {span.get("traceState", "") for span in spans} == {state}
