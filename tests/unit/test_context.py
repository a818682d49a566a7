"""Span contexts and their traceparent form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renacer import SpanContext
from renacer.errors import InvalidInput

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_a_context_survives_its_text(trace_id: int, span_id: int, sampled: bool) -> None:
    """Writing a traceparent and reading it back gives the same context."""
    context = SpanContext(trace_id, span_id, sampled)
    assert SpanContext.parse_traceparent(context.to_traceparent()) == context


def test_the_example_of_the_specification() -> None:
    """The traceparent that W3C Trace Context prints is read as it says."""
    context = SpanContext.parse_traceparent(f"00-{TRACE}-{SPAN}-01")
    assert context == SpanContext(int(TRACE, 16), int(SPAN, 16), True)
    assert not SpanContext.parse_traceparent(f"00-{TRACE}-{SPAN}-02").sampled


def test_later_versions_may_carry_more() -> None:
    """A later version is read as version 00, with anything after it ignored."""
    assert SpanContext.parse_traceparent(f"01-{TRACE}-{SPAN}-01-what-ever").sampled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01x",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        "00-" + "\N{FULLWIDTH DIGIT ZERO}" * 31 + f"1-{SPAN}-01",
    ],
)
def test_what_is_no_traceparent_is_refused(text: str) -> None:
    """Anything that W3C Trace Context does not allow raises InvalidInput."""
    with pytest.raises(InvalidInput):
        SpanContext.parse_traceparent(text)


@pytest.mark.parametrize(
    ("trace_id", "span_id"), [(0, 1), (1, 0), (2**128, 1), (1, 2**64), (-1, 1)]
)
def test_ids_out_of_range_are_refused(trace_id: int, span_id: int) -> None:
    """An id that no span can have raises InvalidInput."""
    with pytest.raises(InvalidInput):
        SpanContext(trace_id, span_id)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("congo=t61rcWkgMzE", "congo=t61rcWkgMzE"),
        ("rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ("no equals", ""),
        ("UPPER=1", ""),
        ("a=\u00e9", ""),
        ("a=1,,b=2", "a=1,b=2"),
        (",".join(f"k{i}=v" for i in range(33)), ""),
        ("a=" + "x" * 256 + ",b=" + "y" * 251, "a=" + "x" * 256 + ",b=" + "y" * 251),
        ("a=" + "x" * 256 + ",b=" + "y" * 252, ""),
    ],
)
def test_a_tracestate_is_kept_if_it_is_one(text: str, kept: str) -> None:
    """A well-formed tracestate travels with its parent; anything else is left out, as W3C asks."""
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert SpanContext.parse_traceparent(parent, text).trace_state == kept
