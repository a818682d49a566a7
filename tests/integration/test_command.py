"""The command as its user meets it: output, tables, exit statuses, bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.command import RENACER, Result, counts, renacer, run, strace_counts

PYTHON_WITH_THREADS = """
import subprocess, sys, threading
threads = [threading.Thread(target=sum, args=(range(10),)) for _ in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]
subprocess.run(["/bin/true"]); subprocess.run(["/bin/echo", "child"])
"""


# ---- the program stays its own ------------------------------------------------------------------


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_the_exit_status_is_the_programs(status: int) -> None:
    """A script that checks $? sees what it would see without us."""
    assert renacer("-c", "--", "sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_death_by_signal_is_repeated(number: signal.Signals) -> None:
    """A shell that waits for us sees the signal that killed the program."""
    result = renacer("-c", "--", "sh", "-c", f"kill -{number.value} $$")
    assert result.returncode == -number


def test_input_and_output_pass_through_untouched() -> None:
    """stdin reaches the program and its stdout and stderr hold nothing of ours."""
    result = renacer("-o", "/dev/null", "--", "sh", "-c", "cat; echo err >&2", input="one\ntwo\n")
    assert (result.stdout, result.stderr) == ("one\ntwo\n", "err\n")


def test_a_signal_to_the_tracer_reaches_the_program() -> None:
    """`kill` on the tracer's pid lets the program run its own handler."""
    script = 'trap "echo caught; exit 7" TERM; echo ready; while :; do sleep 0.05; done'
    with subprocess.Popen(
        [*RENACER, "-f", "-o", "/dev/null", "--", "sh", "-c", script],
        stdout=subprocess.PIPE, text=True,
    ) as tracer:  # fmt: skip
        assert tracer.stdout is not None
        assert tracer.stdout.readline() == "ready\n"
        tracer.terminate()
        assert tracer.stdout.read() == "caught\n"
    assert tracer.returncode == 7


def test_the_environment_is_untouched() -> None:
    """`env` prints the same with and without us, odd variables included."""
    odd = {"PATH": os.environ["PATH"], "ODD": "a=b\nc", "LANG": "C"}
    bare = run(["env"], env=odd).stdout
    assert run([*RENACER, "-o", "/dev/null", "--", "env"], env=odd | {}).stdout == bare


def shell(script: str, *arguments: str) -> Result:
    """A shell script in which "$@" is ``renacer ARGUMENTS``."""
    return run(["sh", "-c", script, "sh", *RENACER, *arguments])


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("options", [[], ["-c"], ["-o", "/dev/null", "-f"]], ids=" ".join)
def test_closed_standard_streams_stay_closed(closed: str, options: list[str]) -> None:
    """No file of ours takes the number of a closed stream, here or in the program."""
    probe = "for fd in 0 1 2; do [ -e /proc/self/fd/$fd ] && s=$s$fd; done; exit ${s:-9}"
    result = shell(f'"$@" {closed}', *options, "--", "sh", "-c", probe)
    expected = "".join(
        str(number) for number, redirection in enumerate(["<&-", ">&-", "2>&-"])
        if redirection not in closed.split()
    )  # fmt: skip
    assert result.returncode == int(expected or 9)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["backends"], ["doctor"]])
def test_a_page_that_cannot_be_written_is_one_line(words: list[str]) -> None:
    """`renacer --help >/dev/full` fails as other commands do, without a traceback."""
    result = shell('"$@" >/dev/full', *words)
    assert result.returncode == 125
    assert result.stderr == "renacer: [Errno 28] No space left on device\n"


def test_a_full_stderr_leaves_the_programs_status_alone() -> None:
    """Even the line that says so cannot be written; the program never notices."""
    assert shell('"$@" 2>/dev/full', "-d", "-C", "--", "sh", "-c", "exit 7").returncode == 7


def test_help_needs_no_utf8_locale() -> None:
    """In the C locale --help is the same page."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert renacer("--help", env=plain).stdout == renacer("--help").stdout


# ---- text ---------------------------------------------------------------------------------------


def test_lines_look_as_strace_prints_them(tmp_path: Path) -> None:
    """A reader of strace output finds the calls, their arguments and results, in strace's form."""
    path = tmp_path / "trace"
    renacer("-o", str(path), "--", "cat", "/nonexistent")
    lines = path.read_text().splitlines()
    assert lines[0].startswith('execve("/')
    failure = "= -1 ENOENT (No such file or directory)"
    assert f'openat(AT_FDCWD, "/nonexistent", O_RDONLY) {failure}' in lines
    assert lines[-1] == "+++ exited with 1 +++"


def test_dash_o_takes_the_trace_away_from_stderr(tmp_path: Path) -> None:
    """With -o the terminal shows the program only."""
    path = tmp_path / "trace"
    result = renacer("-T", "-o", str(path), "--", "true")
    assert result.stderr == ""
    assert re.search(r"^exit_group\(0\) += \?$", path.read_text(), re.MULTILINE)
    assert re.search(r"^close\(3\) += 0 <\d+\.\d{6}>$", path.read_text(), re.MULTILINE)


def test_only_wanted_calls_are_printed() -> None:
    """-e trace= leaves everything else out."""
    lines = renacer("-e", "trace=openat", "--", "true").stderr.splitlines()
    names = {line.split("(")[0] for line in lines if not line.startswith("+++")}
    assert names == {"openat"}


# ---- tables -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ["true"],
        ["sh", "-c", "echo a | cat | wc -c"],
        ["ls", "-R", "/usr/share/doc/bash"],
        ["sh", "-c", "for i in 1 2 3; do /bin/true; done; ls /nonexistent"],
    ],
    ids=["true", "pipeline", "ls", "children"],
)
def test_counts_equal_straces(command: list[str], tmp_path: Path) -> None:
    """Calls and errors per name are exactly strace -f -c's."""
    # What a SIGCHLD interrupts in the shell is a matter of timing, in their run as in ours.
    for _ in range(5):
        ours = counts(renacer("-f", "-c", "--", *command).stderr)
        theirs = strace_counts(command, tmp_path / "strace")
        if ours == theirs:
            break
    assert ours == theirs
    assert ours["execve"][0] >= 1


def test_without_follow_children_are_left_alone(tmp_path: Path) -> None:
    """Without -f only the program itself is counted, and its children still run."""
    result = renacer("-c", "--", "sh", "-c", "/bin/echo from the child; true")
    assert result.stdout == "from the child\n"
    assert counts(result.stderr)["execve"] == (1, 0)


def test_extended_statistics_are_consistent() -> None:
    """min ≤ P50 ≤ … ≤ P99 ≤ max and min ≤ mean ≤ max for every syscall."""
    result = renacer(
        "-f", "-c", "--stats-extended", "--", sys.executable, "-c", PYTHON_WITH_THREADS
    )
    assert result.returncode == 0
    latencies = result.stderr.split("latency in µs\n")[1].splitlines()[1:]
    assert len(latencies) == len(counts(result.stderr))
    for line in latencies:
        mean, _, low, *quantiles, high = map(float, line.split()[:-1])
        assert [low, *quantiles, high] == sorted([low, *quantiles, high])
        assert low <= mean <= high


def test_both_calls_and_table() -> None:
    """-C prints the calls and then the table."""
    text = renacer("-C", "--", "true").stderr
    assert text.index("execve(") < text.index("+++ exited") < text.index("% time")


# ---- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--bogus", "true"], 125, "unknown option --bogus: see renacer --help"),
        (["-e", "trace=opeanat", "true"], 125, "did you mean 'openat'?"),
        (["-e", "trace=/(/", "true"], 125, "/(/"),
        (["--", "no-such-program-here"], 127, "no-such-program-here: command not found"),
        (["--", "/no/such"], 127, "/no/such: No such file or directory"),
        (["--", "/etc/passwd"], 126, "/etc/passwd: Permission denied"),
        (["--", "/tmp"], 126, "/tmp: Is a directory"),
        (["-o", "/no/such/file", "true"], 125, "cannot write /no/such/file"),
        (["--trace-parent", "00-zz-1-1", "--otlp-file", "/dev/null", "true"], 125, "trace"),
        (["--otlp-file", "/no/such.jsonl", "true"], 125, "/no/such.jsonl"),
        (["--otlp-endpoint", "ftp://x", "true"], 125, "ftp://x"),
        (["--otlp-endpoint", "[::1]:1", "--otlp-header", "odd", "true"], 125, "--otlp-header odd"),
        (["--trace-compute-sample", "2", "true"], 125, "a rate is a number from 0 to 1"),
        (["--trace-compute-sample", "smu=0.5", "true"], 125, "smu"),
        ([], 125, "no command to trace"),
        (["-c", "-C", "true"], 125, "-c and -C exclude each other"),
        (["-e", "%file,!%memory", "true"], 125, "a ! stands before the whole list"),
        (["--", ""], 127, "'': command not found"),
        (["-E", "=x", "true"], 125, "a variable needs a name"),
        (["-s", "5000000000", "true"], 125, "-s 5000000000: must be from 0 to 2147483647"),
        (["--otlp-max-spans", "9" * 30, "true"], 125, "must be from 0 to"),
        (["--otlp-endpoint", "http://\udcff:1", "true"], 125, "it is not UTF-8"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)  # fmt: skip
def test_bad_input_is_one_clear_line(arguments: list[str], status: int, message: str) -> None:
    """One line says what is wrong, with a fitting exit status and never a traceback."""
    result = renacer(*arguments)
    assert result.returncode == status
    assert message in result.stderr
    assert result.stderr.startswith("renacer: ")
    assert result.stderr.count("\n") == 1


def test_a_backend_that_cannot_be_is_refused_loudly() -> None:
    """RENACER_BACKEND with a slip is refused before the program runs, never replaced."""
    result = renacer("-c", "--stats-extended", "echo", "ran", env={"RENACER_BACKEND": "avx9"})
    assert (result.returncode, result.stdout) == (125, "")
    assert "unknown backend 'avx9'" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
@pytest.mark.parametrize("seconds", ["abc", "-1", "0", "nan"])
def test_a_timeout_that_is_none_is_refused(seconds: str, protocol: str) -> None:
    """OTEL_EXPORTER_OTLP_TIMEOUT=abc is one line that names the variable, on both protocols."""
    result = renacer(
        "--otlp-endpoint", "http://127.0.0.1:1", "--otlp-protocol", protocol, "true",
        env={"OTEL_EXPORTER_OTLP_TIMEOUT": seconds},
    )  # fmt: skip
    message = f"OTEL_EXPORTER_OTLP_TIMEOUT={seconds} is not a positive number of seconds"
    assert (result.returncode, result.stderr) == (125, f"renacer: {message}\n")


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "abc"},
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "-3"},
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "9" * 20},
        {"OTEL_SERVICE_NAME": "caf\udce9"},
        {"OTEL_RESOURCE_ATTRIBUTES": "team=\udcff"},
        {"TRACEPARENT": "garbage"},
    ],
    ids=str,
)
def test_odd_variables_do_not_cost_the_trace(variables: dict[str, str], tmp_path: Path) -> None:
    """What OpenTelemetry says to ignore is ignored, and the trace is written."""
    path = tmp_path / "trace.jsonl"
    result = renacer("--otlp-file", str(path), "true", env=variables)
    assert (result.returncode, result.stderr) == (0, "")
    (line,) = path.read_text(encoding="utf-8").splitlines()
    assert "process: true" in line


def test_a_value_limit_holds_for_syscalls(tmp_path: Path) -> None:
    """OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT goes before the general limit, here too."""
    path = tmp_path / "trace.jsonl"
    limits = {
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "7",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "3",
    }
    renacer("-e", "openat", "--otlp-file", str(path), "cat", "/nonexistent", env=limits)
    spans = json.loads(path.read_text())["resourceSpans"][0]["scopeSpans"][0]["spans"]
    texts = [
        attribute["value"]["stringValue"]
        for span in spans
        for attribute in span["attributes"]
        if "stringValue" in attribute["value"]
    ]
    assert "AT_FDCW" in texts
    assert max(map(len, texts)) == 7


def test_an_unsampled_parent_means_no_export_and_no_text(tmp_path: Path) -> None:
    """What a run prints does not depend on whether somebody sampled its trace."""
    path = tmp_path / "trace.jsonl"
    parent = "00-11111111111111111111111111111111-2222222222222222-00"
    for variables in ({"TRACEPARENT": parent}, {"OTEL_TRACES_SAMPLER": "always_off"}):
        result = renacer("--otlp-file", str(path), "true", env=variables)
        assert (result.returncode, result.stderr, path.exists()) == (0, "", False)


def test_a_program_without_interpreter_line_is_126(tmp_path: Path) -> None:
    """A script with no #! fails to exec as it does under strace."""
    script = tmp_path / "script"
    script.write_text("echo hi\n")
    script.chmod(0o755)
    result = renacer("--", str(script))
    assert result.returncode == 126
    assert "Exec format error" in result.stderr


def test_a_refused_endpoint_costs_the_program_nothing() -> None:
    """The program runs to its own end, one line counts what was not delivered, and we exit soon."""
    begin = time.monotonic()
    result = renacer("--otlp-endpoint", "http://127.0.0.1:1", "--", "sh", "-c", "echo out; exit 3")
    assert time.monotonic() - begin < 15
    assert (result.returncode, result.stdout) == (3, "out\n")
    assert re.search(r"^renacer: [\d ,]+ spans could not be delivered", result.stderr)
    assert result.stderr.count("\n") == 1


def test_a_silent_endpoint_does_not_hold_us() -> None:
    """A receiver that accepts and never answers is given up within ten seconds of the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        begin = time.monotonic()
        result = renacer("--otlp-endpoint", f"http://127.0.0.1:{server.getsockname()[1]}", "true")
    assert time.monotonic() - begin < 15
    assert result.returncode == 0
    assert "could not be delivered" in result.stderr


def test_an_impatient_user_can_end_the_waiting() -> None:
    """Ctrl-C while a silent receiver is waited for ends us as it ends any command."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        with subprocess.Popen(
            [*RENACER, "--otlp-endpoint", endpoint, "--", "echo", "traced"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as tracer:  # fmt: skip
            assert tracer.stdout is not None
            assert tracer.stderr is not None
            assert tracer.stdout.readline() == "traced\n"
            while tracer.poll() is None:
                tracer.send_signal(signal.SIGINT)
                time.sleep(0.1)
            assert tracer.stderr.read() == ""
    assert tracer.returncode == -signal.SIGINT


# ---- start-up -----------------------------------------------------------------------------------


def test_nothing_of_opentelemetry_is_imported_without_a_sink() -> None:
    """A run that exports nothing pays nothing for export."""
    result = run([sys.executable, "-X", "importtime", "-m", "renacer", "-o", "/dev/null", "true"])
    assert "renacer.capture.session" in result.stderr
    assert "opentelemetry" not in result.stderr
    assert "grpc" not in result.stderr


def test_helper_commands_and_programs_of_their_name() -> None:
    """`renacer doctor` is a helper; `renacer -- doctor` would trace a program."""
    assert "ptrace" in renacer("doctor").stdout
    assert "Scalar" in renacer("backends").stdout
    assert renacer("--", "doctor").returncode == 127
    assert renacer("doctor", "x").returncode == 125
