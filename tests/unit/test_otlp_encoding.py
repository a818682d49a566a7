"""The C span encoders against the official protobuf messages, JSON mapping and SDK encoder."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

from renacer._native import ffi, lib
from renacer.export.resource import create_resource
from renacer.export.sdk import decode_spans

NATIVE = Path(__file__).parents[1] / "native"
PROGRAM = NATIVE / "../../build/native/native/otlp_test"
EPOCH_OFFSET = 1_700_000_000 * 10**9
TRACE_ID = bytes(range(1, 17))
HOSTILE = '/bin/\ufffd"\n\\\x01\U0001f600\ufffd\ufffd\ufffd'
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


def plain(value: Any) -> Any:
    """An AnyValue as a Python value."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    return getattr(value, kind)


def attributes(holder: Any) -> dict[str, Any]:
    """A span's or event's attributes; no key twice."""
    pairs = {pair.key: plain(pair.value) for pair in holder.attributes}
    assert len(pairs) == len(holder.attributes)
    return pairs


def from_json(text: bytes) -> list[Any]:
    """OTLP/JSON span objects as protobuf messages; strict about what the mapping says."""
    spans = []
    for item in json.loads(b"[" + text + b"]"):
        for key in ("startTimeUnixNano", "endTimeUnixNano"):
            assert isinstance(item[key], str)
        message = Message()
        message.trace_id = bytes.fromhex(item.pop("traceId"))
        message.span_id = bytes.fromhex(item.pop("spanId"))
        message.parent_span_id = bytes.fromhex(item.pop("parentSpanId", ""))
        spans.append(ParseDict(item, message))
    return spans


@pytest.fixture(scope="module")
def dumps() -> dict[str, bytes]:
    """The C test's scenario in both formats."""
    command = ["make", "-s", "-C", str(NATIVE), "VARIANT=native", "TESTS=otlp_test.c", "build"]
    subprocess.run(command, check=True, capture_output=True)
    return {
        mode: subprocess.run([PROGRAM, mode], check=True, capture_output=True).stdout
        for mode in ("proto", "json")
    }


@pytest.fixture(scope="module")
def spans(dumps: dict[str, bytes]) -> list[Any]:
    """The scenario's spans, in its order."""
    return list(ScopeSpans.FromString(dumps["proto"]).spans)


def test_both_formats_say_the_same(dumps: dict[str, bytes], spans: list[Any]) -> None:
    """The JSON of every record kind holds what its protobuf holds, bar ids made per span."""
    other = from_json(dumps["json"])
    assert len(other) == len(spans) == 14
    for left, right in zip(spans, other, strict=True):
        assert left.span_id != b"\0" * 8
        right.span_id = left.span_id
        assert left == right


def test_the_sdk_encodes_the_same_spans_the_same(dumps: dict[str, bytes], spans: list[Any]) -> None:
    """Equal ReadableSpans through the official encoder give equal messages, field by field."""
    request = encode_spans(decode_spans(dumps["proto"], create_resource()))
    official = request.resource_spans[0].scope_spans[0].spans
    for span, theirs in zip(spans, official, strict=True):
        ours = Message.FromString(span.SerializeToString())
        assert ours.flags & 0xFF == 1
        assert ours.flags & 0x200 == 0
        ours.flags = theirs.flags = 0
        ours.dropped_events_count = 0
        ours.status.SetInParent()
        assert MessageToDict(ours) == MessageToDict(theirs)


def test_bytes_are_canonical(dumps: dict[str, bytes], spans: list[Any]) -> None:
    """No length is padded: the official library writes as many bytes."""
    assert len(ScopeSpans(spans=spans).SerializeToString()) == len(dumps["proto"])


def test_times_are_epoch_and_never_zero_length(spans: list[Any]) -> None:
    """Every time has the epoch offset, every span lasts."""
    for span in spans:
        assert EPOCH_OFFSET < span.start_time_unix_nano < span.end_time_unix_nano
        for event in span.events:
            assert event.time_unix_nano > EPOCH_OFFSET
        assert span.trace_id == TRACE_ID
    assert spans[0].end_time_unix_nano - spans[0].start_time_unix_nano == 1234
    assert spans[13].end_time_unix_nano - spans[13].start_time_unix_nano == 1


def test_syscall_spans(spans: list[Any]) -> None:
    """A syscall's span has name, number, arguments, result, duration, thread, error and parent."""
    ok, failed, unfinished, restarted, unknown = spans[:5]
    assert ok.name == "syscall: getpid"
    assert ok.parent_span_id == (0x1111).to_bytes(8, "big")
    assert ok.flags & 0x100, "its parent is known to be local"
    found = attributes(ok)
    assert found.pop("syscall.nr") >= 0
    assert found == {
        "syscall.name": "getpid",
        "syscall.args": "",
        "syscall.result": 41,
        "syscall.duration_us": 1.234,
        "thread.id": 42,
    }
    assert ok.status.code == 0
    assert attributes(failed)["error.type"] == "ENOENT"
    assert attributes(failed)["syscall.result"] == -2
    assert (failed.status.code, failed.status.message) == (2, "No such file or directory")
    assert attributes(unfinished)["syscall.result"] == "?"
    assert unfinished.status.code == 0
    assert attributes(restarted)["syscall.result"] == -514
    assert "error.type" not in attributes(restarted)
    assert restarted.status.code == 0
    assert unknown.name.startswith("syscall: syscall_0x")
    assert attributes(unknown)["syscall.nr"] == 9999
    assert attributes(unknown)["syscall.result"] == -(1 << 63)


def test_compute_spans(spans: list[Any]) -> None:
    """A compute span says what ran, why not the best, what became of it."""
    scalar, best, failed, unmet = spans[5:9]
    assert scalar.name == "trueno: Vector::sum"
    assert scalar.parent_span_id == (0xABC).to_bytes(8, "big")
    found = attributes(scalar)
    assert found.pop("compute.fallback_reason")
    assert found == {
        "compute.operation": "sum",
        "compute.library": "trueno",
        "compute.backend": "Scalar",
        "compute.elements": 10000,
        "compute.data_type": "f64",
        "compute.duration_us": 3.5,
        "compute.duration_ns": 3500,
        "compute.result": "success",
        "compute.fallback": True,
        "compute.parent": "totals",
        "compute.kernel": "kernel_name",
        "thread.id": 43,
    }
    (event,) = scalar.events
    assert event.name == "backend_selected"
    assert event.time_unix_nano == scalar.start_time_unix_nano
    features = ffi.string(lib.rnc_cpu_features()).decode()
    assert attributes(event) == {
        "backend": "Scalar",
        "cpu_features": features,
        "vector_size": 10000,
    }
    assert attributes(best)["compute.percentile"] == 95.0
    assert attributes(best)["compute.fallback"] is False
    assert "compute.fallback_reason" not in attributes(best)
    assert best.status.code == 1
    assert attributes(failed)["compute.backend"] == "Unknown"
    assert attributes(failed)["compute.result"] == "error"
    assert attributes(failed)["error.type"] == "EmptyVector"
    assert "compute.kernel" not in attributes(failed)
    assert (failed.status.code, failed.status.message) == (2, "EmptyVector")
    assert attributes(unmet)["compute.batch"] == 7
    assert unmet.status.code == 2
    assert unmet.status.message == "SIMD unavailable, used scalar fallback"


def test_operation_spans(spans: list[Any]) -> None:
    """A compute: span has its name, allocations and status."""
    fine, failed = spans[9:11]
    assert fine.name == "compute: totals"
    assert fine.span_id == (0xABC).to_bytes(8, "big")
    assert attributes(fine)["compute.operation"] == "totals"
    assert [event.name for event in fine.events] == ["allocation", "allocation"]
    assert attributes(fine.events[1]) == {"bytes": 80, "copied": 80}
    assert fine.dropped_events_count == 3
    assert fine.status.code == 1
    assert failed.name == "compute: to\ufffdtals"
    assert (failed.status.code, failed.status.message) == (2, "b\ufffdad")


def test_process_spans(spans: list[Any]) -> None:
    """A process's span is named after its last image and tells how it ended."""
    fine, failed, killed = spans[11:]
    assert fine.name == "process: " + HOSTILE.rpartition("/")[2]
    assert fine.span_id == (0x1111).to_bytes(8, "big")
    assert fine.parent_span_id == (0x2222).to_bytes(8, "big")
    assert attributes(fine) == {
        "process.pid": 41,
        "process.parent_pid": 40,
        "process.executable.name": HOSTILE.rpartition("/")[2],
        "process.executable.path": HOSTILE,
        "process.command_args": ["one", "", "tw\ufffdo"],
        "process.exit.code": 0,
        "renacer.syscalls": 12,
        "renacer.dropped": 2,
    }
    (event,) = fine.events
    assert (event.name, event.time_unix_nano) == ("exec", EPOCH_OFFSET + 200)
    assert attributes(event) == {"process.executable.path": HOSTILE}
    assert fine.status.code == 0
    assert failed.name == "process: 41"
    assert attributes(failed)["process.exit.code"] == 3
    assert attributes(failed)["renacer.spans.held_back"] == 5
    assert (failed.status.code, failed.status.message) == (2, "exit status 3")
    assert attributes(killed)["renacer.exit.signal"] == "SIGKILL"
    assert "process.exit.code" not in attributes(killed)
    assert (killed.status.code, killed.status.message) == (2, "killed by SIGKILL")


def encode(
    output: int,
    name: bytes,
    values: list[tuple[bytes, Any]],
    message: bytes = b"",
    limit: int = 0,
) -> bytes:
    """One manual span with an event that has the same attributes."""
    config = ffi.new("rnc_spans_config *", {"format": output, "attribute_value_limit": limit})
    sink = ffi.gc(lib.rnc_spans_new(config), lib.rnc_sink_free)
    rows = ffi.new("rnc_attribute[]", len(values))
    kept = []
    for row, (key, value) in zip(rows, values, strict=True):
        kept.append(ffi.new("char[]", key))
        row.key = kept[-1]
        if isinstance(value, bytes):
            kept.append(ffi.new("char[]", value))
            row.kind, row.text, row.text_size = b"s", kept[-1], len(value)
        elif isinstance(value, bool):
            row.kind, row.integer = b"b", value
        elif isinstance(value, int):
            row.kind, row.integer = b"i", value
        else:
            row.kind, row.number = b"d", value
    text, words = ffi.new("char[]", name), ffi.new("char[]", message)
    event_name = ffi.new("char[]", b"event")
    events = ffi.new("rnc_event[]", 1)
    events[0].name, events[0].time = event_name, 5
    events[0].attributes, events[0].attribute_count = rows, len(values)
    span = ffi.new("rnc_manual_span *")
    span.trace_id = (1, (1 << 64) - 1)
    span.span_id, span.parent_id, span.start, span.end = 1 << 63, 7, 10, 20
    span.name, span.name_size = text, len(name)
    span.attributes, span.attribute_count = rows, len(values)
    span.events, span.event_count = events, 1
    span.status, span.message, span.message_size = 2, words, len(message)
    assert lib.rnc_spans_add(sink, span) == lib.RNC_OK
    chunk = ffi.new("rnc_chunk *")
    lib.rnc_sink_take(sink, chunk)
    assert chunk.count == 1
    return bytes(ffi.buffer(chunk.data, chunk.size))


def shown(value: Any, limit: int = 0) -> Any:
    """What must arrive for an attribute value."""
    if not isinstance(value, bytes):
        return value
    text = value.decode("utf-8", "replace")
    return text[:limit] if limit else text


def same(left: Any, right: Any) -> bool:
    """Equal, NaN included, and of one type."""
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return type(left) is type(right) and left == right


KEYS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1)
# JSON has one NaN; protobuf keeps its payload.
FLOATS = st.floats().map(lambda value: math.nan if math.isnan(value) else value)
VALUES = st.one_of(st.binary(max_size=300), INT64, FLOATS, st.booleans())


@settings(max_examples=300, deadline=None)
@given(
    name=st.binary(min_size=1, max_size=200),
    values=st.dictionaries(KEYS.map(str.encode), VALUES, max_size=8),
    message=st.binary(max_size=200),
    limit=st.integers(0, 40),
)
def test_any_bytes_survive_both_formats(
    name: bytes, values: dict[bytes, Any], message: bytes, limit: int
) -> None:
    """Hostile names, texts and numbers arrive as Python's own replacement decoding shows them."""
    pairs = list(values.items())
    proto = encode(lib.RNC_OTLP_PROTO, name, pairs, message, limit)
    (span,) = ScopeSpans.FromString(proto).spans
    assert span.name == name.decode("utf-8", "replace")
    assert span.status.message == message.decode("utf-8", "replace")
    for holder in (span, span.events[0]):
        found = attributes(holder)
        assert found.keys() == {key.decode() for key in values}
        for key, value in values.items():
            assert same(found[key.decode()], shown(value, limit))
    assert len(ScopeSpans(spans=[span]).SerializeToString()) == len(proto)
    (other,) = from_json(encode(lib.RNC_OTLP_JSON, name, pairs, message, limit))
    assert other.SerializeToString(deterministic=True) == span.SerializeToString(deterministic=True)


@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 16383, 16384, 200_000, 3_000_000])
def test_lengths_across_every_varint_size(size: int) -> None:
    """Texts around each length's varint boundary come back whole."""
    proto = encode(lib.RNC_OTLP_PROTO, b"n", [(b"k", b"x" * size)])
    (span,) = ScopeSpans.FromString(proto).spans
    assert attributes(span) == {"k": "x" * size}
    assert attributes(span.events[0]) == {"k": "x" * size}


def test_json_has_no_raw_control_characters() -> None:
    """A line of a .jsonl file stays one line of printable text."""
    everything = bytes(range(256))
    text = encode(lib.RNC_OTLP_JSON, everything, [(b"k", everything)]).decode("utf-8")
    assert all(character >= " " and character != "\x7f" for character in text)
