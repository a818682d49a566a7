"""What tracing costs a program: start-up, and each syscall, against strace in the same run."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benches.tables import table

CALLS = 20_000
ROUNDS = 5
RENACER = (sys.executable, "-m", "renacer")
LOOP = f"""
#include <unistd.h>
#include <sys/syscall.h>
int main(void) {{ for (int i = 0; i < {CALLS}; i++) syscall(SYS_getppid); return 0; }}
"""


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        print(per_syscall(Path(folder)))
    print(start_up())


def per_syscall(folder: Path) -> str:
    """µs added to a getppid call, as medians over interleaved rounds."""
    loop = folder / "loop"
    subprocess.run(["cc", "-O2", "-x", "c", "-", "-o", loop], input=LOOP.encode(), check=True)
    tracers: dict[str, list[str]] = {
        "untraced": [],
        "renacer -c": [*RENACER, "-f", "-c", "-o", "/dev/null", "--"],
        "renacer (text)": [*RENACER, "-f", "-o", "/dev/null", "--"],
        "renacer (spans to a file)": [*RENACER, "-f", "--otlp-file", "/dev/null", "--otlp-max-spans", "0", "--"],
    }
    if shutil.which("strace"):
        tracers["strace -f"] = ["strace", "-f", "-o", "/dev/null", "--"]
        tracers["strace -f -c"] = ["strace", "-f", "-c", "-o", "/dev/null", "--"]
    # The same with a loop of no calls, to leave start-up out.
    timed = _rounds({name: lambda words=words: _run([*words, str(loop)]) for name, words in tracers.items()})
    start = _rounds({name: lambda words=words: _run([*words, "true"]) for name, words in tracers.items()})
    cost = {name: (timed[name] - start[name]) / CALLS * 1e6 for name in tracers}
    added = {name: cost[name] - cost["untraced"] for name in tracers}
    reference = added.get("strace -f")
    rows = [
        (
            name,
            f"{cost[name]:.2f}",
            f"{added[name]:.2f}",
            f"{reference / added[name]:.2f}x" if reference and name != "untraced" else "",
        )
        for name in tracers
    ]
    return table(
        f"Cost of a syscall ({CALLS} getppid calls, median of {ROUNDS} interleaved runs)",
        ("tracer", "µs a call", "µs added", "strace -f / this"),
        rows,
    )


def start_up() -> str:
    """ms from start to end of `true`."""
    commands: dict[str, Sequence[str]] = {
        "true": ["true"],
        "renacer -- true": [*RENACER, "-o", "/dev/null", "--", "true"],
        "renacer -c -- true": [*RENACER, "-c", "-o", "/dev/null", "--", "true"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    if shutil.which("strace"):
        commands["strace true"] = ["strace", "-o", "/dev/null", "true"]
    seconds = _rounds({name: lambda words=words: _run(words) for name, words in commands.items()})
    rows = [
        (name, f"{value * 1e3:.1f}", f"{(value - seconds['true']) * 1e3:.1f}")
        for name, value in seconds.items()
    ]
    return table("Start-up", ("command", "ms", "ms over true"), rows)


def _rounds(jobs: dict[str, Callable[[], float]]) -> dict[str, float]:
    results: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            results[name].append(job())
    return {name: statistics.median(values) for name, values in results.items()}


def _run(words: Sequence[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=os.environ)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
