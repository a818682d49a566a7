"""The ptrace engine on real programs, one per trap of ptrace, against strace and a bare run."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import time
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
    Run,
    Sequences,
    drain,
    engine_sequences,
    run,
    strace_sequences,
)

PROGRAMS = Path(__file__).parent / "programs"
TRACE_ID = (0x0123456789ABCDEF, 0xFEDCBA9876543210)
WHOLE, CUT, FAULT = 0, 1, 2


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with every program of programs/, compiled."""
    directory = tmp_path_factory.mktemp("programs")
    for source in PROGRAMS.glob("*.c"):
        command = ["cc", "-O1", "-pthread", "-o", str(directory / source.stem), str(source)]
        subprocess.run(command, check=True)
    return directory


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


def children_of_this_process() -> str:
    """The pids of this process's children, those of every thread."""
    tasks = Path("/proc/self/task").glob("*/children")
    return "".join(task.read_text() for task in tasks)


# ---- the same calls as strace ------------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    ["fork", "vfork", "threads", "handler", "stop", "restart", "exec_thread", "abi", "tracer"],
)
def test_calls_equal_strace(programs: Path, tmp_path: Path, program: str) -> None:
    """Each thread makes the same calls with the same outcomes as under strace."""
    path = programs / program
    assert engine_sequences(trace(path)) == strace_sequences([path], tmp_path)


def settled(threads: Sequences) -> Sequences:
    """Without the calls whose number depends on which program of a pipeline is ahead."""
    varying = {"read", "wait4", "fadvise64"}
    return [[call for call in calls if call[0] not in varying] for calls in threads]


def test_shell_pipeline_equals_strace(tmp_path: Path) -> None:
    """A pipeline of a shell with four programs shows the same calls as under strace."""
    command = ["/bin/sh", "-c", "echo one two | /bin/cat | /usr/bin/tr a-z A-Z >/dev/null; exit 5"]
    result = trace(*command)
    assert exit_code(result) == 5
    expected = strace_sequences(command, tmp_path)
    assert settled(engine_sequences(result)) == settled(expected)


# ---- processes and threads ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "expected"),
    [("fork", 6), ("vfork", 0), ("threads", 0), ("exec_thread", 7), ("exec_race", 9),
     ("handler", 5), ("stop", 7), ("restart", 0), ("storm", 0), ("starve", 0), ("blocked", 6),
     ("tracer", 5)],
)  # fmt: skip
@pytest.mark.parametrize("attempt", range(3))
def test_program_ends_as_it_would(
    programs: Path, program: str, expected: int, attempt: int
) -> None:
    """Each trap leaves the program's own result alone, however the stops are interleaved."""
    assert exit_code(trace(programs / program)) == expected
    assert children_of_this_process() == ""


@pytest.mark.parametrize(
    "program", ["fork", "threads", "exec_thread", "exec_race", "stop", "tracer", "orphan"]
)
def test_without_follow_only_the_first_thread_is_seen(programs: Path, program: str) -> None:
    """Children and threads run on untraced, and the program ends as it would."""
    bare = subprocess.run([programs / program], check=False, stdout=subprocess.DEVNULL)
    result = trace(programs / program, follow=False)
    assert exit_code(result) == bare.returncode
    assert {record.pid for record in result.records} == {result.pid}


def test_thread_calls_belong_to_their_process(programs: Path) -> None:
    """Every thread's calls carry the process's pid and the thread's own tid."""
    result = trace(programs / "threads")
    counts = Counter(record.body["tid"] for record in result.calls("getppid"))
    assert sorted(counts.values()) == [10, 20, 30, 40]
    assert {record.pid for record in result.records} == {result.pid}
    assert len(result.of("PROCESS_START")) == 1


def test_exec_from_a_thread_keeps_the_process(programs: Path) -> None:
    """The new image belongs to the same process, and its calls to the process's own tid."""
    result = trace(programs / "exec_thread")
    first, second = result.of("PROCESS_EXEC")
    assert first.pid == second.pid == result.pid
    assert second.body["tid"] != result.pid
    path = str(programs / "exec_thread").encode()
    assert second.payload == b"\0".join([path, path, b"again"])
    assert {record.body["tid"] for record in result.calls("getppid")} == {result.pid}
    outcomes = [(record.body["result"], record.body["flags"]) for record in result.calls("execve")]
    assert outcomes == [(0, 0)] * 2


def test_calls_that_never_return_end_with_their_task(programs: Path) -> None:
    """A read that exit_group cuts short is recorded as unfinished, inside its process."""
    result = trace(programs / "blocked")
    unfinished = sorted(record.name for record in result.of("SYSCALL") if record.body["flags"] & 2)
    assert unfinished == ["exit_group", "read"]


def test_fork_storm_is_complete(programs: Path) -> None:
    """Two hundred children at once: each has its start, its one call and its exit status."""
    result = trace(programs / "storm")
    assert len(result.of("PROCESS_START")) == 201
    assert len(result.calls("getppid")) == 200
    statuses = Counter(record.body["wait_status"] >> 8 for record in result.of("PROCESS_EXIT"))
    assert statuses == Counter([i & 127 for i in range(200)] + [0])


def test_children_name_their_parent(programs: Path) -> None:
    """A child's span hangs from its parent's, and the root's from the given parent span."""
    result = run([programs / "fork"], follow=True, trace_id=TRACE_ID, parent_span_id=77)
    assert_whole(result, parent=77)
    root, *children = result.of("PROCESS_START")
    assert root.body["parent_pid"] == os.getpid()
    assert [child.body["parent_pid"] for child in children] == [result.pid] * 3


def test_untraced_orphan_lives_on(programs: Path, tmp_path: Path) -> None:
    """A child left behind without -f still does its work after the engine's end."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[2]); from engine_records import run;"
        "run([sys.argv[1]], follow=False)"
    )
    command = [sys.executable, "-c", script, str(programs / "orphan"), str(Path(__file__).parent)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60)
    assert done.stdout == b"alive\n"


def test_other_children_of_this_process_are_left_alone() -> None:
    """A child that somebody else in this process started keeps its exit status for them."""
    with subprocess.Popen(["/bin/sh", "-c", "exit 42"]) as other:
        trace("/bin/sh", "-c", "sleep 0.2")
        assert other.wait() == 42


# ---- signals and the end -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGRTMAX]
)
def test_death_by_signal(programs: Path, number: int) -> None:
    """The wait status tells the signal, and all but SIGKILL are seen on their way."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    result = trace(programs / "die", str(int(number)))
    assert exit_code(result) == -number
    seen = [record.body["signal"] for record in result.of("SIGNAL")]
    assert seen == ([] if number == signal.SIGKILL else [number])


def test_signal_details(programs: Path) -> None:
    """A fault carries its address, a kill its sender, SIGCHLD the child's status."""
    (fault,) = trace(programs / "die", "11").of("SIGNAL")
    assert fault.body["address"] == 8
    killed = trace(programs / "handler")
    assert {record.body["sender_pid"] for record in killed.of("SIGNAL")} == {killed.pid}
    statuses = [record.body["status"] for record in trace(programs / "fork").of("SIGNAL")]
    assert statuses == [1, 2, 3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGQUIT])
def test_leaving_by_the_programs_signal(number: int, tmp_path: Path) -> None:
    """Our own process can end by the same signal, even one it ignores, without a core file."""
    script = (
        "import signal, sys; from renacer._native import lib; number = int(sys.argv[1]);"
        "number == signal.SIGKILL or signal.signal(number, signal.SIG_IGN);"
        "lib.rnc_die_by(number)"
    )
    command = [sys.executable, "-c", script, str(int(number))]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == -number
    assert list(tmp_path.iterdir()) == []


def test_group_stop_is_noted(programs: Path) -> None:
    """A stopped program stays stopped until SIGCONT, and both are in the records in order."""
    result = trace(programs / "stop")
    child = result.of("PROCESS_START")[1].pid
    seen = [
        (record.body["signal"], record.body["stopped"])
        for record in result.of("SIGNAL")
        if record.pid == child
    ]
    assert seen == [(signal.SIGSTOP, 0), (signal.SIGSTOP, 1), (signal.SIGCONT, 0)]


def test_interrupted_reads_are_restarts(programs: Path) -> None:
    """Interrupted reads are told from failed ones: the kernel decides after the call's end."""
    interrupted, restarted, last = trace(programs / "restart").calls("read")[-3:]
    assert [r.body["flags"] for r in (interrupted, restarted, last)] == [4, 0, 4]
    assert interrupted.body["result"] == last.body["result"] == -512
    assert restarted.body["result"] == 1


def test_forwarded_signal_reaches_the_program() -> None:
    """A signal sent through the engine ends the program; afterwards it hits nobody."""
    with Engine(b"/bin/sleep", ["sleep", "60"], original_environment()) as engine:
        engine.start()
        engine.forward_signal(signal.SIGTERM)
        assert engine.wait(timeout=30)
        assert os.waitstatus_to_exitcode(engine.wait_status) == -signal.SIGTERM
        engine.forward_signal(signal.SIGTERM)


def test_a_signal_before_the_start_is_not_lost() -> None:
    """A TERM that arrives while the program is being started still ends it."""
    with Engine(b"/bin/sleep", ["sleep", "60"], original_environment()) as engine:
        engine.forward_signal(signal.SIGTERM)
        engine.start()
        assert engine.wait(20)
        assert os.WTERMSIG(engine.wait_status) == signal.SIGTERM


def test_death_of_the_tracer_leaves_the_program_running(tmp_path: Path) -> None:
    """A program whose tracer is killed goes on by itself."""
    mark = tmp_path / "mark"
    script = (
        "import sys, os; sys.path.insert(0, sys.argv[2]); from engine_records import run;"
        "run(['/bin/sh', '-c', 'echo $$; sleep 0.5; echo done >' + sys.argv[1]], follow=True)"
    )
    command = [sys.executable, "-c", script, str(mark), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tracer:
        assert tracer.stdout is not None
        tracer.stdout.readline()
        tracer.kill()
    deadline = time.monotonic() + 30
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert mark.read_text() == "done\n"


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
