"""The HTML page: what is embedded is true, honest about what is left out, and harmless."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

import pytest

from renacer.analysis.trace_file import Event, Span
from renacer.report.html import write_html

HOSTILE = "</script><script>alert(1)</script><!--\u2028@@DATA@@&lt;"
ROOT = 0xABC


def span(name: str, start: int, duration: int, **fields: Any) -> Span:
    """A syscall span of thread 7 under the root process, unless fields say otherwise."""
    attributes = {"syscall.name": name.removeprefix("syscall: "), "thread.id": 7,
                  "syscall.result": 0, "syscall.args": ""}  # fmt: skip
    given = {"trace_id": 1, "span_id": start + 1, "parent_id": ROOT, "name": name, "start": start,
             "end": start + duration, "failed": False, "message": "", "attributes": attributes,
             "events": (), "resource": {"service.name": "s"}}  # fmt: skip
    return Span(**(given | fields))


def process(span_id: int, parent_id: int, name: str = "sh", start: int = 1000) -> Span:
    """A process span of pid = span id."""
    return span(f"process: {name}", start, 10**6, span_id=span_id, parent_id=parent_id,
                attributes={"process.pid": span_id, "process.exit.code": 0})  # fmt: skip


def page(spans: Iterable[Span], max_spans: int = 1000) -> tuple[str, dict[str, Any]]:
    """The page and the data embedded in it, as a browser finds it."""
    out = io.BytesIO()
    write_html(spans, out, max_spans)
    text = out.getvalue().decode()
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert len(found) == 1
    return text, json.loads(found[0])


class _Structure(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "action", "data") and v]


def test_hostile_text_stays_text() -> None:
    """Names, arguments, errors and titles that look like markup add no element and no script."""
    calls = [
        process(ROOT, 0, HOSTILE),
        span(f"syscall: {HOSTILE}", 2000, 5, failed=True, message=HOSTILE,
             attributes={"syscall.name": HOSTILE, "syscall.args": HOSTILE, "thread.id": 7,
                         "syscall.result": HOSTILE, "error.type": HOSTILE}),
    ]  # fmt: skip
    text, data = page(calls)
    plain, _ = page([process(ROOT, 0), span("syscall: read", 2000, 5)])
    structures = []
    for one in (text, plain):
        structure = _Structure()
        structure.feed(one)
        structures.append(structure)
    assert structures[0].tags == structures[1].tags
    assert structures[0].tags.count("script") == 2
    assert HOSTILE in data["texts"]
    assert data["processes"][0][0] == HOSTILE


def test_the_page_needs_no_network_and_only_its_own_script_may_run() -> None:
    """No link leaves the file, and the policy allows one script by its hash."""
    text, _ = page([process(ROOT, 0), span("syscall: read", 2000, 5)])
    structure = _Structure()
    structure.feed(text)
    assert structure.links == ["#tables"]
    assert "url(" not in text
    assert "@import" not in text
    assert re.search(r"default-src 'none'; .*script-src 'sha256-[A-Za-z0-9+/]{43}='", text)


def test_columns_give_back_every_span() -> None:
    """Starts, durations, names and results decode to what the spans were."""
    calls = [span("syscall: read", 5000 + 10 * i, i + 1) for i in (3, 1, 2)]
    _, data = page([process(ROOT, 0), *calls])
    (lane,) = data["lanes"]
    start, decoded = 0, []
    for delta, duration, name in zip(lane["start"], lane["duration"], lane["name"], strict=True):
        start += delta
        decoded.append((start, duration, data["texts"][name]))
    assert decoded == [(4000 + 10 * i, i + 1, "read") for i in (1, 2, 3)]
    assert (lane["process"], lane["thread"], lane["compute"]) == (0, 7, 0)
    assert data["length"] == 10**6


def test_processes_stand_in_the_order_of_their_tree() -> None:
    """Children follow their parent, earlier ones first; one whose parent is unknown is a root."""
    spans = [
        process(5, 3, "grandchild", 1300),
        process(4, 2, "late", 1400),
        process(3, 2, "early", 1200),
        process(2, 0, "root", 1000),
        process(9, 77, "lost", 2000),
    ]
    _, data = page(spans)
    assert [(row[0], row[2]) for row in data["processes"]] == [
        ("root", 0),
        ("early", 1),
        ("grandchild", 2),
        ("late", 1),
        ("lost", 0),
    ]
    assert data["title"] == "root"


def test_more_than_the_timeline_takes_is_told_and_still_counted() -> None:
    """Anomalies, then failures, then the longest are kept; tables and totals have all."""
    anomaly = (Event("anomaly", 1, {"anomaly.zscore": -3.5, "anomaly.severity": "Low"}),)
    calls = [span("syscall: read", 10_000 * i, i) for i in range(1, 101)]
    calls += [span("syscall: read", 2_000_000, 1, events=anomaly),
              span("syscall: read", 3_000_000, 2, failed=True, message="No")]  # fmt: skip
    _, data = page([process(ROOT, 0), *calls], max_spans=5)
    assert (data["spans"], data["shown"]) == (103, 6)
    (lane,) = data["lanes"]
    assert sorted(lane["duration"]) == [1, 2, 98, 99, 100]
    (row,) = data["syscalls"]
    assert row[:4] == ["read", 102, 1, 5050 + 3]
    assert sum(count for _, count in row[13]) == 102
    assert data["anomalies"][0][:4] == ["read", "Low", -3.5, 1]
    assert data["errors"] == [["read", "No", 1, "No", "", 2_999_000]]


def test_histogram_bins_hold_their_durations() -> None:
    """A duration d falls into bin floor(4 log2 d)."""
    durations = [1, 2, 3, 1000, 1024, 10**9]
    _, data = page(
        [span("syscall: read", 10 * 10**9 * (i + 1), d) for i, d in enumerate(durations)]
    )
    for low, _ in data["syscalls"][0][13]:
        assert any(2 ** (low / 4) <= d < 2 ** ((low + 1) / 4) for d in durations)


@pytest.mark.parametrize("loop", [(), (1, 2, 3)])
def test_compute_is_nested_by_its_parents_and_fallbacks_are_explained(
    loop: tuple[int, ...],
) -> None:
    """Depth follows parents, also where a damaged trace goes in circles; reasons are listed."""
    of = {
        "compute.backend": "SSE2",
        "compute.kernel": "sum_f64_sse2",
        "compute.elements": 3,
        "compute.fallback": True,
        "compute.fallback_reason": "fewer elements",
        "thread.id": 1,
    }
    spans = [
        span("compute: mean", 1000, 100, span_id=50, parent_id=0, attributes={"thread.id": 1}),
        span("trueno: Vector::sum", 1010, 10, span_id=51, parent_id=50, attributes=of),
        *(span("compute: x", 5000, 1, span_id=i, parent_id=i % 3 + 1, attributes={}) for i in loop),
    ]
    _, data = page(spans)
    depths = {lane["depth"] for lane in data["lanes"] if lane["thread"] == 1}
    assert depths == {0, 1}
    assert data["compute"] == [
        ["trueno: Vector::sum", "SSE2", "sum_f64_sse2", "fewer elements", 1, 3]
    ]


def test_very_long_arguments_are_cut_visibly() -> None:
    """A megabyte of arguments does not make a megabyte of page."""
    long = span("syscall: write", 1000, 5, attributes={"syscall.name": "write", "thread.id": 7,
                                                       "syscall.args": "x" * 10**6})  # fmt: skip
    text, data = page([long])
    assert len(text) < 100_000
    assert "x" * 400 + "…" in data["texts"]
