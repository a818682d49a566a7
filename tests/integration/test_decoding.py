"""Decoded arguments, line by line against strace's."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.command import renacer

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here")

#: What differs from run to run, and what the two tools align differently.
_VARYING = [
    (r"0x[0-9a-f]{5,}", "ADDRESS"),
    (r"\) += ", ") = "),
    (r"htons\(\d+\)", "htons(PORT)"),
    (r"(tv_u?n?sec=)\d+", r"\1TIME"),
    (r"(st_[amc]time(_nsec)?=)-?\d+( /\*.*?\*/)?", r"\1TIME"),
    (r"(ru_\w+=)\d+", r"\1COUNT"),
    (r"^(fork|clone|wait4|set_tid_address|getpid)(.*) = \d+$", r"\1\2 = CHILD"),
    (r"^wait4\(\d+", "wait4(CHILD"),
    (r"^kill\(\d+", "kill(CHILD"),
    (r"si_pid=\d+", "si_pid=CHILD"),
]


def _calls(path: Path) -> list[str]:
    text = path.read_text()
    for pattern, name in _VARYING:
        text = re.sub(pattern, name, text, flags=re.MULTILINE)
    _, *lines = text.splitlines()  # the first execve has the test's own environment
    return [line for line in lines if not line.startswith(("---", "+++"))]


@needs_strace
@pytest.mark.parametrize("options", [[], ["-v"], ["-x"], ["-xx"], ["-s", "3"]], ids=" ".join)
def test_structures_are_shown_as_strace_shows_them(
    options: list[str], programs: Path, tmp_path: Path
) -> None:
    """Every line of a program full of structures is strace's own line."""
    program = str(programs / "structures")
    ours, theirs = tmp_path / "ours", tmp_path / "strace"
    quiet = ["-e", "trace=!brk,statx"] if "-v" in options else []
    renacer(*options, *quiet, "-o", str(ours), "--", program)
    subprocess.run(["strace", *options, *quiet, "-o", str(theirs), program], check=True)
    assert _calls(ours) == _calls(theirs)
