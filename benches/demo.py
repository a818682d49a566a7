"""`make demo`: a compiler run under trace, sent to a real receiver, read back and checked."""

import ctypes
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.integration.command import RENACER, strace_counts
from tests.integration.receiver import Receiver, Span

PROGRAM = """
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
"""
ADDR_NO_RANDOMIZE = 0x0040000  # <linux/personality.h>
SYSCALL, COMPUTE = "syscall: ", "trueno: "


# With -save-temps no name is random, so the calls are the same in every run.
COMMAND = ["cc", "-O1", "-save-temps", "-o", "hello", "hello.c"]


def main() -> int:
    """Run the demo; 0 if every check holds."""
    # Where the heap begins decides how often it grows: without randomisation, runs are alike.
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver:
        flags = [
            "--trace-compute",
            "-c",
            "--stats-extended",
            "-f",
            "--otlp-endpoint",
            receiver.grpc,
        ]
        print("$ renacer", *flags, "--", *COMMAND, flush=True)
        status = subprocess.run(
            [*RENACER, *flags, "--", *COMMAND], cwd=project(folder, "traced"), check=False
        ).returncode
        spans = receiver.settle()
        print("\nRead back from the receiver:\n")
        print("\n".join(tree(spans)))
        reference = strace_counts(COMMAND, Path(folder) / "calls", cwd=project(folder, "strace"))
        checks = list(verify(spans, reference))
    print()
    for passed, text in checks:
        print("ok  " if passed else "FAIL", text)
    return 0 if status == 0 and all(passed for passed, _ in checks) else 1


def project(folder: str, name: str) -> Path:
    """A fresh folder with the program to compile."""
    path = Path(folder) / name
    path.mkdir()
    (path / "hello.c").write_text(PROGRAM)
    return path


def tree(spans: Sequence[Span]) -> Iterator[str]:
    """The process tree, its syscalls by name and its compute operations by backend."""
    known = {span.span_id for span in spans}
    roots = [span for span in spans if span.parent_id not in known]
    for root in roots:
        yield from branch(root, spans)


def branch(span: Span, spans: Sequence[Span], stem: str = "", bar: str = "") -> Iterator[str]:
    """One span, then what is below it; ``stem`` leads its own line, ``bar`` those below."""
    yield line(stem + span.name, span.end - span.start)
    children = sorted((s for s in spans if s.parent_id == span.span_id), key=lambda s: s.start)
    leaves = [child for child in children if child.name.startswith((SYSCALL, COMPUTE))]
    groups = list(grouped(leaves, 6 if span.name.startswith("process") else len(leaves)))
    branches = [child for child in children if child not in leaves]
    for place, below in enumerate([*groups, *branches], 1):
        last = place == len(groups) + len(branches)
        joint, further = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(below, Span):
            yield from branch(below, spans, bar + joint, bar + further)
        else:
            yield line(bar + joint + below[0], below[1])


def grouped(spans: Sequence[Span], most: int) -> Iterator[tuple[str, int]]:
    """Label and total time per kind of span: the ``most`` longest kinds, then the rest as one."""
    totals: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for span in spans:
        backend = span.attributes.get("compute.backend", "")
        label = f"{span.name}  {backend}".rstrip()
        totals[label] += 1
        times[label] += span.end - span.start
    ranked = times.most_common()
    for label, time in ranked[:most]:
        yield f"{label}  {totals[label]}x", time
    if rest := ranked[most:]:
        calls = sum(totals[label] for label, _ in rest)
        yield f"… {calls} more calls of {len(rest)} names", sum(time for _, time in rest)


def line(text: str, nanoseconds: int) -> str:
    """A label and its time in µs, in columns."""
    return f"{text:<64}{nanoseconds / 1e3:>12,.1f} µs"


def verify(
    spans: Sequence[Span], reference: dict[str, tuple[int, int]]
) -> Iterator[tuple[bool, str]]:
    """What must be true of the trace, each with its figure."""
    by_id = {span.span_id: span for span in spans}
    traces = {span.trace_id for span in spans}
    yield len(traces) == 1, f"{len(traces)} trace id for {len(spans)} spans"
    yield len(by_id) == len(spans), "every span id is its own"
    orphans = [s for s in spans if s.parent_id and s.parent_id not in by_id]
    yield not orphans, f"{len(orphans)} orphans"
    roots = [s.name for s in spans if not s.parent_id]
    yield len(roots) == 1, f"the one root is {', '.join(roots)}"
    empty = [s for s in spans if s.end <= s.start]
    yield not empty, f"{len(empty)} spans without duration"
    calls = [s for s in spans if s.name.startswith(SYSCALL)]
    outside = [s for s in calls if not inside(s, by_id[s.parent_id])]
    yield not outside, f"{len(outside)} of {len(calls)} syscalls outside their process's time"
    counted = Counter(
        s.attributes["syscall.name"] for s in calls if s.attributes["syscall.result"] != "?"
    )
    theirs = {name: count for name, (count, _) in reference.items()}
    differing = {
        name: (counted[name], theirs.get(name, 0))
        for name in counted.keys() | theirs.keys()
        if counted[name] != theirs.get(name, 0)
    }
    text = f"{counted.total()} calls that returned, by name, equal strace's"
    yield not differing, f"{text}: {differing}" if differing else text
    stamped = {s.attributes["compute.backend"] for s in spans if s.name.startswith(COMPUTE)}
    yield bool(stamped), f"backends stamped by the kernels: {', '.join(sorted(stamped))}"


def inside(child: Span, parent: Span) -> bool:
    """Whether a span lies within its parent's time."""
    return parent.start <= child.start and child.end <= parent.end


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    sys.exit(main())
