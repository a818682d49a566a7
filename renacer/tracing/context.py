"""Span contexts, and their text form in W3C Trace Context."""

from __future__ import annotations

import re
from dataclasses import dataclass

from renacer.errors import InvalidInput

__all__ = ["SpanContext"]

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


_MEMBER = re.compile(r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{1,256}")
_MEMBERS_MAX = 32
_STATE_MAX = 512


@dataclass(frozen=True)
class SpanContext:
    """What a child needs to know of its parent: 128-bit trace id, 64-bit span id, sampled or not.

    ``trace_state`` is the trace's W3C tracestate, which every span of it repeats; "" for none.
    Raises :class:`~renacer.InvalidInput` for an id that is zero or too large.
    """

    trace_id: int
    span_id: int
    sampled: bool = True
    trace_state: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.trace_id < 1 << 128:
            raise InvalidInput("a trace id is 32 hex digits, not all of them 0")
        if not 0 < self.span_id < 1 << 64:
            raise InvalidInput("a span id is 16 hex digits, not all of them 0")

    @classmethod
    def parse_traceparent(cls, text: str, trace_state: str = "") -> SpanContext:
        """The context in a ``traceparent`` header or ``TRACEPARENT`` variable, and its tracestate.

        A tracestate that is malformed or longer than 512 characters is left out.

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
        sampled = bool(int(flags, 16) & 1)
        return cls(int(trace_id, 16), int(span_id, 16), sampled, _checked(trace_state))

    def to_traceparent(self) -> str:
        """This context as a version 00 ``traceparent``."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{int(self.sampled):02x}"


def _checked(trace_state: str) -> str:
    members = [member.strip(" \t") for member in trace_state.split(",")]
    members = [member for member in members if member]
    text = ",".join(members)
    valid = all(_MEMBER.fullmatch(member) for member in members)
    return text if valid and len(members) <= _MEMBERS_MAX and len(text) <= _STATE_MAX else ""
