"""What every exporter is to those who feed it."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Exporter"]


class Exporter(Protocol):
    """Takes encoded spans, at most about 1 MiB at a time; OpenTelemetry is imported by making one.

    Spans that come to nothing are counted, never raised. All times are in seconds.
    """

    @property
    def format(self) -> int:
        """Which encoding :meth:`submit` takes: lib.RNC_OTLP_PROTO or lib.RNC_OTLP_JSON."""

    @property
    def target(self) -> str:
        """Where the spans go, for a message: a URL, a path, a name."""

    @property
    def last_error(self) -> str:
        """One sentence about the last failure; "" when there was none."""

    def submit(self, spans: bytes, count: int, /) -> None:
        """Take ``count`` encoded spans."""

    def force_flush(self, timeout: float, /) -> bool:
        """Wait up to ``timeout``; True only if nothing since the last flush was lost."""

    def shutdown(self, timeout: float, /) -> bool:
        """Finish within ``timeout``; True only if nothing was lost."""

    def stats(self) -> dict[str, Any]:
        """Counts that add up, see :class:`renacer.export.outcome.Ledger`."""
