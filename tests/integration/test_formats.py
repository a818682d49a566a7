"""Calls as JSON lines and CSV."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command import renacer

_SCHEMA = json.loads(files("renacer").joinpath("report/trace.schema.json").read_text())
_ROWS = {shape["properties"]["type"]["const"]: shape for shape in _SCHEMA["oneOf"]}
_TYPES: dict[str, Any] = {
    "integer": int,
    "string": str,
    "boolean": bool,
    "array": list,
    "null": type(None),
}


def _check(value: dict[str, Any], shape: dict[str, Any]) -> None:
    """The object has what its schema requires, nothing else, of the right types."""
    properties = shape["properties"]
    assert set(shape["required"]) <= set(value) <= set(properties)
    for key, part in value.items():
        allowed = properties[key].get("type", "string")
        names = allowed if isinstance(allowed, list) else [allowed]
        assert type(part) in {_TYPES[name] for name in names}, (key, part)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_json_lines_follow_the_schema(programs: Path, tmp_path: Path) -> None:
    """Every line of a program full of structures is an object that the published schema allows."""
    path = tmp_path / "calls"
    script = f"{programs / 'structures'}; exit"
    renacer("-f", "--format", "json", "-o", str(path), "--", "sh", "-c", script)
    rows = _rows(path)
    for row in rows:
        _check(row, _ROWS[row["type"]])
        for argument in row.get("args", ()):
            _check(argument, _SCHEMA["$defs"]["argument"])
    assert {row["type"] for row in rows} == {"syscall", "signal", "exit"}
    assert sum(row["type"] == "exit" for row in rows) == 5


def test_json_arguments_are_typed(tmp_path: Path) -> None:
    """Numbers are numbers, flags an array of names, and a failure has its errno's name."""
    path = tmp_path / "calls"
    renacer("--format", "json", "-o", str(path), "--", "cat", "/nonexistent")
    calls = [row for row in _rows(path) if row["type"] == "syscall"]
    assert calls[-1]["name"] == "exit_group"
    assert calls[-1]["result"] is None
    opens = [row for row in calls if row["name"] == "openat"]
    opened = [row for row in opens if row["args"][1]["string"] == "/nonexistent"]
    assert [(row["result"], row["error"]) for row in opened] == [(-2, "ENOENT")]
    assert opened[0]["args"][2]["flags"] == ["O_RDONLY"]
    mapped = next(row for row in calls if row["name"] == "mmap")
    assert mapped["args"][2]["flags"] == ["PROT_READ", "PROT_WRITE"]
    assert mapped["args"][4] == {"kind": "FD", "value": -1}


@pytest.mark.parametrize(
    "name", [b"\xff\xfe", b'a"b\\c', "é€😀".encode(), b"new\nline,\r", b"\xed\xa0\x80", b"\x01\x7f"]
)
def test_hostile_bytes_survive(name: bytes, tmp_path: Path) -> None:
    """From JSON the exact bytes of a path can be had back; CSV stays one well-formed row."""
    path = tmp_path / "calls"
    program = [sys.executable, "-c", "import os, sys; os.access(os.fsencode(sys.argv[1]), 0)"]
    command = ["-e", "trace=access,faccessat", "-o", str(path), "--", *program, os.fsdecode(name)]
    renacer("--format", "json", *command)
    last = [row for row in _rows(path) if row["type"] == "syscall"][-1]
    argument = next(arg for arg in last["args"] if arg["kind"] == "PATH")
    assert name == (
        argument["string"].encode() if "string" in argument else bytes.fromhex(argument["hex"])
    )
    renacer("--format", "csv", *command)
    rows = list(csv.DictReader(io.StringIO(path.read_text("ascii"), newline="")))
    assert (rows[-1]["name"], rows[-1]["error"]) in {("access", "ENOENT"), ("faccessat", "ENOENT")}
    assert None not in rows[-1]


def test_csv_has_one_row_a_call(programs: Path, tmp_path: Path) -> None:
    """The rows are the calls of the text, with the same arguments."""
    texts, path = tmp_path / "text", tmp_path / "csv"
    program = ["-e", "trace=openat,poll,pipe2", "--", str(programs / "structures")]
    renacer("-o", str(texts), *program)
    renacer("--format", "csv", "-o", str(path), *program)
    rows = list(csv.DictReader(io.StringIO(path.read_text("ascii"), newline="")))
    lines = [line for line in texts.read_text().splitlines() if line[0] not in "+-"]
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert line.startswith(f"{row['name']}({row['args']}) ")


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_a_reader_that_leaves_costs_the_program_nothing(form: str, tmp_path: Path) -> None:
    """With `2>&1 | head -1` the program still runs to its end, and keeps its status."""
    done = tmp_path / "done"
    script = f"for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done; echo > {done}; exit 7"
    command = [sys.executable, "-m", "renacer", "-f", "--format", form, "--", "sh", "-c", script]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline()
        process.stderr.close()
        assert process.wait(60) == 7
    assert done.exists()


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_a_full_disk_is_one_line(form: str) -> None:
    """The program keeps its status, and one line says that writing stopped and why."""
    result = renacer("--format", form, "-o", "/dev/full", "--", "sh", "-c", "exit 7")
    assert result.returncode == 7
    assert result.stderr == "renacer: writing /dev/full stopped: No space left on device\n"
