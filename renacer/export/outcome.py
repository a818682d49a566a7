"""What became of spans: the outcome of one delivery, and the ledger that adds outcomes up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

__all__ = ["Ledger", "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """How one delivery ended.

    ``rejected`` counts spans of a delivery the receiver otherwise took. A failed delivery has a
    ``reason``; it is ``unconfirmed`` when the receiver may have taken it without saying so, and
    ``spooled`` when it was kept on disk to be sent later. ``refused``: the receiver said no.
    """

    rejected: int = 0
    reason: str = ""
    detail: str = ""
    unconfirmed: bool = False
    spooled: bool = False
    refused: bool = False

    @property
    def failed(self) -> bool:
        """The delivery came to nothing, as far as is known."""
        return bool(self.reason)


class Ledger:
    """Counts spans, exactly.

    ``produced == exported + rejected + dropped + spooled + unconfirmed + pending`` always.

    Not locked: its owner is.
    """

    def __init__(self) -> None:
        self.produced = 0
        self.exported = 0
        self.rejected = 0
        self.spooled = 0
        self.unconfirmed = 0
        self.dropped: Counter[str] = Counter()
        self.last_error = ""

    @property
    def lost(self) -> int:
        """Spans not known to have been taken, and no longer pending."""
        return self.rejected + self.spooled + self.unconfirmed + sum(self.dropped.values())

    def settle(self, count: int, outcome: Outcome) -> None:
        """Book ``count`` produced spans under ``outcome``."""
        if outcome.detail or outcome.reason:
            self.last_error = outcome.detail or outcome.reason
        if outcome.spooled:
            self.spooled += count
        elif outcome.unconfirmed:
            self.unconfirmed += count
        elif outcome.reason:
            self.dropped[outcome.reason] += count
        else:
            rejected = min(outcome.rejected, count)
            self.rejected += rejected
            self.exported += count - rejected

    def stats(self) -> dict[str, Any]:
        """The counts as a plain dict; ``dropped`` is a dict of reason to count."""
        return {
            "produced": self.produced,
            "exported": self.exported,
            "rejected": self.rejected,
            "dropped": dict(self.dropped),
            "spooled": self.spooled,
            "unconfirmed": self.unconfirmed,
            "pending": self.produced - self.exported - self.lost,
        }
