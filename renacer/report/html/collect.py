"""What the page is told of a trace: columns of numbers, and each text once."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from renacer.analysis.tallies import Tallies, Tally, statistics
from renacer.analysis.trace_file import Span

__all__ = ["BINS_PER_OCTAVE", "Collector"]

BINS_PER_OCTAVE = 4
_TEXT_MAX = 400  # characters of one argument list on the page
_ANOMALIES_MAX = 1000
_FAILED, _ANOMALY, _FALLBACK = 1, 2, 4


class _Shown(NamedTuple):
    """A span that may stand on the timeline; the first fields say how much it is wanted there."""

    anomaly: bool
    failed: bool
    duration: int
    serial: int
    start: int
    span_id: int
    parent_id: int
    thread: int
    compute: bool
    name: str
    detail: str
    result: str
    flags: int


class _Texts:
    """Each text once; what refers to it is its index."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self._index.setdefault(text, len(self._index))

    @property
    def all(self) -> list[str]:
        return list(self._index)


class Collector:
    """Takes every span once; memory is bounded by ``max_spans`` and 8 bytes a span."""

    def __init__(self, max_spans: int) -> None:
        self._max_spans = max_spans
        self._total = 0
        self._tallies = Tallies()
        self._processes: list[Span] = []
        self._shown: list[_Shown] = []
        self._errors: dict[tuple[str, str], list[Any]] = {}
        self._compute: Counter[tuple[str, str, str, str]] = Counter()
        self._elements: Counter[tuple[str, str, str, str]] = Counter()
        self._anomalies: list[tuple[float, int, list[Any]]] = []
        self._anomaly_count = 0
        self._first = self._last = 0
        self._resource: Mapping[str, Any] = {}

    def add(self, span: Span) -> None:
        """Count one span, and keep it if the timeline has room for it."""
        self._total += 1
        self._first = min(self._first or span.start, span.start)
        self._last = max(self._last, span.end)
        self._resource = span.resource
        self._tallies.add(span)
        if "process.pid" in span.attributes and not span.syscall:
            self._processes.append(span)
            return
        if span.failed:
            self._add_error(span)
        if "compute.backend" in span.attributes:
            self._add_compute(span)
        self._keep(self._to_show(span))

    def _keep(self, shown: _Shown) -> None:
        if len(self._shown) < self._max_spans:
            heapq.heappush(self._shown, shown)
        else:
            heapq.heappushpop(self._shown, shown)

    def _to_show(self, span: Span) -> _Shown:
        anomaly = self._add_anomaly(span)
        fallback = bool(span.attributes.get("compute.fallback"))
        return _Shown(
            anomaly,
            span.failed,
            span.duration,
            self._total,
            span.start,
            span.span_id,
            span.parent_id,
            _integer(span.attributes.get("thread.id")),
            not span.syscall,
            span.name.removeprefix("syscall: "),
            _detail(span),
            _result(span),
            span.failed * _FAILED + anomaly * _ANOMALY + fallback * _FALLBACK,
        )

    def _add_error(self, span: Span) -> None:
        kind = str(span.attributes.get("error.type") or span.message or "error")
        name = span.name.removeprefix("syscall: ")
        row = self._errors.setdefault((name, kind), [0, span.message, _detail(span), span.start])
        row[0] += 1

    def _add_compute(self, span: Span) -> None:
        of = span.attributes
        key = (
            span.name,
            str(of["compute.backend"]),
            str(of.get("compute.kernel", "")),
            str(of.get("compute.fallback_reason", "")),
        )
        self._compute[key] += 1
        self._elements[key] += _integer(of.get("compute.elements"))

    def _add_anomaly(self, span: Span) -> bool:
        found = [event for event in span.events if event.name == "anomaly"]
        for event in found:
            of = event.attributes
            score = float(of.get("anomaly.zscore", 0.0))
            row = [
                span.name.removeprefix("syscall: "),
                str(of.get("anomaly.severity", "")),
                score,
                span.duration,
                float(of.get("anomaly.mean_us", 0.0)) * 1e3,
                float(of.get("anomaly.stddev_us", 0.0)) * 1e3,
                span.start,
            ]
            self._anomaly_count += 1
            heapq.heappush(self._anomalies, (abs(score), self._total, row))
            if len(self._anomalies) > _ANOMALIES_MAX:
                heapq.heappop(self._anomalies)
        return bool(found)

    # ---- the page's data

    def data(self) -> dict[str, Any]:
        """Times are in ns since the first span's start; texts are indices into ``texts``."""
        texts = _Texts()
        processes, order = self._ordered_processes()
        began = datetime.fromtimestamp(self._first / 1e9, timezone.utc)
        return {
            "title": _title(processes),
            "began": f"{began:%Y-%m-%d %H:%M:%S} UTC",
            "length": self._last - self._first,
            "service": str(self._resource.get("service.name", "")),
            "version": str(self._resource.get("renacer.version", "")),
            "spans": self._total,
            "shown": len(self._shown) + len(processes),
            "unfinished": self._tallies.unfinished,
            "processes": [self._process(span, depth) for span, depth in processes],
            "lanes": self._lanes(order, texts),
            "syscalls": _rows(self._tallies.syscalls),
            "errors": [
                [name, kind, count, message, detail, first - self._first]
                for (name, kind), (count, message, detail, first) in self._errors.items()
            ],
            "compute": [[*key, count, self._elements[key]] for key, count in self._compute.items()],
            "computeTimes": _rows(self._tallies.compute),
            "anomalies": [
                [*row[:-1], row[-1] - self._first] for _, _, row in sorted(self._anomalies)[::-1]
            ],
            "anomalyCount": self._anomaly_count,
            "binsPerOctave": BINS_PER_OCTAVE,
            "texts": texts.all,
        }

    def _ordered_processes(self) -> tuple[list[tuple[Span, int]], dict[int, int]]:
        """The processes as a tree walked from the top, each with its depth; and id to index."""
        ids = {span.span_id for span in self._processes}
        children: dict[int, list[Span]] = {}
        for span in sorted(self._processes, key=lambda span: span.start, reverse=True):
            parent = span.parent_id if span.parent_id in ids else 0
            children.setdefault(parent, []).append(span)
        walked: list[tuple[Span, int]] = []
        waiting = [(span, 0) for span in children.pop(0, [])]
        while waiting:
            span, depth = waiting.pop()
            walked.append((span, depth))
            waiting += [(child, depth + 1) for child in children.pop(span.span_id, [])]
        return walked, {span.span_id: index for index, (span, _) in enumerate(walked)}

    def _process(self, span: Span, depth: int) -> list[Any]:
        of = span.attributes
        ending = of.get("renacer.exit.signal", of.get("process.exit.code", "?"))
        return [
            span.name.removeprefix("process: "),
            _integer(of["process.pid"]),
            depth,
            span.start - self._first,
            span.duration,
            str(ending),
            _integer(of.get("renacer.syscalls")),
            str(of.get("process.executable.path", "")),
            int(span.failed),
        ]

    def _lanes(self, order: Mapping[int, int], texts: _Texts) -> list[dict[str, Any]]:
        """Rows of the timeline: process index (-1: none), thread, depth, and columns of spans."""
        depths = _depths(self._shown)
        lanes: dict[tuple[int, int, int, int], list[_Shown]] = {}
        for shown in self._shown:
            owner = order.get(shown.parent_id, len(order)) if not shown.compute else len(order) + 1
            key = (owner, int(shown.compute), shown.thread, depths.get(shown.span_id, 0))
            lanes.setdefault(key, []).append(shown)
        return [
            {"process": owner if owner < len(order) else -1, "compute": compute, "thread": thread,
             "depth": depth, **self._columns(lanes[owner, compute, thread, depth], texts)}
            for owner, compute, thread, depth in sorted(lanes)
        ]  # fmt: skip

    def _columns(self, lane: list[_Shown], texts: _Texts) -> dict[str, list[int]]:
        lane.sort(key=lambda shown: (shown.start, -shown.duration))
        starts = [shown.start - self._first for shown in lane]
        return {
            "start": [now - before for before, now in zip([0, *starts], starts, strict=False)],
            "duration": [shown.duration for shown in lane],
            "name": [texts(shown.name) for shown in lane],
            "detail": [texts(shown.detail) for shown in lane],
            "result": [texts(shown.result) for shown in lane],
            "flags": [shown.flags for shown in lane],
        }


def _title(processes: list[tuple[Span, int]]) -> str:
    return processes[0][0].name.removeprefix("process: ") if processes else "trace"


def _integer(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else text[:_TEXT_MAX] + "…"


def _detail(span: Span) -> str:
    of = span.attributes
    if span.syscall:
        return _cut(str(of.get("syscall.args", "")))
    parts = [str(of.get("compute.kernel", ""))]
    if "compute.elements" in of:
        parts.append(f"{of['compute.elements']} elements")
    return _cut(", ".join(filter(None, parts)))


def _result(span: Span) -> str:
    of = span.attributes
    if span.syscall:
        error = of.get("error.type")
        return _cut(f"{error} ({span.message})" if error else str(of.get("syscall.result", "")))
    parts = [str(of.get("compute.backend", "")), str(of.get("compute.fallback_reason", ""))]
    return _cut("; ".join(filter(None, [*parts, span.message])))


def _depths(shown: Iterable[_Shown]) -> dict[int, int]:
    """How many compute spans enclose each compute span."""
    parents = {span.span_id: span.parent_id for span in shown if span.compute}
    depths: dict[int, int] = {}
    for span_id in parents:
        path: dict[int, None] = {}  # a damaged trace may go in circles
        at = span_id
        while at in parents and at not in depths and at not in path:
            path[at] = None
            at = parents[at]
        depth = depths.get(at, -1)
        for step in reversed(path):
            depth += 1
            depths[step] = depth
    return depths


def _rows(tallies: Mapping[str, Tally]) -> list[list[Any]]:
    """name, calls, errors, total, mean, stddev, min, P50, P75, P90, P95, P99, max, histogram."""
    rows = []
    for row in statistics(tallies):
        spread = row.distribution
        assert spread is not None
        rows.append(
            [row.name, row.calls, row.errors, row.total_ns, spread.mean, spread.stddev,
             spread.minimum, *spread.percentiles.values(), spread.maximum,
             _histogram(tallies[row.name].durations)]
        )  # fmt: skip
    return rows


def _histogram(durations: Iterable[float]) -> list[list[int]]:
    """Bins of equal width on a log scale: [bin, count], bin = ⌊4·log₂(ns)⌋, those not empty."""
    bins = Counter(int(BINS_PER_OCTAVE * math.log2(max(ns, 1.0))) for ns in durations)
    return [[at, bins[at]] for at in sorted(bins)]
