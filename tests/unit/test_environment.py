"""The traced program's environment is its own, byte for byte, apart from what was asked for."""

from __future__ import annotations

import pytest

from renacer.capture.environment import program_environment, trace_variables
from renacer.errors import UsageError

ORIGINAL = [b"PATH=/bin", b"ODD=\xff\xfe", b"no equals sign", b"HOME=/"]
TRACE_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736


def test_nothing_asked_nothing_changed() -> None:
    """Odd bytes, odd entries and the order survive."""
    assert program_environment(ORIGINAL, [], {}) == ORIGINAL


def test_changes_set_and_remove() -> None:
    """-E VAR=VAL replaces, -E VAR removes, a value may hold an equals sign."""
    changed = program_environment(ORIGINAL, ["HOME=/a=b", "PATH"], {})
    assert changed == [b"ODD=\xff\xfe", b"no equals sign", b"HOME=/a=b"]


def test_a_change_without_a_name_is_refused() -> None:
    """-E =x would make an entry no program can read."""
    with pytest.raises(UsageError, match="a variable needs a name"):
        program_environment(ORIGINAL, ["=x"], {})


def test_an_older_traceparent_is_replaced() -> None:
    """The program sees one TRACEPARENT: ours."""
    variables = trace_variables(TRACE_ID)
    entries = program_environment([b"TRACEPARENT=old"], [], variables)
    assert entries == [b"TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01"]


def test_an_endpoint_is_passed_on_with_its_protocol() -> None:
    """A program is told where to send compute spans only where there is such a place."""
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01"
    assert trace_variables(TRACE_ID) == {"TRACEPARENT": parent}
    assert trace_variables(TRACE_ID, "1", "http://x:4317", "grpc") == {
        "TRACEPARENT": parent,
        "RENACER_TRACE_COMPUTE": "1",
        "RENACER_OTLP_ENDPOINT": "http://x:4317",
        "RENACER_OTLP_PROTOCOL": "grpc",
    }


def test_what_was_not_given_is_left_to_the_otel_variables() -> None:
    """A program resolves endpoint and protocol as the command did; no default overrules them."""
    assert trace_variables(TRACE_ID, "1") == {
        **trace_variables(TRACE_ID),
        "RENACER_TRACE_COMPUTE": "1",
    }
