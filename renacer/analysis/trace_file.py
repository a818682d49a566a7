"""Spans read back from what ``--otlp-file`` and the Collector's file exporter write.

Two forms, told apart by their first byte: OTLP/JSON, one message a line, and protobuf, each message
after its length in 4 bytes, big-endian. One message is in memory at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

from renacer.errors import TraceFileError

__all__ = ["Event", "Span", "read_spans"]

_MESSAGE_MAX = 256 << 20  # bytes; ours are of about 1 MiB
_NOT_TRACES = ("resourceMetrics", "resourceLogs", "resourceProfiles")
_ERROR = 2  # Status.StatusCode.STATUS_CODE_ERROR


class Event(NamedTuple):
    """Something that happened within a span; ``time`` is in ns since the epoch."""

    name: str
    time: int
    attributes: dict[str, Any]


class Span(NamedTuple):
    """One span. Times are in ns since the epoch, ids integers, 0 for "none".

    ``message`` is the status's own; ``failed`` says that it is ERROR.
    """

    trace_id: int
    span_id: int
    parent_id: int
    name: str
    start: int
    end: int
    failed: bool
    message: str
    attributes: dict[str, Any]
    events: tuple[Event, ...]
    resource: Mapping[str, Any]

    @property
    def duration(self) -> int:
        """Nanoseconds from start to end."""
        return self.end - self.start

    @property
    def syscall(self) -> str:
        """The syscall's name; "" for a span that is none."""
        return str(self.attributes.get("syscall.name", ""))


def read_spans(paths: Iterable[str], note: Callable[[str], None]) -> Iterator[Span]:
    """Every span of the files, in the order they stand there.

    ``note`` gets one sentence for each file that is damaged, truncated or partly something else;
    what can be read of it is used all the same. Raises TraceFileError when a file cannot be opened
    or holds no span at all.
    """
    for path in paths:
        source = _File(path)
        yield from source.spans()
        if source.problem:
            note(source.problem)


class _File:
    """One file: its spans, then in ``problem`` what was wrong with it, "" if nothing was."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._skipped: dict[str, int] = {}
        self.problem = ""

    def spans(self) -> Iterator[Span]:
        count = 0
        try:
            with Path(self._path).open("rb") as stream:
                for message in self._messages(stream):
                    for span in message:
                        count += 1
                        yield span
        except OSError as error:
            raise TraceFileError(f"cannot read {self._path}: {error.strerror}") from None
        parts = [f"{what} ({times} times)" if times > 1 else what
                 for what, times in self._skipped.items()]  # fmt: skip
        if count == 0:
            raise TraceFileError(
                f"{self._path} holds no spans: {', '.join(parts) or 'it is empty'}"
            )
        if parts:
            self.problem = f"{self._path}: {', '.join(parts)}; {count} spans were read"

    def _skip(self, what: str) -> None:
        self._skipped[what] = self._skipped.get(what, 0) + 1

    def _messages(self, stream: BufferedReader) -> Iterator[list[Span]]:
        first = stream.peek(2)[:2]
        if not first:
            return
        if first == b"\x1f\x8b":
            self._skip("it is compressed; gunzip it first")
        elif first[:1] in b"{ \t\r\n":
            yield from self._lines(stream)
        elif first[:1] < b"\x10":  # a length below _MESSAGE_MAX
            yield from self._frames(stream)
        else:
            self._skip("it is neither OTLP JSON lines nor length-prefixed OTLP protobuf")

    def _lines(self, stream: BufferedReader) -> Iterator[list[Span]]:
        while line := stream.readline(_MESSAGE_MAX):
            if line.isspace():
                continue
            try:
                yield self._of_json(json.loads(line))
            except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
                whole = line.endswith(b"\n")
                self._skip("a line is no OTLP message" if whole else "its last line is cut off")

    def _of_json(self, message: Mapping[str, Any]) -> list[Span]:
        if "resourceSpans" not in message:
            other = next((key for key in _NOT_TRACES if key in message), None)
            self._skip(f"a line of {other} was left out" if other else "a line is no OTLP message")
            return []
        return [
            _json_span(span, resource)
            for block in message["resourceSpans"]
            for resource in [_json_attributes(block.get("resource", {}))]
            for scope in block.get("scopeSpans", ())
            for span in scope.get("spans", ())
        ]

    def _frames(self, stream: BufferedReader) -> Iterator[list[Span]]:
        try:
            from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
            from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
        except ImportError as error:
            raise TraceFileError(
                f"cannot read {self._path}: reading protobuf needs opentelemetry-proto ({error})"
            ) from None
        while head := stream.read(4):
            size = int.from_bytes(head, "big")
            body = stream.read(size) if len(head) == 4 and size <= _MESSAGE_MAX else b""
            if len(head) < 4 or (len(body) < size <= _MESSAGE_MAX):
                return self._skip("its last message is cut off")
            try:
                if size > _MESSAGE_MAX:
                    raise DecodeError
                message = TracesData.FromString(body)
            except DecodeError:
                # The next message's place is only known from this one's length.
                return self._skip("it is damaged, or no length-prefixed OTLP protobuf")
            yield [
                _proto_span(span, resource)
                for block in message.resource_spans
                for resource in [_proto_attributes(block.resource.attributes)]
                for scope in block.scope_spans
                for span in scope.spans
            ]


# ---- OTLP/JSON: ids in hex, 64-bit integers as texts ------------------------------------------


def _json_span(span: Mapping[str, Any], resource: Mapping[str, Any]) -> Span:
    status = span.get("status", {})
    start = _time(span["startTimeUnixNano"])
    return Span(
        int(span["traceId"], 16),
        int(span["spanId"], 16),
        int(span.get("parentSpanId") or "0", 16),
        _text(span.get("name", "")),
        start,
        max(_time(span["endTimeUnixNano"]), start),
        status.get("code", 0) in (_ERROR, "STATUS_CODE_ERROR"),
        _text(status.get("message", "")),
        _json_attributes(span),
        tuple(
            Event(_text(event.get("name", "")), _time(event["timeUnixNano"]),
                  _json_attributes(event))
            for event in span.get("events", ())
        ),
        resource,
    )  # fmt: skip


def _time(value: Any) -> int:
    time = int(value)
    if not 0 <= time < 1 << 64:
        raise ValueError("a time beyond 64 bits")
    return time


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    # JSON can spell half a surrogate pair, which no UTF-8 output can.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _json_attributes(owner: Mapping[str, Any]) -> dict[str, Any]:
    return {_text(row["key"]): _json_value(row["value"]) for row in owner.get("attributes", ())}


def _json_value(value: Mapping[str, Any]) -> Any:
    for kind, content in value.items():
        return _JSON_VALUES[kind](content) if kind in _JSON_VALUES else content
    return None


_JSON_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "stringValue": _text,
    "intValue": int,
    "doubleValue": float,
    "arrayValue": lambda content: [_json_value(item) for item in content.get("values", ())],
    "kvlistValue": lambda content: {
        _text(row["key"]): _json_value(row["value"]) for row in content.get("values", ())
    },
}


# ---- OTLP protobuf ----------------------------------------------------------------------------


def _proto_span(span: Any, resource: Mapping[str, Any]) -> Span:
    return Span(
        int.from_bytes(span.trace_id, "big"),
        int.from_bytes(span.span_id, "big"),
        int.from_bytes(span.parent_span_id, "big"),
        span.name,
        span.start_time_unix_nano,
        max(span.end_time_unix_nano, span.start_time_unix_nano),
        span.status.code == _ERROR,
        span.status.message,
        _proto_attributes(span.attributes),
        tuple(
            Event(event.name, event.time_unix_nano, _proto_attributes(event.attributes))
            for event in span.events
        ),
        resource,
    )


def _proto_attributes(rows: Iterable[Any]) -> dict[str, Any]:
    return {row.key: _proto_value(row.value) for row in rows}


def _proto_value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    match kind:
        case None:
            return None
        case "array_value":
            return [_proto_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return _proto_attributes(value.kvlist_value.values)
        case _:
            return getattr(value, kind)
