"""``renacer report``: tables and Perfetto traces of a real run, and clear words on bad input."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace

from renacer.analysis.trace_file import Span, read_spans
from tests.integration.command import RENACER, Result, counts, renacer, run

SCRIPT = f"""ls / >/dev/null
cat /nonexistent
{sys.executable} -c 'import threading; t = threading.Thread(target=print); t.start(); t.join()'
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A run with children, threads, errors and compute operations: its file and what it printed."""
    path = tmp_path_factory.mktemp("report") / "trace.jsonl"
    result = renacer("-f", "-c", "--stats-extended", "--trace-compute-all", "--otlp-max-spans", "0",
                     "--otlp-file", str(path), "--", "sh", "-c", SCRIPT)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return path, result


def spans_of(path: Path) -> list[Span]:
    """All spans of an undamaged file."""
    return list(read_spans([str(path)], pytest.fail))


def test_the_summary_of_a_file_is_that_of_the_run(traced: tuple[Path, Result]) -> None:
    """`-c` and the latency table, reconstructed from spans, are what the run itself printed."""
    path, result = traced
    report = renacer("report", str(path))
    assert (report.returncode, report.stderr) == (0, "")
    tables, head, compute = report.stdout.partition("\n% time     seconds  usecs/call     calls ")
    assert head
    assert counts(tables) == counts(result.stderr)
    assert tables in result.stderr
    assert "operation and instruction set" in compute
    assert "trueno: Vector::mean " in compute


def packets(path: Path) -> list[Any]:
    """The packets of a Perfetto trace, in file order."""
    return list(Trace.FromString(path.read_bytes()).packet)


@pytest.fixture(scope="module")
def perfetto(traced: tuple[Path, Result]) -> list[Any]:
    """The run as a Perfetto trace, read by the official package."""
    out = traced[0].with_suffix(".pftrace")
    report = renacer("report", str(traced[0]), "--format", "perfetto", "-o", str(out))
    assert (report.returncode, report.stdout, report.stderr) == (0, "", "")
    return packets(out)


def test_perfetto_has_every_span_as_a_slice_that_nests(
    traced: tuple[Path, Result], perfetto: list[Any]
) -> None:
    """One slice per span with its times and arguments; slices of a track never cross."""
    spans = spans_of(traced[0])
    events: dict[int, list[tuple[int, Any]]] = defaultdict(list)
    for packet in perfetto:
        if packet.HasField("track_event"):
            events[packet.track_event.track_uuid].append((packet.timestamp, packet.track_event))
    slices: Counter[tuple[str, int, int]] = Counter()
    for track in events.values():
        track.sort(key=lambda row: row[0])  # stable, as Perfetto's own sorting is
        stack: list[tuple[str, int]] = []
        for time, event in track:
            if event.type == event.TYPE_SLICE_BEGIN:
                stack.append((event.name, time))
            elif event.type == event.TYPE_SLICE_END:
                name, start = stack.pop()
                slices[name, start, time] += 1
        assert stack == []
    assert slices == Counter((s.name.removeprefix("syscall: "), s.start, s.end) for s in spans)


def test_perfetto_tracks_are_processes_and_threads(
    traced: tuple[Path, Result], perfetto: list[Any]
) -> None:
    """Each process has a named track, each of its threads one under it, compute one of its own."""
    tracks = {p.track_descriptor.uuid: p.track_descriptor for p in perfetto
              if p.HasField("track_descriptor")}  # fmt: skip
    spans = spans_of(traced[0])
    pids = {s.attributes["process.pid"]: s.name for s in spans if "process.pid" in s.attributes}
    assert {track.process.pid: f"process: {track.process.process_name}"
            for track in tracks.values() if track.HasField("process")} == pids  # fmt: skip
    threads = {(t.thread.pid, t.thread.tid) for t in tracks.values() if t.HasField("thread")}
    by_id = {span.span_id: span for span in spans}
    assert threads == {
        (by_id[s.parent_id].attributes["process.pid"], s.attributes["thread.id"])
        for s in spans
        if s.syscall
    }
    assert any(pid != tid for pid, tid in threads)
    assert all(t.parent_uuid in tracks for t in tracks.values() if t.HasField("thread"))
    assert any(track.name == "compute" for track in tracks.values())


def test_perfetto_flows_lead_from_fork_and_exec_to_what_they_made(
    traced: tuple[Path, Result], perfetto: list[Any]
) -> None:
    """Every flow has one beginning, a call, and one end, a process or an exec."""
    begins, ends = {}, {}
    for packet in perfetto:
        begins |= dict.fromkeys(packet.track_event.flow_ids, packet.track_event.name)
        ends |= dict.fromkeys(packet.track_event.terminating_flow_ids, packet.track_event.name)
    spans = spans_of(traced[0])
    processes = [span for span in spans if "process.pid" in span.attributes]
    execs = sum(event.name == "exec" for span in processes for event in span.events)
    assert set(begins) <= set(ends)
    made = Counter((begins[flow], ends[flow].partition(":")[0]) for flow in begins)
    assert made.pop(("execve", "exec")) == execs
    assert sum(made.values()) == len(processes) - 1
    assert {end for _, end in made} == {"process"}


def test_perfetto_slices_have_arguments(perfetto: list[Any]) -> None:
    """A failed call says its arguments, its result and why."""
    found = [
        {a.name: a.string_value or a.int_value for a in p.track_event.debug_annotations}
        for p in perfetto
        if "error" in p.track_event.categories and p.track_event.name == "openat"
    ]
    (failed,) = [row for row in found if "/nonexistent" in str(row.get("syscall.args"))]
    assert failed["error"] == "No such file or directory"
    assert failed["error.type"] == "ENOENT"
    assert failed["syscall.result"] == -2


def test_calls_without_their_process_are_still_shown(
    traced: tuple[Path, Result], tmp_path: Path
) -> None:
    """Of a trace that was cut off the processes are missing; their calls stand under one name."""
    first = traced[0].read_text().splitlines(keepends=True)[0]
    message = json.loads(first)
    del message["resourceSpans"][0]["scopeSpans"][0]["spans"][20:]
    cut, out = tmp_path / "cut.jsonl", tmp_path / "cut.pftrace"
    cut.write_text(json.dumps(message) + "\n" + first[:-9])
    report = renacer("report", str(cut), "--format", "perfetto", "-o", str(out))
    assert report.returncode == 0
    assert report.stderr.startswith(f"renacer: {cut}: its last line is cut off; ")
    assert report.stderr.count("\n") == 1
    names = {p.track_descriptor.name for p in packets(out)}
    assert any(name.endswith("which is not in the file") for name in names)
    slices = sum(p.track_event.type == p.track_event.TYPE_SLICE_BEGIN for p in packets(out))
    assert slices == sum(1 for _ in read_spans([str(cut)], str))


def test_without_the_package_one_line_says_what_to_install(traced: tuple[Path, Result]) -> None:
    """perfetto is optional: its absence is told with the command that helps."""
    code = (
        "import sys; sys.modules['perfetto'] = None\n"
        "from renacer.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    result = run([sys.executable, "-c", code, "report", "--format", "perfetto", str(traced[0])])
    assert result.returncode == 125
    assert result.stderr.startswith("renacer: --format perfetto needs the perfetto package: pip ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no trace file: renacer report [OPTIONS] FILE…"),
        (["/nonexistent"], "cannot read /nonexistent: No such file or directory"),
        (["/dev/null"], "/dev/null holds no spans: it is empty"),
        (["--format", "pdf", "x"], "--format pdf: must be "),
        (["--formt", "html", "x"], "unknown option --formt: did you mean --format?"),
        (["TRACE", "-o", "/nonexistent/x"], "cannot write /nonexistent/x: No such file"),
        (["TRACE", "-o", "TRACE"], "-o TRACE is the trace itself"),
    ],
)
def test_bad_input_is_one_line(traced: tuple[Path, Result], words: list[str], message: str) -> None:
    """Exit status 125, one sentence, no traceback, and the trace file unharmed."""
    path = str(traced[0])
    before = traced[0].read_bytes()
    report = renacer("report", *(path if word == "TRACE" else word for word in words))
    assert (report.returncode, report.stdout) == (125, "")
    assert report.stderr.startswith(f"renacer: {message.replace('TRACE', path)}")
    assert report.stderr.count("\n") == 1
    assert traced[0].read_bytes() == before


def test_a_pipe_is_refused_rather_than_read_in_part(traced: tuple[Path, Result]) -> None:
    """What can be read once only would lose its first message without a word."""
    with traced[0].open("rb") as trace:
        piped = run(["sh", "-c", f"cat | {' '.join(RENACER)} report /dev/stdin"], stdin=trace)
    assert (piped.returncode, piped.stdout) == (125, "")
    assert piped.stderr.startswith("renacer: /dev/stdin is a pipe; ")


def test_a_failed_report_keeps_what_stood_at_its_output(tmp_path: Path) -> None:
    """An unreadable trace does not empty the last good report."""
    out = tmp_path / "report"
    out.write_text("the last one")
    assert renacer("report", "/dev/null", "-o", str(out)).returncode == 125
    assert out.read_text() == "the last one"


def test_a_run_writes_its_page_itself(tmp_path: Path) -> None:
    """--format html: the program's output and status stay, the page has its calls, tables go to
    stderr."""
    out = tmp_path / "page.html"
    result = renacer("-f", "-c", "--format", "html", "-o", str(out), "--",
                     "sh", "-c", "cat /nonexistent 2>/dev/null; echo said; exit 3")  # fmt: skip
    assert (result.returncode, result.stdout) == (3, "said\n")
    assert counts(result.stderr)["execve"] == (2, 0)
    data = json.loads(out.read_text().partition('id="data">')[2].partition("</script>")[0])
    assert [row[0] for row in data["processes"]][1] == "cat"
    assert {row[0]: row[1] for row in data["syscalls"]}["execve"] == 2
    assert data["spans"] == data["shown"]
    assert list(tmp_path.iterdir()) == [out]


def test_a_run_writes_its_perfetto_trace_itself_and_dies_as_its_program_does(
    tmp_path: Path,
) -> None:
    """The report is written before renacer ends by the program's signal."""
    out = tmp_path / "trace.pftrace"
    command = ("sh", "-c", "kill -KILL $$")
    result = renacer("--format", "perfetto", "-o", str(out), "--", *command)
    assert (result.returncode, result.stdout, result.stderr) == (-9, "", "")
    assert any(p.track_event.name == "kill" for p in packets(out))


@pytest.mark.parametrize(
    ("words", "env", "message"),
    [
        (["--format", "html"], {}, "--format html needs a file to write: add -o FILE"),
        (
            ["--format", "html", "-o", "OUT", "--otlp-file", "x"],
            {},
            "--format html takes the place",
        ),
        (["--format", "html", "-o", "/nonexistent/x"], {}, "cannot write /nonexistent/x: No such"),
        (["--format", "html", "-o", "OUT"], {"OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED or"),
    ],
)
def test_what_would_stop_the_report_is_told_before_the_program_runs(
    tmp_path: Path, words: list[str], env: dict[str, str], message: str
) -> None:
    """Exit status 125 and one line; the program did not run."""
    out = str(tmp_path / "out")
    arguments = [out if word == "OUT" else word for word in words]
    result = renacer(*arguments, "--", "echo", "ran", env=env)
    assert (result.returncode, result.stdout) == (125, "")
    assert result.stderr.startswith(f"renacer: {message}")
    assert result.stderr.count("\n") == 1
