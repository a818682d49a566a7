"""A real OTLP receiver for tests and scripts: the rotel agent, and every span it received.

    with Receiver() as receiver:
        ...                                  # export to receiver.grpc or receiver.http
        spans = receiver.wait(100)

The agent is a native program that embeds CPython 3.11 for its span processor. It does not care
which Python runs the tests, only that the ``rotel`` package is installed and libpython3.11.so.1.0
is on the machine (Debian: the package libpython3.11). Where it cannot run, a receiver on the
official OTLP servicer stands in. Without pytest, so that scripts can use it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROCESSOR = Path(__file__).with_name("receiver_processor.py")
SERVICER = Path(__file__).with_name("receiver_servicer.py")
OUTPUT_VARIABLE = "RENACER_RECEIVED_SPANS"


@dataclass(frozen=True)
class Event:
    """A span event as received."""

    name: str
    time: int
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Span:
    """A span as received; ids are hex text ("" for none), times ns since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start: int
    end: int
    attributes: dict[str, Any]
    events: list[Event]
    status: int  # 0 unset, 1 OK, 2 ERROR
    message: str
    dropped_events: int
    flags: int
    scope: str
    resource: dict[str, Any] = field(repr=False)


def _agent() -> Path | None:
    """The rotel agent, if it is there and runs."""
    spec = importlib.util.find_spec("rotel")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / "rotel-agent"
    if not path.exists():
        return None
    run = subprocess.run([path, "--version"], capture_output=True, check=False)
    return path if run.returncode == 0 else None


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Receiver:
    """Runs the agent on two free loopback ports while its ``with`` block lasts.

    With ``record`` false spans are taken and forgotten, at the agent's full speed.
    """

    def __init__(self, record: bool = True) -> None:
        self._record = record
        self._folder = tempfile.TemporaryDirectory(prefix="renacer-receiver-")
        self._output = Path(self._folder.name) / "spans.jsonl"
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0
        self._spans: list[Span] = []
        self.grpc_port = 0
        self.http_port = 0

    @property
    def grpc(self) -> str:
        """The endpoint for protocol ``grpc``."""
        return f"http://127.0.0.1:{self.grpc_port}"

    @property
    def http(self) -> str:
        """The endpoint for protocol ``http/protobuf``."""
        return f"http://127.0.0.1:{self.http_port}"

    def endpoint(self, protocol: str) -> str:
        """The endpoint for ``grpc`` or ``http/protobuf``."""
        return self.grpc if protocol == "grpc" else self.http

    def __enter__(self) -> Receiver:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        """Start the agent and wait until it listens; raises RuntimeError with its own words."""
        self.grpc_port = self.grpc_port or free_port()
        self.http_port = self.http_port or free_port()
        log = Path(self._folder.name) / "log"
        command = self._command()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROTEL_", "PYTHON"))}
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                command,
                env={**kept, OUTPUT_VARIABLE: str(self._output)},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        deadline = time.monotonic() + 20
        while not (_listens(self.grpc_port) and _listens(self.http_port)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the receiver did not start: {log.read_text()[-2000:]}")
            time.sleep(0.02)

    def _command(self) -> list[str]:
        agent = _agent()
        if agent is None:
            return [sys.executable, str(SERVICER), str(self.grpc_port), str(self.http_port)]
        command = [
            str(agent),
            "start",
            "--exporter=blackhole",
            f"--pid-file={Path(self._folder.name) / 'pid'}",
            f"--otlp-grpc-endpoint=127.0.0.1:{self.grpc_port}",
            f"--otlp-http-endpoint=127.0.0.1:{self.http_port}",
        ]
        if self._record:
            command.append(f"--otlp-with-trace-processor={PROCESSOR}")
        return command

    def kill(self) -> None:
        """End the agent at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End the agent."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def spans(self) -> list[Span]:
        """Every span received so far, in order of arrival."""
        if self._output.exists():
            with self._output.open("rb") as stream:
                stream.seek(self._read)
                for line in stream:
                    if not line.endswith(b"\n"):
                        break
                    self._read += len(line)
                    self._spans.extend(_parse(json.loads(line)))
        return list(self._spans)

    def wait(self, count: int, timeout_s: float = 20.0) -> list[Span]:
        """The spans once there are ``count``; after ``timeout_s`` those that came."""
        deadline = time.monotonic() + timeout_s
        while len(spans := self.spans()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return spans

    def settle(self, quiet_s: float = 0.5, timeout_s: float = 20.0) -> list[Span]:
        """The spans once none has come for ``quiet_s``."""
        deadline = time.monotonic() + timeout_s
        count, since = -1, time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - since < quiet_s:
            if (now := len(self.spans())) != count:
                count, since = now, time.monotonic()
            time.sleep(0.02)
        return self.spans()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _parse(message: dict[str, Any]) -> list[Span]:
    if "error" in message:
        raise RuntimeError(f"the span processor failed: {message['error']}")
    spans = []
    for span in message["spans"]:
        events = [Event(**event) for event in span.pop("events")]
        spans.append(
            Span(**span, events=events, scope=message["scope"], resource=message["resource"])
        )
    return spans
