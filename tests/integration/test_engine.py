"""The ptrace engine on real programs, one per trap of ptrace, against strace and a bare run."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from renacer.capture.engine import (
    Engine,
    original_environment,
)
from tests.integration.engine_records import (
    TRACE_ID,
    Sequences,
    assert_whole,
    engine_sequences,
    exit_code,
    run,
    strace_sequences,
    trace,
)


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
