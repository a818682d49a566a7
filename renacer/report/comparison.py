"""Two traces compared, for people, for programs and for continuous integration."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from renacer.analysis.comparison import SAMPLES_MIN, CallComparison, Rules

__all__ = ["COMPARISON_FORMATS"]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(rows: Sequence[CallComparison], rules: Rules) -> str:
    """A line per difference, then one that sums up."""
    differing = [row for row in rows if row.differences]
    width = max((len(row.name) for row in differing), default=0)
    lines = [
        f"{row.name:{width}}  {difference}" for row in differing for difference in row.differences
    ]
    tested = sum(row.latency is not None for row in rows)
    lines.append(
        f"{len(differing)} of {len(rows)} syscalls differ" if differing else
        f"no difference in {len(rows)} syscalls"
    )  # fmt: skip
    if rules.latency:
        lines[-1] += (
            f"; latencies compared for {tested} (those with {SAMPLES_MIN} calls in each trace)"
        )
    return "\n".join([*lines, ""])


def _json(rows: Sequence[CallComparison], rules: Rules) -> str:
    """One object; times in ns."""
    calls = [
        {
            "name": row.name,
            "base_calls": row.base_calls,
            "new_calls": row.new_calls,
            "new_errors": row.new_errors,
            "latency": _latency(row),
            "differences": row.differences,
        }
        for row in rows
    ]
    same = not any(row.differences for row in rows)
    return json.dumps({"same": same, "rules": rules._asdict(), "calls": calls}, indent=2) + "\n"


def _latency(row: CallComparison) -> dict[str, Any] | None:
    if row.latency is None:
        return None
    return {
        "base_median_ns": row.latency.base_median,
        "new_median_ns": row.latency.new_median,
        "u": row.latency.test.u,
        "effect": row.latency.test.effect,
        "p": row.latency.test.p,
        "p_adjusted": row.latency.p,
    }


def _junit(rows: Sequence[CallComparison], rules: Rules) -> str:
    """A test case per syscall, failed where it differs."""
    failures = sum(bool(row.differences) for row in rows)
    counts = {"tests": str(len(rows)), "failures": str(failures), "errors": "0"}
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "renacer compare", **counts})
    for row in rows:
        name = _NOT_XML.sub("\ufffd", row.name)
        case = ElementTree.SubElement(suite, "testcase", {"classname": "syscalls", "name": name})
        if row.differences:
            words = [_NOT_XML.sub("\ufffd", difference) for difference in row.differences]
            failure = ElementTree.SubElement(case, "failure", {"message": "; ".join(words)})
            failure.text = "\n".join(words)
    ElementTree.indent(suites)
    body = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


COMPARISON_FORMATS: Mapping[str, Callable[[Sequence[CallComparison], Rules], str]] = {
    "text": _text,
    "json": _json,
    "junit": _junit,
}
