"""Undelivered batches in a directory, and their delivery later.

A batch is one file, ``<time>-<pid>-<number>.otlp``: an ExportTraceServiceRequest in protobuf after
its length as 4 bytes, big-endian. It is written under a hidden name, synced and renamed, so that a
file of that name is whole or, after a power cut, shorter than its length says.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from renacer._descriptors import create, write_all
from renacer.errors import ExportError
from renacer.export.outcome import Ledger

if TYPE_CHECKING:
    from renacer.export.transport import Transport

__all__ = ["Replay", "Spool", "listed", "replay"]

_SUFFIX = ".otlp"
_LENGTH_BYTES = 4
MAX_BYTES = 1 << 30
MAX_FILES = 10_000


class Spool:
    """Keeps framed requests in ``directory``, up to ``max_bytes`` and ``max_files`` of them there.

    Holds no lock and no descriptor, so a forked child goes on with it. Raises ExportError when the
    directory cannot be made or written.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        max_bytes: int = MAX_BYTES,
        max_files: int = MAX_FILES,
    ) -> None:
        self.directory = Path(directory)
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._numbers = itertools.count()
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ExportError(f"cannot spool to {directory}: {error.strerror}") from None
        if not os.access(self.directory, os.W_OK | os.X_OK):
            raise ExportError(f"cannot spool to {directory}: Permission denied")

    def keep(self, request: bytes) -> str:
        """Write one batch; "" when it stands on disk, else why it does not."""
        try:
            if self._full(len(request) + _LENGTH_BYTES):
                return f"the spool {self.directory} is full"
            self._write(request)
        except OSError as error:
            return f"cannot spool to {self.directory}: {error.strerror}"
        return ""

    def _full(self, size: int) -> bool:
        sizes = [path.stat().st_size for path in _batches(self.directory)]
        return len(sizes) >= self._max_files or sum(sizes) + size > self._max_bytes

    def _write(self, request: bytes) -> None:
        name = f"{time.time_ns():020}-{os.getpid()}-{next(self._numbers)}{_SUFFIX}"
        hidden = self.directory / f".{name}"
        descriptor = create(hidden)
        try:
            try:
                os.fchmod(descriptor, 0o600)  # arguments of calls may be secrets
                write_all(descriptor, len(request).to_bytes(_LENGTH_BYTES, "big") + request)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            hidden.rename(self.directory / name)
        except OSError:
            hidden.unlink(missing_ok=True)
            raise


@dataclass
class Replay:
    """What became of a spool's batches: ``ledger`` counts spans, the lists name files left."""

    ledger: Ledger = field(default_factory=Ledger)
    delivered: int = 0
    kept: list[Path] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)


def replay(paths: Iterable[Path], transport: Transport) -> Replay:
    """Send the batches in ``paths`` in this order, and remove what was confirmed.

    A batch that is refused, or is no whole batch, stays, and the next one is tried; where there is
    no answer at all, the rest stays untried.
    """
    result = Replay()
    answering = True
    for path in paths:
        try:
            request, count = _read(path)
        except ValueError:
            result.damaged.append(path)
            continue
        result.ledger.produced += count
        if not answering:
            result.kept.append(path)
            continue
        outcome = transport.send(request, count)
        result.ledger.settle(count, outcome)
        if outcome.failed:
            result.kept.append(path)
            answering = outcome.refused
        else:
            path.unlink(missing_ok=True)
            result.delivered += 1
    return result


def listed(directory: str | os.PathLike[str]) -> list[Path]:
    """The batches in ``directory``, oldest first; raises ExportError when it cannot be read."""
    try:
        return sorted(_batches(Path(directory)))
    except OSError as error:
        raise ExportError(f"cannot replay {os.fspath(directory)}: {error.strerror}") from None


def _batches(directory: Path) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.suffix == _SUFFIX and not path.name.startswith("."):
            yield path


def _read(path: Path) -> tuple[bytes, int]:
    """The request in ``path`` and its number of spans; ValueError when it is no whole batch."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        data = path.read_bytes()
        size, request = int.from_bytes(data[:_LENGTH_BYTES], "big"), data[_LENGTH_BYTES:]
        if size == 0 or size != len(request):
            raise ValueError(path)
        message = ExportTraceServiceRequest.FromString(request)
    except (DecodeError, OSError) as error:
        raise ValueError(path) from error
    return request, sum(
        len(scope.spans) for resource in message.resource_spans for scope in resource.scope_spans
    )
