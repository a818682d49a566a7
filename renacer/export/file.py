"""Spans into a file, in the two forms the OpenTelemetry Collector's file exporter writes."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from renacer._descriptors import create, write_all
from renacer._native import lib
from renacer.errors import ExportError
from renacer.export.outcome import Ledger, Outcome
from renacer.export.resource import Frame, create_resource
from renacer.export.transport import INSTALL_HINT

__all__ = ["FileExporter"]


class FileExporter:
    """Writes TracesData messages to ``path``, which is replaced.

    ``.jsonl``: one OTLP/JSON object a line. Anything else: protobuf, each message after its length
    as 4 bytes, big-endian. What could not be written is counted, and the file is cut back to its
    last whole message. A forked child writes nothing and counts what it drops. Raises ExportError
    when the path cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        service_name: str | None = None,
        resource_attributes: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = Path(path)
        self.format: int = lib.RNC_OTLP_JSON if self.path.suffix == ".jsonl" else lib.RNC_OTLP_PROTO
        try:
            self._frame = Frame(create_resource(service_name, resource_attributes))
        except ImportError as error:
            raise ExportError(f"cannot write OTLP files: {INSTALL_HINT} ({error})") from None
        try:
            self._file = create(self.path)
        except OSError as error:
            raise ExportError(f"cannot write {self.path}: {error.strerror}") from None
        self._whole = 0  # bytes of whole messages
        self._closed = ""
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._ledger = Ledger()
        self._lost_at_flush = 0

    def _leave_parents_state(self) -> None:
        # A forked child shares the file's offset, and cannot tell where its parent's messages end.
        if self._pid != os.getpid():
            self._reset()
            self._closed = self._closed or "the file is that of the parent of this forked process"

    @property
    def target(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def last_error(self) -> str:
        """One sentence about the last failure; "" when there was none."""
        return self._ledger.last_error

    def submit(self, spans: bytes, count: int) -> None:
        """Write ``count`` encoded spans in this exporter's ``format``."""
        self._leave_parents_state()
        with self._lock:
            self._ledger.produced += count
            self._ledger.settle(count, self._write(spans))

    def _write(self, spans: bytes) -> Outcome:
        if self._closed:
            return Outcome(reason=self._closed)
        if self.format == lib.RNC_OTLP_JSON:
            message = self._frame.json(spans)
        else:
            request = self._frame.proto(spans)
            message = len(request).to_bytes(4, "big") + request
        try:
            write_all(self._file, message)
        except OSError as error:
            self._cut_back()
            reason = error.strerror or str(error)
            return Outcome(reason=reason, detail=f"cannot write {self.path}: {reason}")
        self._whole += len(message)
        return Outcome()

    def _cut_back(self) -> None:
        try:
            os.ftruncate(self._file, self._whole)
            os.lseek(self._file, self._whole, os.SEEK_SET)
        except OSError:
            pass  # a pipe or device has no length to cut

    def force_flush(self, timeout_s: float = 0.0) -> bool:
        """True if all that was submitted since the last flush stands in the file."""
        self._leave_parents_state()
        with self._lock:
            lost, self._lost_at_flush = self._ledger.lost - self._lost_at_flush, self._ledger.lost
            return lost == 0

    def shutdown(self, timeout_s: float = 0.0) -> bool:
        """Close the file; True if nothing was lost. Idempotent."""
        self._leave_parents_state()
        with self._lock:
            if not self._closed:
                self._closed = "exporter is shut down"
                try:
                    os.close(self._file)
                except OSError as error:
                    self._ledger.last_error = f"cannot write {self.path}: {error.strerror}"
                    return False
            return self._ledger.lost == 0

    def stats(self) -> dict[str, Any]:
        """Exact counts, see :meth:`renacer.export.outcome.Ledger.stats`."""
        self._leave_parents_state()
        with self._lock:
            return self._ledger.stats()
