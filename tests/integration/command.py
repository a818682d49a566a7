"""Running the ``renacer`` command and real strace as a user would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

RENACER = (sys.executable, "-m", "renacer")
TIMEOUT_S = 60

Result = subprocess.CompletedProcess[str]


def run(words: Sequence[str], **options: object) -> Result:
    """A finished command with its text output; never raises on its exit status."""
    settings: dict[str, object] = {"capture_output": True, "text": True, "timeout": TIMEOUT_S}
    return subprocess.run(words, check=False, **(settings | options))  # type: ignore[call-overload,no-any-return]


def renacer(*arguments: str, env: Mapping[str, str] | None = None, **options: object) -> Result:
    """``renacer ARGUMENTS`` in an environment without the caller's OTEL_* and TRACEPARENT."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("OTEL_", "TRACEPARENT", "RENACER_"))
    }
    return run([*RENACER, *arguments], env=clean | dict(env or {}), **options)


_ROW = re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:(\d+) +)?(\w+)$", re.MULTILINE)


def counts(table: str) -> dict[str, tuple[int, int]]:
    """(calls, errors) per name from a ``-c`` table, strace's or ours."""
    rows = {name: (int(calls), int(errors or 0)) for calls, errors, name in _ROW.findall(table)}
    rows.pop("total", None)
    return rows


def strace_counts(
    command: Sequence[str], table: Path, cwd: Path | None = None
) -> dict[str, tuple[int, int]]:
    """The same from ``strace -f -c``, which writes its table to ``table``."""
    run(["strace", "-f", "-c", "-o", str(table), *command], cwd=cwd)
    return counts(table.read_text())
