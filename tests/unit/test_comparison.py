"""Which differences between two traces are found, and how each format says them."""

from __future__ import annotations

import json
import random
from xml.etree import ElementTree

from renacer.analysis.comparison import CallComparison, Rules, TraceCounts, compare
from renacer.report.comparison import COMPARISON_FORMATS
from tests.unit.test_html_report import span


def trace(**calls: list[int]) -> TraceCounts:
    """Calls of these durations in ns; a negative one failed with ENOENT."""
    spans = []
    for name, durations in calls.items():
        for at, ns in enumerate(durations):
            failed = {"error.type": "ENOENT"} if ns < 0 else {}
            of = {"syscall.name": name, "syscall.result": min(ns, 0), **failed}
            spans.append(span(f"syscall: {name}", 10**9 * (at + 1), abs(ns), attributes=of))
    return TraceCounts(spans)


def found(base: TraceCounts, new: TraceCounts, **rules: float) -> dict[str, list[str]]:
    """The differences per name, of the names that have some."""
    rows = compare(base, new, Rules(**rules))  # type: ignore[arg-type]
    return {row.name: row.differences for row in rows if row.differences}


def around(centre: float, count: int, seed: int = 1) -> list[int]:
    """Durations scattered by 20 % around a centre in ns."""
    source = random.Random(seed)
    return [int(centre * source.uniform(0.8, 1.2)) for _ in range(count)]


def test_calls_added_gone_and_changed_are_found() -> None:
    """Names of one side only, and counts beyond the tolerance."""
    base = trace(read=[5] * 10, write=[5] * 100, open=[5])
    new = trace(read=[5] * 10, write=[5] * 104, close=[5, 5])
    assert found(base, new) == {
        "close": ["added: 2 calls"],
        "open": ["gone: was 1 call"],
        "write": ["100 calls became 104 calls"],
    }
    assert set(found(base, new, count_tolerance=0.04)) == {"close", "open"}
    assert found(base, base) == {}


def test_only_errors_that_the_base_lacks_are_new() -> None:
    """An errno known for one call is still new for another."""
    base, new = trace(read=[5, 5], open=[-5, 5]), trace(read=[5, -5], open=[-5, -5])
    assert found(base, new) == {"read": ["new error ENOENT: 1 call"]}


def test_a_shift_is_found_and_noise_is_not() -> None:
    """Twice the latency is told with its direction; another sample of the same is no difference."""
    base = trace(read=around(1e6, 60), write=around(1e6, 60, 2))
    new = trace(read=around(3e6, 60, 3), write=around(1e6, 60, 4))
    ((name, (said,)),) = found(base, new).items()
    assert name == "read"
    assert said.startswith("slower: median ")
    assert "in 100% of pairs, p = " in said
    ((_, (back,)),) = found(new, base).items()
    assert back.startswith("faster: median ")
    assert found(base, new, latency=False) == {}


def test_a_small_shift_needs_more_than_significance() -> None:
    """A sure but small shift is within the tolerance; too few calls are not tested at all."""
    base, new = trace(read=around(1e6, 5000)), trace(read=around(1.4e6, 5000, 2))
    (row,) = compare(base, new, Rules())
    assert row.latency is not None
    assert row.latency.p < 1e-9
    assert row.differences == []
    assert found(base, new, latency_tolerance=0.1)
    assert found(trace(read=around(1e6, 19)), trace(read=around(9e6, 19))) == {}


ROWS = compare(trace(read=[5], open=[5]), trace(read=[5], open=[-5]), Rules())


def test_text_is_a_line_per_difference_and_one_that_sums_up() -> None:
    """Names stand in one column; a run without difference says so."""
    assert COMPARISON_FORMATS["text"](ROWS, Rules(latency=False)) == (
        "open  new error ENOENT: 1 call\n1 of 2 syscalls differ\n"
    )
    assert COMPARISON_FORMATS["text"](ROWS[1:], Rules()) == (
        "no difference in 1 syscalls; latencies compared for 0 "
        "(those with 20 calls in each trace)\n"
    )


def test_json_has_every_call_and_the_rules() -> None:
    """A program can read what was compared, how, and with what result."""
    read = json.loads(COMPARISON_FORMATS["json"](ROWS, Rules()))
    assert read["same"] is False
    assert read["rules"]["alpha"] == 0.01
    assert read["calls"][0] == {
        "name": "open",
        "base_calls": 1,
        "new_calls": 1,
        "new_errors": {"ENOENT": 1},
        "latency": None,
        "differences": ["new error ENOENT: 1 call"],
    }


def test_junit_is_well_formed_whatever_the_names() -> None:
    """One case per syscall, one failure per differing one, and no character XML cannot hold."""
    hostile = CallComparison('<&"\x00\x1b', 0, 1, {}, None, ["added \x07 <b>"])
    root = ElementTree.fromstring(COMPARISON_FORMATS["junit"]([*ROWS, hostile], Rules()))
    suite = root[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    assert [case.get("name") for case in suite] == ["open", "read", '<&"\ufffd\ufffd']
    assert suite[0][0].text == "new error ENOENT: 1 call"
    assert len(suite[1]) == 0
