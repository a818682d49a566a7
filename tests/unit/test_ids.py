"""Span ids, trace ids and the derived id of a process's span."""

from __future__ import annotations

import random
import struct

from renacer._native import ffi, lib
from tests.unit.span_memory import in_child

IDS = 20_000


def new_ids() -> list[int]:
    """Span ids as this process makes them."""
    return [lib.rnc_new_span_id() for _ in range(IDS)]


def test_ids_do_not_repeat_after_a_fork() -> None:
    """Parent and child share no span id, and none is zero."""
    lib.rnc_new_span_id()
    child = in_child(lambda: struct.pack(f"{IDS}Q", *new_ids()))
    ids = [*new_ids(), *struct.unpack(f"{IDS}Q", child)]
    assert len(set(ids)) == 2 * IDS
    assert 0 not in ids


def test_a_users_seed_changes_nothing() -> None:
    """Seeding Python's generator gives no repeated ids, and making ids does not disturb it."""
    random.seed(1)
    first = new_ids()
    expected = random.Random(1).random()
    assert random.random() == expected
    random.seed(1)
    assert not set(first) & set(new_ids())


def test_trace_ids_differ() -> None:
    """Two trace ids are both non-zero and not the same."""
    ids = ffi.new("uint64_t[2][2]")
    lib.rnc_new_trace_id(ids[0])
    lib.rnc_new_trace_id(ids[1])
    assert list(ids[0]) != list(ids[1])
    assert all(ids[0])


def test_a_process_span_id_follows_its_published_formula() -> None:
    """The formula in ids.h, computed here in Python, gives the same id as the core."""
    mask, weyl = 2**64 - 1, 0x9E3779B97F4A7C15

    def mix(value: int) -> int:
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & mask
        value = (value ^ value >> 27) * 0x94D049BB133111EB & mask
        return value ^ value >> 31

    for high, low, pid, ticks in [(0, 0, 0, 0), (1, 2, 3, 4), (mask, mask, 2**22, mask)]:
        expected = mix(high + weyl & mask)
        for value in (low, pid, ticks):
            expected = mix((expected ^ value) + weyl & mask)
        assert lib.rnc_process_span_id([high, low], pid, ticks) == expected
