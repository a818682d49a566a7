"""Runs inside the receiver: writes what arrives as JSON lines to the file a variable names."""

import json
import os

OUTPUT = open(os.environ["RENACER_RECEIVED_SPANS"], "a", encoding="utf-8")  # noqa: SIM115


def plain(any_value):
    """An AnyValue as str, bool, int, float, list or None."""
    value = getattr(any_value, "value", any_value)
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    if isinstance(value, bytes):
        return value.hex()
    return [plain(item) for item in value]


def attributes(pairs):
    """An attribute list as a dict."""
    return {pair.key: plain(pair.value) for pair in pairs}


def span_fields(span):
    """The fields of receiver.Span that a span itself has."""
    status = span.status
    return {
        "trace_id": bytes(span.trace_id).hex(),
        "span_id": bytes(span.span_id).hex(),
        "parent_id": bytes(span.parent_span_id).hex(),
        "name": span.name,
        "kind": int(span.kind),
        "start": span.start_time_unix_nano,
        "end": span.end_time_unix_nano,
        "attributes": attributes(span.attributes),
        "events": [
            {
                "name": event.name,
                "time": event.time_unix_nano,
                "attributes": attributes(event.attributes),
            }
            for event in span.events
        ],
        "status": int(status.code) if status else 0,
        "message": status.message if status else "",
        "dropped_events": span.dropped_events_count,
        "flags": span.flags,
    }


def process_spans(resource_spans):
    """Called by the receiver for every ResourceSpans."""
    try:
        resource = attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            line = {
                "resource": resource,
                "scope": scope_spans.scope.name,
                "spans": [span_fields(span) for span in scope_spans.spans],
            }
            OUTPUT.write(json.dumps(line) + "\n")
    except Exception as error:
        OUTPUT.write(json.dumps({"error": repr(error)}) + "\n")
    OUTPUT.flush()
    return resource_spans
