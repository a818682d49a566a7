"""Span contexts, and their text form in W3C Trace Context."""

from __future__ import annotations

import re
from dataclasses import dataclass

from renacer.errors import InvalidInput

__all__ = ["SpanContext"]

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True)
class SpanContext:
    """What a child needs to know of its parent: 128-bit trace id, 64-bit span id, sampled or not.

    Raises :class:`~renacer.InvalidInput` for an id that is zero or too large.
    """

    trace_id: int
    span_id: int
    sampled: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.trace_id < 1 << 128:
            raise InvalidInput("a trace id is 32 hex digits, not all of them 0")
        if not 0 < self.span_id < 1 << 64:
            raise InvalidInput("a span id is 16 hex digits, not all of them 0")

    @classmethod
    def parse_traceparent(cls, text: str) -> SpanContext:
        """The context in a ``traceparent`` header or ``TRACEPARENT`` variable.

        Versions after 00 may carry more fields, which are ignored, as W3C Trace Context asks.
        Raises :class:`~renacer.InvalidInput` when the text does not follow it.
        """
        match = _TRACEPARENT.fullmatch(text)
        if not match:
            raise InvalidInput(
                f"traceparent {text!r} is not of the form 00-<32>-<16>-<2 hex digits>"
            )
        version, trace_id, span_id, flags, more = match.groups()
        if version == "ff" or (version == "00" and more is not None):
            raise InvalidInput(f"traceparent {text!r} has an invalid version or length")
        return cls(int(trace_id, 16), int(span_id, 16), bool(int(flags, 16) & 1))

    def to_traceparent(self) -> str:
        """This context as a version 00 ``traceparent``."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{int(self.sampled):02x}"
