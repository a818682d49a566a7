"""-e expressions: the same syscalls as strace selects, and clear words for what it cannot mean."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from renacer._native import lib, string, table
from renacer.capture.filters import parse_filter
from renacer.errors import UsageError

NAMES = [string(row.name) for row in table(lib.rnc_syscall)]


def selected(*expressions: str) -> set[str]:
    """The names that a filter lets through."""
    mask = parse_filter(expressions)
    assert mask is not None
    assert len(mask) == len(NAMES)
    return {name for name, wanted in zip(NAMES, mask, strict=True) if wanted}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("openat", {"openat"}),
        ("trace=openat,close", {"openat", "close"}),
        ("t=read", {"read"}),
        ("trace=close,", {"close"}),
        ("none", set()),
        ("!all", set()),
        ("all", set(NAMES)),
        ("!none", set(NAMES)),
        ("!!close", {"close"}),
        ("stat", {"stat"}),
        ("%statfs", {"statfs", "statfs64"}),
        ("/^clone", {"clone", "clone3"}),
        ("/^(dup|pipe)2$/", {"dup2", "pipe2"}),
        ("/^dup.{0,1}$/,close", {"dup", "dup2", "dup3", "close"}),
        ("?nosuch,close", {"close"}),
        ("?%nosuch", set()),
        ("?/nothing_like_it/", set()),
    ],
)
def test_expressions_select(expression: str, expected: set[str]) -> None:
    """Names, classes, patterns, negation and optional items choose exactly these syscalls."""
    assert selected(expression) == expected


def test_no_expression_means_no_filter() -> None:
    """Without -e everything is recorded, and the engine need not ask."""
    assert parse_filter([]) is None


def test_the_last_expression_holds() -> None:
    """A later -e replaces an earlier one, as strace has it."""
    assert selected("trace=openat", "trace=close") == {"close"}


def test_a_name_covers_all_its_rows() -> None:
    """mmap of another ABI with other arguments is recorded too."""
    mask = parse_filter(["mmap"])
    assert mask is not None
    assert sum(mask) == NAMES.count("mmap") > 1


def test_a_number_is_of_this_architecture() -> None:
    """A number stands for the syscall it has on the machine that runs."""
    row = NAMES.index("close")
    assert selected(str(lib.rnc_syscall_native_number(row))) == {"close"}


def test_negation_is_the_complement() -> None:
    """Everything but the listed is recorded."""
    assert selected("!%file,close") == set(NAMES) - selected("%file,close")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("opeanat", "unknown syscall 'opeanat': did you mean 'openat'?"),
        ("trace=close,wirte", "unknown syscall 'wirte': did you mean 'write'?"),
        ("%fiel", "unknown class '%fiel': did you mean '%file'?"),
        ("creds", "unknown syscall 'creds'"),
        ("xyzzyplugh", "unknown syscall 'xyzzyplugh'"),
        ("99999", "unknown syscall '99999'"),
        ("/nothing_like_it/", "no syscall matches '/nothing_like_it/'"),
        ("/[", "bad regular expression '/[/'"),
        ("signal=SIGINT", "-e signal=: only -e trace= is understood"),
        ("trace=", "-e 'trace=' names no syscall"),
        ("!", "-e '!' names no syscall"),
        ("none,close", "unknown syscall 'none'"),
        ("close\0", "unknown syscall 'close\0'"),
        ("\u0663", "unknown syscall '\u0663'"),
    ],
)
def test_mistakes_get_one_sentence(expression: str, message: str) -> None:
    """What names nothing is refused in words that point at the mistake."""
    with pytest.raises(UsageError, match="^" + re.escape(message)):
        parse_filter([expression])


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="compares with strace, which is not here"
)
@pytest.mark.parametrize(
    "expression",
    [
        "%file",
        "file",
        "%desc",
        "memory",
        "%%stat",
        "%fstat",
        "!%memory",
        "/^m",
        "%net,close",
        "!read",
    ],
)
def test_strace_selects_the_same(expression: str, tmp_path: Path) -> None:
    """Of what a real program calls, strace shows under -e exactly what the filter lets through."""

    def traced(*options: str) -> set[str]:
        log = tmp_path / "log"
        subprocess.run(["strace", "-o", log, *options, "ls", "/"], check=True, capture_output=True)
        return set(re.findall(r"^(\w+)\(", log.read_text(), re.MULTILINE))

    assert traced("-e", expression) == traced() & selected(expression)
