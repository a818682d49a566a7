"""Where spans go: an OTLP receiver, a file, or any OpenTelemetry SDK exporter.

All exporters share one interface: ``format`` (enum rnc_otlp_format of the bytes they take),
``submit(spans, count)``, ``force_flush(seconds)``, ``shutdown(seconds)``, ``stats()`` and
``last_error``. OpenTelemetry is imported when an exporter is made, not before.
"""

from __future__ import annotations

from typing import Any, Protocol

from renacer.export.entries import ComputeOperation, Decision, SyscallEntry
from renacer.export.file import FileExporter
from renacer.export.otlp import OtlpExporter, exporter_from_environment
from renacer.export.sdk import SdkBridge

__all__ = [
    "ComputeOperation",
    "Decision",
    "Exporter",
    "FileExporter",
    "OtlpExporter",
    "SdkBridge",
    "SyscallEntry",
    "exporter_from_environment",
]


class Exporter(Protocol):
    """What the pump's side needs of an exporter."""

    @property
    def format(self) -> int:
        """Which encoding :meth:`submit` takes: lib.RNC_OTLP_PROTO or lib.RNC_OTLP_JSON."""

    @property
    def last_error(self) -> str:
        """One sentence about the last failure; "" when there was none."""

    def submit(self, spans: bytes, count: int, /) -> None:
        """Take ``count`` encoded spans."""

    def force_flush(self, timeout: float, /) -> bool:
        """Wait up to ``timeout`` seconds; True only if nothing since the last flush was lost."""

    def shutdown(self, timeout: float, /) -> bool:
        """Finish within ``timeout`` seconds; True only if nothing was lost."""

    def stats(self) -> dict[str, Any]:
        """produced = exported + rejected + dropped (by reason) + unconfirmed + pending."""
