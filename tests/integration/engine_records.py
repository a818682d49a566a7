"""Runs a program under an engine and reads its records as they are; reads strace's output alike."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cffi import FFI

from renacer._native import ffi, lib, string
from renacer.capture.engine import Engine, original_environment

ROOT = Path(__file__).resolve().parents[2]
TRACE_ID = (0x0123456789ABCDEF, 0xFEDCBA9876543210)
DECLARATION = re.compile(
    r"^(?:enum|struct|typedef struct)\b(?:[^\n]*\}|.*?^\})[^;{}]*;$", re.MULTILINE | re.DOTALL
)

# The structures of the headers that only C sees.
layout = FFI()
layout.cdef("typedef struct rnc_stream rnc_stream;")
for _header in ("record.h", "stream.h"):
    _text = (ROOT / "csrc" / "trace" / _header).read_text().replace("_Atomic ", "")
    layout.cdef("\n".join(DECLARATION.findall(_text)))
KIND = layout.typeof("enum rnc_kind").relements
FLAG = layout.typeof("enum rnc_syscall_flag").relements


@dataclass(frozen=True)
class Capture:
    """A piece of the program's memory: which argument, whether it is whole, the bytes."""

    arg: int
    status: int
    data: bytes


@dataclass(frozen=True)
class Record:
    """A record's head, its body's fields by name, and its payload."""

    kind: str
    start: int
    end: int
    span_id: int
    parent_id: int
    body: dict[str, Any]
    payload: bytes

    @property
    def pid(self) -> int:
        """The thread group it belongs to."""
        return int(self.body["pid"])

    @property
    def name(self) -> str:
        """The syscall's name, or its number where the tables have none."""
        row = self.body["row"]
        return str(self.body["number"]) if row == 0xFFFF else string(lib.rnc_syscall(row).name)

    @property
    def captures(self) -> list[Capture]:
        """A syscall's captures, in the order of the payload."""
        captures, at = [], 0
        while at < len(self.payload):
            head = layout.from_buffer("rnc_capture *", self.payload[at : at + 8])
            captures.append(
                Capture(head.arg, head.status, self.payload[at + 8 : at + 8 + head.size])
            )
            at += 8 + (head.size + 7) // 8 * 8
        return captures


BODIES = {
    KIND["RNC_PROCESS_START"]: "process",
    KIND["RNC_PROCESS_EXEC"]: "process",
    KIND["RNC_PROCESS_EXIT"]: "process",
    KIND["RNC_SYSCALL"]: "syscall",
    KIND["RNC_SIGNAL"]: "signal",
}
NAMES = {number: name.removeprefix("RNC_") for name, number in KIND.items()}


def _read(record: Any) -> Record:
    body = getattr(record, BODIES[record.kind])
    fields = {
        name: list(value) if name == "args" else value
        for name, _ in layout.typeof(body).fields
        for value in [getattr(body, name)]
    }
    payload = bytes(layout.buffer(layout.cast("char *", record + 1), record.payload_size))
    return Record(
        NAMES[record.kind],
        record.start,
        record.end,
        record.span_id,
        record.parent_id,
        fields,
        payload,
    )


def drain(stream: Any, *, whole: bool = True) -> list[Record]:
    """All records of a stream until it is closed and empty; when ``whole``, none was dropped."""
    own = layout.cast("rnc_stream *", int(ffi.cast("uintptr_t", stream)))
    records = []
    while True:
        closed = own.closed(own)
        record = own.peek(own)
        if record != layout.NULL:
            records.append(_read(record))
            own.release(own, record)
        elif closed:
            assert not whole or own.dropped(own) == 0
            return records
        else:
            own.wait(own, 100)


@dataclass
class Run:
    """What a run under an engine left behind."""

    pid: int
    wait_status: int
    records: list[Record] = field(repr=False)

    def of(self, kind: str) -> list[Record]:
        """The records of one kind."""
        return [record for record in self.records if record.kind == kind]

    def calls(self, name: str) -> list[Record]:
        """The calls of one syscall."""
        return [record for record in self.of("SYSCALL") if record.name == name]


def run(
    argv: Sequence[str | Path], *, environment: list[bytes] | None = None, **options: Any
) -> Run:
    """Run a program under the ptrace engine to its end; ``options`` are the Engine's."""
    words = [str(word) for word in argv]
    variables = original_environment() if environment is None else environment
    with Engine(words[0].encode(), words, variables, engine="ptrace", **options) as engine:
        engine.start()
        records = drain(engine.stream)
        assert engine.wait()
        return Run(engine.pid, engine.wait_status, records)


# ---- what both tracers saw, in one form --------------------------------------------------------

# Results that are process ids, and calls whose number depends on timing.
PID_RESULTS = {"clone", "clone3", "fork", "vfork", "wait4", "getpid", "gettid", "getppid",
               "set_tid_address"}  # fmt: skip
TIMING = {"futex", "restart_syscall", "rt_sigreturn", "clock_nanosleep", "madvise", "munmap"}
LARGEST_PLAIN_RESULT = 4096
# Whether SIGCHLD comes while its receiver waits or forks depends on timing too.
INTERRUPTED = {("wait4", "restart"), ("clone", "restart")}

Sequences = list[list[tuple[str, str]]]


def _result(name: str, value: int) -> str:
    plain = 0 <= value < LARGEST_PLAIN_RESULT and name not in PID_RESULTS
    return str(value) if plain else "ok"


def _outcome(record: Record) -> str:
    flags = record.body["flags"]
    if flags & FLAG["RNC_SYSCALL_UNFINISHED"]:
        return "?"
    if flags & FLAG["RNC_SYSCALL_RESTART"]:
        return "restart"
    if flags & FLAG["RNC_SYSCALL_FAILED"]:
        return f"errno {-record.body['result']}"
    return _result(record.name, record.body["result"])


def _settled(threads: Iterable[list[tuple[str, str]]]) -> Sequences:
    return sorted([call for call in calls if call not in INTERRUPTED] for calls in threads)


def engine_sequences(result: Run) -> Sequences:
    """Each thread's calls as (name, outcome) in order of their start."""
    threads = defaultdict(list)
    for record in sorted(result.of("SYSCALL"), key=lambda record: record.start):
        if record.name not in TIMING:
            threads[record.body["tid"]].append((record.name, _outcome(record)))
    return _settled(threads.values())


STRACE_LINE = re.compile(r"(\d+) +(?:\[[ 0-9a-zA-Z=]+\] )?(?:<\.\.\. )?(\w+)(\(| resumed>)(.*)")
STRACE_RESULT = re.compile(r"\) += (\?|0x[0-9a-f]+|-?\d+)( E\w+)?(?: \([^()]*\))?[^=]*$")


def _strace_outcome(name: str, value: str, error: str) -> str:
    if value == "?":
        return "restart" if "ERESTART" in error else "?"
    if error:
        return f"errno {getattr(errno, error.strip())}"
    return _result(name, int(value, 0))


def strace_sequences(argv: Sequence[str | Path], directory: Path) -> Sequences:
    """The same of a run under ``strace -f``."""
    output = directory / "strace.out"
    command = ["strace", "-f", "-qq", "-e", "signal=none", "-o", str(output), *map(str, argv)]
    # What the engine gives its program, too: without what this interpreter added for its locale.
    environment = dict(entry.split(b"=", 1) for entry in original_environment() if b"=" in entry)
    subprocess.run(command, close_fds=False, check=False, env=environment)
    threads: dict[str, list[tuple[str, str]]] = defaultdict(list)
    pending: dict[str, tuple[str, int]] = {}
    for line in output.read_text(errors="replace").splitlines():
        if not (match := STRACE_LINE.match(line)):
            continue
        tid, name, opening, rest = match.groups()
        if name in TIMING:
            continue
        if opening != "(":
            if tid not in pending or threads[pending[tid][0]][pending[tid][1]][0] != name:
                tid = next(t for t, (o, i) in pending.items() if threads[o][i][0] == name)
            owner, index = pending.pop(tid)
        else:
            owner, index = tid, len(threads[tid])
            threads[tid].append((name, "?"))
            pending[tid] = (owner, index)
        if result := STRACE_RESULT.search(rest):
            threads[owner][index] = (name, _strace_outcome(name, result[1], result[2] or ""))
            pending.pop(tid, None)
    return _settled(threads.values())


def exit_code(result: Run) -> int:
    """The program's exit status, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(result.wait_status)


def assert_whole(result: Run, *, parent: int = 0) -> None:
    """Every process has one start, one exit, and all its records between them."""
    open_processes = {}
    ended = []
    calls: Counter[int] = Counter()
    for record in result.records:
        if record.kind == "PROCESS_START":
            assert record.pid not in open_processes
            open_processes[record.pid] = record
            ticks = record.body["start_ticks"]
            own = lib.rnc_process_span_id(ffi.new("uint64_t[2]", TRACE_ID), record.pid, ticks)
            assert record.span_id == own
            is_root = record.pid == result.pid
            assert record.parent_id == (
                parent if is_root else open_processes[record.body["parent_pid"]].span_id
            )
            continue
        started = open_processes[record.pid]
        assert started.start <= record.start <= record.end
        if record.kind == "PROCESS_EXIT":
            assert record.body["calls"] == calls.pop(record.pid, 0)
            assert record.start == started.start
            ended.append((open_processes.pop(record.pid), record.end))
        elif record.kind in {"SYSCALL", "SIGNAL"}:
            assert record.parent_id == started.span_id
            calls[record.pid] += record.kind == "SYSCALL"
    assert not open_processes
    assert any(start.pid == result.pid for start, _ in ended)


def trace(*argv: str | Path, follow: bool = True, **options: object) -> Run:
    """Run under the engine, whole."""
    result = run(argv, follow=follow, trace_id=TRACE_ID, **options)
    assert_whole(result)
    return result
