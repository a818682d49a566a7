"""Batches on disk: bounds, form, and what a failing disk does to the counts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from renacer.errors import ExportError
from renacer.export.outcome import Outcome
from renacer.export.resource import Frame, create_resource
from renacer.export.sender import Sender
from renacer.export.spool import Spool, listed, replay
from renacer.export.transport import Transport


class Counting(Transport):
    """Takes what it is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, request: bytes, count: int) -> Outcome:
        """See the class."""
        self.sent.append(request)
        return Outcome()

    def interrupt(self) -> None:
        """Nothing runs."""


def request() -> bytes:
    """A request without spans."""
    return Frame(create_resource()).proto(b"")


def test_batches_come_back_in_order_and_private(tmp_path: Path) -> None:
    """Every batch is one file of its own that only its owner can read; replay empties them."""
    spool = Spool(tmp_path / "a" / "b")
    written = [Frame(create_resource(f"service {number}")).proto(b"") for number in range(12)]
    assert [spool.keep(batch) for batch in written] == [""] * 12
    files = listed(spool.directory)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    size = int.from_bytes(files[0].read_bytes()[:4], "big")
    assert ExportTraceServiceRequest.FromString(files[0].read_bytes()[4:]).resource_spans
    assert size == len(written[0])
    transport = Counting()
    assert replay(files, transport).delivered == 12
    assert transport.sent == written
    assert os.listdir(spool.directory) == []


def test_a_full_spool_keeps_no_more(tmp_path: Path) -> None:
    """Bytes and files are bounded by what stands in the directory, whoever wrote it."""
    batch = request()
    by_files = Spool(tmp_path, max_files=2)
    assert [bool(by_files.keep(batch)) for _ in range(3)] == [False, False, True]
    by_bytes = Spool(tmp_path, max_bytes=3 * (len(batch) + 4))
    assert by_bytes.keep(batch) == ""
    assert by_bytes.keep(batch) == f"the spool {tmp_path} is full"
    assert len(os.listdir(tmp_path)) == 3


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    """The path and the reason are in the error."""
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match=r"cannot spool to .*file/x: Not a directory"):
        Spool(tmp_path / "file" / "x")
    with pytest.raises(ExportError, match="File exists"):
        Spool(tmp_path / "file")


def test_a_spool_that_vanished_is_told(tmp_path: Path) -> None:
    """What can no longer be written is said, never raised."""
    spool = Spool(tmp_path / "spool")
    spool.directory.rmdir()
    assert spool.keep(request()).endswith("No such file or directory")


def test_only_what_was_kept_counts_as_spooled() -> None:
    """A batch the spool did not take stays under the reason it was not delivered for."""
    kept = iter([True, False])

    def keep(spans: bytes, count: int, outcome: Outcome) -> Outcome:
        spooled = next(kept)
        return Outcome(reason=outcome.reason, unconfirmed=outcome.unconfirmed, spooled=spooled)

    failure = Outcome(reason="no answer", unconfirmed=True)
    sender = Sender(lambda spans, count: failure, lambda: None, keep=keep)
    sender.submit(b"x", 3)
    sender.submit(b"y", 4)
    assert not sender.force_flush(10.0)
    stats = sender.stats()
    assert (stats["spooled"], stats["unconfirmed"], stats["dropped"]) == (3, 4, {})
    assert stats["pending"] == 0
    assert not sender.shutdown(1.0)
