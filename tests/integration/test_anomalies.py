"""Anomalies of real programs: found while they run, on their spans, and traced."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from renacer.analysis.trace_file import read_spans
from tests.integration.command import RENACER, renacer

# Sixty short sleeps, a long one, and then the end of standard input is waited for.
PROGRAM = """
import os, sys, time
for _ in range(60): time.sleep(0.001)
time.sleep(0.4)
os.write(1, b"slept\\n")
sys.stdin.read()
"""
LINE = re.compile(
    r"^\[anomaly\] (Low|Medium|High) ([+-][\d.]+). clock_nanosleep took ([\d.]+) µs; "
    r"the (\d+) calls before: mean ([\d.]+), stddev ([\d.]+) µs \(pid \d+\)$"
)


def test_a_planted_anomaly_is_printed_while_the_program_runs() -> None:
    """The line is there before the program has ended, with figures that fit together."""
    command = [*RENACER, "--anomaly-realtime", "-c", "--", sys.executable, "-c", PROGRAM]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin is not None
        assert run.stderr is not None
        for line in run.stderr:
            match = LINE.match(line.rstrip())
            if match and float(match[3]) > 400_000:
                break
        else:
            pytest.fail("the long sleep was not reported while the program waited")
        assert run.poll() is None
        run.stdin.close()
        rest = run.stderr.read()
    distance, duration, mean, stddev = (float(match[group]) for group in (2, 3, 5, 6))
    assert distance == pytest.approx((duration - mean) / stddev, rel=0.02)
    assert match[4] == "60"
    assert re.search(r"^\d+ anomalies in \d+ calls judged: ", rest, re.MULTILINE)
    assert re.search(r"^High +\+[\d.]+ +4\d{5}\.\d+ .* clock_nanosleep$", rest, re.MULTILINE)


def test_anomalies_are_events_of_spans_and_detection_is_traced(tmp_path: Path) -> None:
    """The call's span carries the finding; the kernels' operations hang under detect_anomalies."""
    path = tmp_path / "trace.jsonl"
    run = renacer("--anomaly-realtime", "--trace-compute-all", "--otlp-file", str(path),
                  "--", sys.executable, "-c", PROGRAM, stdin=subprocess.DEVNULL)  # fmt: skip
    assert run.returncode == 0, run.stderr
    spans = list(read_spans([str(path)], pytest.fail))
    (slept,) = [s for s in spans if s.syscall == "clock_nanosleep" and s.duration > 400_000_000]
    (event,) = slept.events
    assert event.name == "anomaly"
    assert event.time == slept.end
    found = event.attributes
    assert found["anomaly.severity"] == "High"
    assert found["anomaly.samples"] == 60
    assert found["anomaly.zscore"] == pytest.approx(
        (slept.duration / 1e3 - found["anomaly.mean_us"]) / found["anomaly.stddev_us"], rel=1e-9
    )
    (detection,) = [s for s in spans if s.name == "compute: detect_anomalies"]
    children = Counter(s.name for s in spans if s.parent_id == detection.span_id)
    judged = int(children.pop("trueno: Vector::zscore"))
    assert children == {"trueno: Vector::mean": 1, "trueno: Vector::stddev": 1}
    assert judged + 2 >= 10
    root = next(s for s in spans if s.span_id == detection.parent_id)
    assert root.name.startswith("process: ")


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--anomaly-threshold", "0", "must be a number of standard deviations, above 0"),
        ("--anomaly-threshold", "nan", "must be a number of standard deviations, above 0"),
        ("--anomaly-window-size", "9", "must be from 10 to 65536"),
        ("--anomaly-window-size", "1e3", "must be a number"),
    ],
)
def test_a_bad_value_is_one_line(option: str, value: str, reason: str) -> None:
    """A value out of range names the option and the range, and nothing runs."""
    run = renacer("--anomaly-realtime", option, value, "--", "echo", "ran")
    assert (run.returncode, run.stdout) == (125, "")
    assert run.stderr == f"renacer: {option} {value}: {reason}\n"
