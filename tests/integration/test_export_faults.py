"""Delivery to receivers that fail: nothing is lost silently, nothing is counted twice."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from renacer import ComputeTracer, ComputeTracerConfig, Vector
from renacer.export.entries import SyscallEntry
from renacer.export.manual import ManualSpans
from renacer.export.otlp import OtlpExporter
from renacer.export.spool import listed
from tests.integration.command import renacer
from tests.integration.faulty_receiver import (
    Fault,
    FaultyReceiver,
    Partial,
    Refuse,
    Take,
    Throttle,
    cutting_proxy,
    raw_server,
)
from tests.integration.receiver import Receiver, free_port

EVERYTHING = ComputeTracerConfig(max_spans_per_second=None)
PROTOCOLS = ["grpc", "http/protobuf"]


def submit(exporter: OtlpExporter, *counts: int) -> None:
    """Submit one batch of each size."""
    manual = ManualSpans()
    for count in counts:
        for number in range(count):
            manual.syscall(SyscallEntry("getpid", result=number))
        exporter.submit(*manual.take())


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what must come; the test's own time limit ends it."""
    while not condition():
        time.sleep(0.01)


def assert_adds_up(stats: dict[str, Any]) -> None:
    """The ledger's promise."""
    parts = ("exported", "rejected", "spooled", "unconfirmed", "pending")
    accounted = sum(stats[part] for part in parts) + sum(stats["dropped"].values())
    assert stats["produced"] == accounted


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_counts_are_the_receivers_own(protocol: str) -> None:
    """Of batches taken, taken in part and refused at random, both sides count the same."""
    fate = random.Random(4)
    with FaultyReceiver(protocol) as receiver:
        exporter = OtlpExporter(receiver.endpoint, protocol)
        kinds: list[Fault] = [Take(0.002), Partial(2), Refuse()]
        receiver.script(*(fate.choice(kinds) for _ in range(80)))
        submit(exporter, *(fate.randrange(3, 40) for _ in range(80)))
        exporter.shutdown(30.0)
        stats = exporter.stats()
        assert_adds_up(stats)
        partial = [request for request in receiver.requests if isinstance(request.fault, Partial)]
        assert len(partial) > 10
        assert stats["rejected"] == 2 * len(partial)
        taken = len(receiver.span_ids(Take, Partial)) - stats["rejected"]
        assert stats["exported"] == taken
        assert list(stats["dropped"].values()) == [len(receiver.span_ids(Refuse))]
        everything = receiver.span_ids(Take, Partial, Refuse)
    assert len(everything) == len(set(everything)) == stats["produced"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_throttling_receiver_is_given_its_time(protocol: str) -> None:
    """What a receiver asks for later comes no sooner than it said, and nothing is lost."""
    with FaultyReceiver(protocol) as receiver:
        receiver.script(Throttle(2))
        exporter = OtlpExporter(receiver.endpoint, protocol)
        submit(exporter, 7)
        assert exporter.shutdown(15.0)
        first, second = receiver.requests
    assert second.time - first.time >= 1.9
    assert first.span_ids == second.span_ids
    assert exporter.stats()["exported"] == 7


@pytest.mark.parametrize(("protocol", "most"), [("grpc", 4), ("http/protobuf", 2)])
def test_calls_at_a_time_are_bounded(protocol: str, most: int) -> None:
    """A slow receiver gets several calls at a time once it has confirmed one, never more."""
    with FaultyReceiver(protocol) as receiver:
        receiver.script(*[Take(0.05)] * 16)
        exporter = OtlpExporter(receiver.endpoint, protocol)
        submit(exporter, *[3] * 16)
        assert exporter.shutdown(15.0)
        assert 2 <= receiver.most_at_once <= most
    assert exporter.stats()["exported"] == 48


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_batch_variables_hold(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_BSP_*: batches, how long they wait, the queue and the time to deliver are as said."""
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_BSP_EXPORT_TIMEOUT", "700")
    with FaultyReceiver(protocol) as receiver:
        exporter = OtlpExporter(receiver.endpoint, protocol)
        with ComputeTracer(exporter, EVERYTHING) as tracer:
            vector = Vector([1.0, 2.0])
            for _ in range(25):
                vector.sum()
            # No flush: the delay alone brings them.
            wait_until(lambda: sum(len(request.span_ids) for request in receiver.requests) == 25)
            assert tracer.force_flush(5.0)
        assert max(len(request.span_ids) for request in receiver.requests) == 10
        exporter.shutdown(5.0)

        monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "15")
        slow = Take(3.0)
        receiver.script(slow)
        exporter = OtlpExporter(receiver.endpoint, protocol)
        submit(exporter, 10)
        wait_until(lambda: receiver.requests[-1].fault is slow)
        submit(exporter, 10, 10)
        assert not exporter.force_flush(5.0)
    stats = exporter.stats()
    assert_adds_up(stats)
    assert stats["dropped"]["export queue full"] == 10
    assert stats["unconfirmed"] == 10
    assert stats["pending"] == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_garbage_for_an_answer(protocol: str, tmp_path: Path) -> None:
    """A peer that speaks no OTLP costs the allowed time at most, and its batches are kept."""

    def babble(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"\x00\xffnot a protocol\r\n\r\n" * 10)

    with raw_server(babble) as port:
        exporter = OtlpExporter(f"http://127.0.0.1:{port}", protocol, spool=tmp_path / "spool")
        submit(exporter, 5, 6)
        begin = time.monotonic()
        assert not exporter.shutdown(2.0)
        assert time.monotonic() - begin < 10
    stats = exporter.stats()
    assert_adds_up(stats)
    assert (stats["produced"], stats["spooled"]) == (11, 11)
    assert exporter.last_error


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_connection_cut_in_the_middle(receiver: Receiver, protocol: str) -> None:
    """A batch whose connection breaks half way is sent again, and every span arrives."""
    port = receiver.grpc_port if protocol == "grpc" else receiver.http_port
    with cutting_proxy(port, after_bytes=60_000) as proxy:
        exporter = OtlpExporter(f"http://127.0.0.1:{proxy}", protocol)
        submit(exporter, 1000, 1000)
        assert exporter.shutdown(20.0)
    stats = exporter.stats()
    assert_adds_up(stats)
    assert stats["exported"] == 2000
    assert len({span.span_id for span in receiver.wait(2000)}) == 2000


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_was_spooled_is_replayed(receiver: Receiver, protocol: str, tmp_path: Path) -> None:
    """Spans a dead receiver missed stand on disk, and arrive by `renacer replay`, once."""
    spool = tmp_path / "new" / "spool"
    port = free_port()
    exporter = OtlpExporter(f"http://127.0.0.1:{port}", protocol, spool=spool, service_name="kept")
    submit(exporter, 3, 4, 5)
    assert not exporter.shutdown(2.0)
    stats = exporter.stats()
    assert_adds_up(stats)
    assert (stats["produced"], stats["spooled"], stats["dropped"]) == (12, 12, {})
    assert len(listed(spool)) == 3

    flags = ("--otlp-endpoint", receiver.endpoint(protocol), "--otlp-protocol", protocol)
    result = renacer("replay", str(spool), *flags)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("12 spans delivered to ")
    spans = receiver.wait(12)
    assert len({span.span_id for span in spans}) == len(spans) == 12
    assert {span.resource["service.name"] for span in spans} == {"kept"}
    assert list(spool.iterdir()) == []
    assert renacer("replay", str(spool), *flags).stdout.startswith("0 spans delivered")


def test_replay_keeps_what_is_not_confirmed(tmp_path: Path) -> None:
    """Refused batches stay and are said so; later ones are tried; a dead receiver ends it."""
    exporter = OtlpExporter(f"http://127.0.0.1:{free_port()}", spool=tmp_path)
    submit(exporter, 4, 4, 4)
    exporter.shutdown(2.0)
    with FaultyReceiver("grpc") as receiver:
        receiver.script(Take(), Refuse(), Partial(2))
        result = renacer("replay", str(tmp_path), "--otlp-endpoint", receiver.endpoint)
        endpoint = receiver.endpoint
    assert result.returncode == 1
    assert result.stdout == f"6 spans delivered to {endpoint}\n"
    rejected, kept = result.stderr.splitlines()
    assert rejected.startswith("renacer: 2 spans rejected by the receiver")
    assert kept.startswith(f"renacer: 4 spans stay in {tmp_path}: ")
    assert len(listed(tmp_path)) == 1

    (tmp_path / "note.txt").write_text("mine")
    whole = listed(tmp_path)[0].read_bytes()
    (tmp_path / "1-cut.otlp").write_bytes(whole[:-1])
    (tmp_path / "2-junk.otlp").write_bytes(b"\x00\x00\x00\x05hello")
    (tmp_path / "3-empty.otlp").touch()
    (tmp_path / "4-folder.otlp").mkdir()
    before = sorted(tmp_path.iterdir())
    result = renacer("replay", "--otlp-endpoint", endpoint, str(tmp_path))
    assert result.returncode == 1
    assert f"4 spans stay in {tmp_path}: connection refused" in result.stderr
    assert "4 files" in result.stderr
    assert "1-cut.otlp, 2-junk.otlp, 3-empty.otlp, …" in result.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "name one directory"),
        (["a", "b"], "name one directory"),
        (["/nonexistent"], "cannot replay /nonexistent: No such file or directory"),
        (["/dev/null"], "cannot replay /dev/null: Not a directory"),
        (["--otlp-endpoin"], "--otlp-endpoin"),
        ([".", "--otlp-endpoint", "ftp://x"], "the scheme must be http or https"),
        ([".", "--otlp-header", "x"], "a header is NAME=VALUE"),
    ],
)
def test_bad_replays_say_one_line(words: list[str], complaint: str) -> None:
    """A wrong word costs one line and status 125."""
    result = renacer("replay", *words)
    assert result.returncode == 125
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_command_spools_and_says_how_to_go_on(tmp_path: Path) -> None:
    """A run without its receiver names the spool; its program notices nothing."""
    spool = tmp_path / "spool"
    endpoint = f"http://127.0.0.1:{free_port()}"
    result = renacer(
        "--otlp-endpoint",
        endpoint,
        "--otlp-spool",
        str(spool),
        "--",
        "sh",
        "-c",
        "echo out; exit 3",
    )
    assert (result.returncode, result.stdout) == (3, "out\n")
    lost, hint = result.stderr.splitlines()
    produced = lost.split()[1]
    assert lost.endswith(f"(of {produced} produced, {produced} spooled)")
    assert hint.endswith(f"{produced} spans are in {spool}: send them with renacer replay {spool}")
    assert len(listed(spool)) == 1


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--otlp-spool", "/tmp", "--otlp-file", "/dev/null"], "--otlp-spool"),
        (["--otlp-spool", "/tmp"], "--otlp-spool needs a receiver"),
        (["--otlp-endpoint", "x:1", "--otlp-spool", "/dev/null/x"], "cannot spool to /dev/null/x"),
    ],
)
def test_a_spool_that_cannot_be_is_refused_at_once(flags: list[str], complaint: str) -> None:
    """The program does not even start."""
    result = renacer(*flags, "--", "echo", "ran")
    assert (result.returncode, result.stdout) == (125, "")
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_receiver_that_goes_away_prints_nothing_of_its_own() -> None:
    """What gRPC logs of a connection that breaks under a call stays off the program's terminal."""
    with FaultyReceiver("grpc") as receiver:
        receiver.script(Take(3.0))
        command = [sys.executable, "-m", "renacer", "--otlp-endpoint", receiver.endpoint, "-f"]
        script = "echo one >&2; sleep 1.5; ls / >/dev/null; sleep 1; echo [$GRPC_VERBOSITY] >&2"
        with subprocess.Popen(
            [*command, "--", "sh", "-c", script],
            stderr=subprocess.PIPE,
            text=True,
        ) as tracer:
            wait_until(lambda: bool(receiver.requests) or tracer.poll() is not None)
            receiver.close()
            assert tracer.stderr is not None
            lines = tracer.stderr.read().splitlines()
    assert lines[:-1] == ["one", "[]"]
    assert "spans could not be delivered" in lines[-1]
