"""Traces read back: what was written comes out, and damaged files say so in one sentence."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from renacer.analysis.trace_file import Span, read_spans
from renacer.errors import TraceFileError
from tests.integration.command import renacer


def read(*paths: Path) -> tuple[list[Span], list[str]]:
    """All spans of the files, and what was noted about them."""
    notes: list[str] = []
    return list(read_spans(map(str, paths), notes.append)), notes


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One run of a failing program written in each form."""
    folder = tmp_path_factory.mktemp("traces")
    paths = {suffix: folder / f"trace.{suffix}" for suffix in ("jsonl", "pb")}
    for path in paths.values():
        run = renacer("-f", "--otlp-file", str(path), "--trace-compute", "-c", "--stats-extended",
                      "--", "sh", "-c", "cat /nonexistent; true")  # fmt: skip
        assert run.returncode == 0, run.stderr
    return paths


def test_both_forms_give_the_same_program(traces: dict[str, Path]) -> None:
    """JSON and protobuf of the same command hold the same spans, but for times, ids and pids."""

    def shape(path: Path) -> list[tuple[object, ...]]:
        spans, notes = read(path)
        assert notes == []
        names = {span.span_id: span.name for span in spans}
        return sorted(
            (names.get(span.parent_id, ""), span.name, span.failed, span.message,
             tuple((key, type(value)) for key, value in span.attributes.items()),
             tuple(event.name for event in span.events), span.resource["service.name"])
            for span in spans
        )  # fmt: skip

    assert shape(traces["jsonl"]) == shape(traces["pb"])


def test_a_span_has_what_was_seen(traces: dict[str, Path]) -> None:
    """Result, error, decoded arguments, parent and times of a failed call come back."""
    spans, _ = read(traces["jsonl"])
    by_id = {span.span_id: span for span in spans}
    (failed,) = [s for s in spans if s.syscall == "openat" and "nonexistent" in str(s.attributes)]
    assert failed.failed
    assert failed.attributes["syscall.result"] == -2
    assert failed.attributes["error.type"] == "ENOENT"
    parent = by_id[failed.parent_id]
    assert parent.name == "process: cat"
    assert parent.attributes["process.exit.code"] == 1
    assert [event.name for event in parent.events] == ["exec"]
    assert parent.start <= failed.start < failed.end <= parent.end
    assert failed.duration == failed.end - failed.start
    assert any(span.name.startswith("trueno: ") for span in spans)


@pytest.mark.parametrize("suffix", ["jsonl", "pb"])
def test_a_file_cut_at_any_place_keeps_its_whole_messages(
    traces: dict[str, Path], tmp_path: Path, suffix: str
) -> None:
    """What stands before the cut is used, and one sentence says that the end is missing."""
    whole = traces[suffix].read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(whole * 2)
    count = len(read(path)[0])
    for kept in (1, 3, 7, len(whole) - 2):
        path.write_bytes(whole + whole[:kept])
        spans, notes = read(path)
        assert len(spans) >= count // 2
        last = "line" if suffix == "jsonl" else "message"
        assert notes == [f"{path}: its last {last} is cut off; {len(spans)} spans were read"]


def test_foreign_lines_between_ours_are_told_and_left_out(
    traces: dict[str, Path], tmp_path: Path
) -> None:
    """A Collector's file may hold metrics and logs too; spans are still read."""
    path = tmp_path / "mixed.jsonl"
    ours = traces["jsonl"].read_text()
    path.write_text('{"resourceMetrics":[]}\n{"resourceLogs":[]}\n' + ours + "nonsense\n" + ours)
    spans, notes = read(path)
    assert len(spans) == 2 * len(read(traces["jsonl"])[0])
    assert notes == [
        f"{path}: a line of resourceMetrics was left out, a line of resourceLogs was left out, "
        f"a line is no OTLP message; {len(spans)} spans were read"
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"execve(\"/bin/ls\", ...) = 0\n", "it is neither OTLP JSON lines"),
        (b"\x7fELF\x02\x01", "it is neither OTLP JSON lines"),
        (gzip.compress(b"{}"), "gunzip it first"),
        (b"\x00\x00\x00\x05\xff\xff\xff\xff\xff", "damaged, or no length-prefixed"),
        (b"\x00\x00\x00\x05\xff", "its last message is cut off"),
        (b"[1, 2]\n", "it is neither OTLP JSON lines"),
        (b'{"a": 1}\n{"a": 2}\n', "a line is no OTLP message (2 times)"),
        (b"{" * 100_000, "its last line is cut off"),
        (b'{"resourceSpans": 3}\n', "a line is no OTLP message"),
        (b'{"resourceSpans": []}\n', "it is empty"),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}\n', "no OTLP message"),
    ],
)  # fmt: skip
def test_a_file_without_spans_is_one_clear_error(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    """Empty, foreign and damaged files name themselves and what is wrong, whatever the bytes."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(TraceFileError) as error:
        read(path)
    assert str(error.value).startswith(f"{path} holds no spans: ")
    assert reason in str(error.value)


def test_a_missing_file_or_folder_is_one_clear_error(tmp_path: Path) -> None:
    """The system's own reason, with the path."""
    for path, reason in ((tmp_path / "no", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(TraceFileError, match=f"cannot read {path}: {reason}"):
            read(path)


def test_every_kind_of_value_comes_back(tmp_path: Path) -> None:
    """Texts, integers of 64 bits, doubles, booleans, lists and maps as OTLP/JSON spells them."""
    values = {
        "a": ({"stringValue": "\u202e<script>"}, "\u202e<script>"),
        "half": ({"stringValue": "\ud800x\U0001f600"}, "?x\U0001f600"),
        "b": ({"intValue": str(-(1 << 63))}, -(1 << 63)),
        "c": ({"intValue": 7}, 7),
        "d": ({"doubleValue": "Infinity"}, float("inf")),
        "e": ({"boolValue": False}, False),
        "f": ({"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}}, [1, "x"]),
        "g": ({"kvlistValue": {"values": [{"key": "k", "value": {"intValue": "2"}}]}}, {"k": 2}),
        "h": ({}, None),
    }
    span = {
        "traceId": "0" * 31 + "1", "spanId": "ff" * 8, "name": "n",
        "startTimeUnixNano": "5", "endTimeUnixNano": 9, "status": {"code": "STATUS_CODE_ERROR"},
        "attributes": [{"key": key, "value": value} for key, (value, _) in values.items()],
    }  # fmt: skip
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}) + "\n")
    (read_back,), _ = read(path)
    assert read_back.attributes == {key: value for key, (_, value) in values.items()}
    assert (read_back.trace_id, read_back.span_id, read_back.parent_id) == (1, (1 << 64) - 1, 0)
    assert (read_back.start, read_back.end, read_back.failed) == (5, 9, True)


def test_memory_does_not_grow_with_the_file(traces: dict[str, Path], tmp_path: Path) -> None:
    """Reading forty times as much needs no more memory at its peak."""

    def peak(copies: int) -> int:
        path = tmp_path / "big.jsonl"
        path.write_bytes(traces["jsonl"].read_bytes() * copies)
        tracemalloc.start()
        count = sum(1 for _ in read_spans([str(path)], str))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count >= copies
        return used

    assert peak(40) < 1.5 * peak(1)
