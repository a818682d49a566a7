"""What a program under the engine inherits, what is recorded of it, and what cannot be run."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from renacer._native import ffi, lib
from renacer.capture.engine import (
    Engine,
    choose_engine,
    original_environment,
    probe_engine,
    resolve_program,
)
from renacer.errors import CaptureError, UsageError
from tests.integration.engine_records import (
    TRACE_ID,
    assert_whole,
    drain,
    run,
    trace,
)

WHOLE, CUT, FAULT = 0, 1, 2


# ---- what the program inherits -----------------------------------------------------------------


def state_run(programs: Path, prefix: str, follow: str) -> bytes:
    """What state.c prints when run as a child of a shell set up by ``prefix``, traced or bare."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[2]); from engine_records import run;"
        "run([sys.argv[1], 'a b', ''], follow=True)"
    )
    bare = f"exec {programs / 'state'} 'a b' ''"
    traced = f'exec {sys.executable} -c "{script}" {programs / "state"} {Path(__file__).parent}'
    command = ["/bin/bash", "-c", f"{prefix}; {traced if follow else bare}"]
    environment = {
        "PATH": "/bin:/usr/bin",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "LC_ALL": "",
        "X": "1=2\n3",
    }
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    # Bash marks its own descriptors and the command that it ran last.
    lines = [
        line for line in done.stdout.split(b"\n") if not line.startswith((b"env _=", b"arg /"))
    ]
    return b"\n".join(lines)


@pytest.mark.parametrize(
    "prefix",
    [
        ":",
        "exec 7</dev/null 9>>/dev/zero",
        "trap '' INT QUIT HUP USR1",
        "ulimit -n 300; ulimit -s 4096; umask 077; cd /usr",
    ],
)
def test_program_inherits_what_it_would(programs: Path, prefix: str) -> None:
    """Descriptors, signals, environment, limits and directory equal those of a bare run."""
    bare = state_run(programs, prefix, "")
    traced = state_run(programs, prefix, "traced")
    strip = re.compile(rb"pipe:\[\d+\]")
    assert strip.sub(b"pipe", traced) == strip.sub(b"pipe", bare)
    assert bare.count(b"env ") >= 3


def test_traceparent_names_the_program_itself() -> None:
    """The span id in the program's TRACEPARENT is that of its own process span."""
    header = f"{TRACE_ID[0]:016x}{TRACE_ID[1]:016x}"
    environment = [b"A=1", f"TRACEPARENT=00-{header}-{'0' * 16}-01".encode(), b"PATH=/bin"]
    for expected in (True, False):
        result = run(
            ["/bin/sh", "-c", "echo $TRACEPARENT >/dev/null"],
            environment=environment,
            trace_id=TRACE_ID,
            fill_traceparent=expected,
        )
        (root,) = result.of("PROCESS_START")
        assert_whole(result)
        written = next(record for record in result.calls("write")).captures[0].data
        span = root.span_id if expected else 0
        assert written == f"00-{header}-{span:016x}-01"[: len(written)].encode()


# ---- records -----------------------------------------------------------------------------------


def test_captures_of_paths_and_strings(tmp_path: Path) -> None:
    """Paths are whole, strings cut at the limit, and an unreadable address says so."""
    path = tmp_path / ("p" * 200)
    result = trace("/bin/sh", "-c", f"echo 0123456789 > {path}", string_limit=4)
    opened = [c.data for r in result.calls("openat") for c in r.captures]
    assert str(path).encode() in opened
    (written,) = [record.captures for record in result.calls("write")]
    assert [(capture.status, capture.data) for capture in written] == [(CUT, b"0123")]
    script = "import ctypes; libc = ctypes.CDLL(None); libc.syscall(2, ctypes.c_void_p(8), 0, 0)"
    if os.uname().machine == "x86_64":
        (bad,) = trace(sys.executable, "-c", script).calls("open")[-1].captures
        assert (bad.status, bad.data) == (FAULT, b"")


def test_call_number_minus_one_keeps_its_abi() -> None:
    """The number -1 is the program's own ABI's, though it has the bit that marks x32 calls."""
    script = "import ctypes; ctypes.CDLL(None).syscall(ctypes.c_long(-1), 7)"
    calls = trace(sys.executable, "-S", "-c", script).of("SYSCALL")
    (odd,) = [record for record in calls if record.body["number"] == -1]
    assert odd.body["abi"] == calls[0].body["abi"]


def test_unwanted_calls_are_counted_not_recorded(programs: Path) -> None:
    """Only wanted calls become records, and the process still knows how many there were."""
    rows = 0
    while lib.rnc_syscall(rows) != ffi.NULL:
        rows += 1
    names = [ffi.string(lib.rnc_syscall(row).name) for row in range(rows)]
    wanted = bytes(name == b"getppid" for name in names)
    result = run([programs / "loop", "50"], wanted=wanted)
    assert [record.name for record in result.of("SYSCALL")] == ["getppid"] * 50
    everything = trace(programs / "loop", "50")
    (ended,) = result.of("PROCESS_EXIT")
    assert ended.body["calls"] == len(everything.of("SYSCALL"))


def test_durations_are_those_of_the_calls() -> None:
    """A sleep's call lasts as long as the sleep, within its process."""
    (slept,) = trace("/bin/sleep", "0.2").calls("clock_nanosleep")
    assert 0.2e9 <= slept.end - slept.start < 5e9


def test_a_late_reader_loses_nothing(programs: Path) -> None:
    """With nobody reading, records wait in memory and then on disk."""
    program = str(programs / "loop")
    with Engine(
        program.encode(), [program, "30000"], original_environment(), memory_budget=1 << 20
    ) as engine:
        engine.start()
        assert engine.wait()
        names = Counter(r.name for r in drain(engine.stream) if r.kind == "SYSCALL")
    assert names["getppid"] == 30000


def test_records_without_room_are_counted(programs: Path) -> None:
    """What neither memory nor disk takes is counted exactly, and the program runs on to its end."""
    program = str(programs / "loop")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Engine(
        program.encode(), [program, "30000"], original_environment(), memory_budget=1 << 20
    ) as engine:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            engine.start()
            assert engine.wait()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        kept = len(drain(engine.stream, whole=False))
        dropped = engine.dropped
    everything = trace(program, "30000").records
    assert dropped > 0
    assert kept + dropped == len(everything)


# ---- programs that cannot be run, engines that cannot be had -----------------------------------


@pytest.fixture
def odd_files(tmp_path: Path) -> Path:
    """A directory with files that cannot be executed, each for its own reason."""
    (tmp_path / "plain").write_text("no")
    (tmp_path / "noformat").write_text("no")
    (tmp_path / "noformat").chmod(0o755)
    (tmp_path / "badscript").write_text("#!/nowhere/at/all\n")
    (tmp_path / "badscript").chmod(0o755)
    (tmp_path / "directory").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [("plain", 126), ("directory", 127), ("./directory", 126), ("missing", 127), ("", 127),
     ("./missing", 127), ("./plain", 126), ("plain/below", 127)],
)  # fmt: skip
def test_resolving_fails_as_in_a_shell(
    odd_files: Path, monkeypatch: pytest.MonkeyPatch, name: str, expected: int
) -> None:
    """A program that is not there gives 127, one that cannot be executed 126."""
    monkeypatch.chdir(odd_files)
    with pytest.raises(CaptureError) as caught:
        resolve_program(name, f"{odd_files}:/nowhere")
    assert caught.value.exit_status == expected


def test_resolving_skips_what_cannot_run(odd_files: Path, tmp_path: Path) -> None:
    """A later directory of PATH wins over an earlier file that is not executable."""
    later = tmp_path / "later"
    later.mkdir()
    (later / "plain").symlink_to("/bin/true")
    assert resolve_program("plain", f"{odd_files}:{later}") == str(later / "plain").encode()


@pytest.mark.parametrize("name", ["noformat", "badscript"])
def test_failed_exec_is_told(odd_files: Path, name: str) -> None:
    """What only execve can find out ends in 126 with the kernel's reason."""
    with pytest.raises(CaptureError, match=r"Exec format error|No such file") as caught:
        run([odd_files / name])
    assert caught.value.exit_status == 126


def test_engines_are_chosen_by_name() -> None:
    """auto takes one that works; unknown and unbuilt ones are refused in one sentence."""
    assert probe_engine(0) == ""
    assert choose_engine("auto").name == "ptrace"
    with pytest.raises(UsageError, match="unknown engine 'dtrace'"):
        choose_engine("dtrace")
    with pytest.raises(CaptureError, match="not built"):
        choose_engine("ebpf")


def test_a_second_tracer_is_named() -> None:
    """Under another tracer the probe says who stands in the way."""
    script = "from renacer.capture.engine import probe_engine; print(probe_engine(0))"
    done = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "-e", "trace=none", sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    assert b"already traces" in done.stdout
