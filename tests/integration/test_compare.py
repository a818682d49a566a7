"""``renacer compare`` on traces of real programs."""

from __future__ import annotations

import json

import pytest

from tests.integration.command import renacer


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same program twice, once in each form, and one that does something else."""
    folder = tmp_path_factory.mktemp("compare")
    commands = {
        "one.jsonl": "cat /dev/null",
        "same.pb": "cat /dev/null",
        "other.jsonl": "cat /nonexistent",
    }
    for name, command in commands.items():
        renacer("--otlp-file", str(folder / name), "--", *command.split())
        assert (folder / name).stat().st_size
    renacer(
        "--otlp-max-spans", "5", "--otlp-file", str(folder / "cut.pb"), "--", "cat", "/dev/null"
    )
    return {path.stem: str(path) for path in folder.iterdir()}


def test_the_same_program_does_the_same(traces: dict[str, str]) -> None:
    """Exit status 0 and one line, across file formats."""
    result = renacer("compare", "--no-latency", traces["one"], traces["same"])
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("no difference in ")
    assert result.stdout.count("\n") == 1


def test_a_program_that_fails_differs(traces: dict[str, str]) -> None:
    """Exit status 1; what it no longer does and does anew is named."""
    result = renacer("compare", "--no-latency", traces["one"], traces["other"])
    assert (result.returncode, result.stderr) == (1, "")
    said = dict(line.split(None, 1) for line in result.stdout.splitlines())
    assert said["write"].startswith("added: ")
    result = renacer("compare", "--format", "json", traces["one"], traces["other"])
    read = json.loads(result.stdout)
    assert (result.returncode, read["same"]) == (1, False)
    assert any(call["name"] == "openat" for call in read["calls"])


def test_a_trace_that_lacks_calls_is_told(traces: dict[str, str]) -> None:
    """Counts of a limited trace are not taken for the program's without a word."""
    result = renacer("compare", traces["one"], traces["cut"])
    assert result.returncode == 1
    assert f"renacer: {traces['cut']} lacks " in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["A"], "two trace files are compared: renacer compare [OPTIONS] BASE NEW"),
        (["A", "/dev/null"], "/dev/null holds no spans: it is empty"),
        (["A", "/nonexistent"], "cannot read /nonexistent: No such file or directory"),
        (["--alpha", "1", "A", "A"], "--alpha 1: must be between 0 and 1"),
        (["--count-tolerance", "-1", "A", "A"], "--count-tolerance -1: must be a percentage"),
        (["--format", "xml", "A", "A"], "--format xml: must be text or json or junit"),
    ],
)
def test_trouble_is_125_and_one_line(
    traces: dict[str, str], words: list[str], message: str
) -> None:
    """Not to be compared is neither same nor different."""
    result = renacer("compare", *(traces["one"] if word == "A" else word for word in words))
    assert (result.returncode, result.stdout) == (125, "")
    assert result.stderr.startswith(f"renacer: {message}")
    assert result.stderr.count("\n") == 1
