"""A tracer under load: ten million operations from four threads."""

from __future__ import annotations

import resource
import threading
from pathlib import Path

from renacer import ComputeTracer
from renacer._native import lib
from renacer.compute.vector import Vector

THREADS = 4
OPERATIONS = 10_000_000
GROWTH_MAX = 16 << 20  # bytes; a leak of two bytes an operation would exceed it


class Counting:
    """An exporter that counts spans and forgets them."""

    format: int = lib.RNC_OTLP_PROTO

    def __init__(self) -> None:
        self.spans = 0

    def submit(self, spans: bytes, count: int) -> None:
        """Count a batch."""
        self.spans += count

    def force_flush(self, timeout_s: float) -> bool:
        """Nothing is ever pending."""
        return True

    def shutdown(self, timeout_s: float) -> None:
        """Nothing is open."""


def resident() -> int:
    """Bytes of memory this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def compute(operations: int) -> None:
    """That many operations, shared among the threads."""

    def work() -> None:
        total = Vector([1.0]).sum
        for _ in range(operations // THREADS):
            total()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_ten_million_operations_lose_nothing_and_leak_nothing() -> None:
    """Every operation has its fate, every recorded one reaches the exporter, memory stays."""
    exporter = Counting()
    with ComputeTracer(exporter) as tracer:
        compute(OPERATIONS // 20)
        before = resident()
        compute(OPERATIONS)
        grown = resident() - before
    stats = tracer.stats()
    assert stats["operations"] == OPERATIONS + OPERATIONS // 20
    fates = ("recorded", "sampled_out", "fast", "capped", "ring_full")
    assert sum(stats[fate] for fate in fates) == stats["operations"]
    assert exporter.spans == stats["recorded"] + stats["operation_spans"] == stats["submitted"]
    assert grown < GROWTH_MAX
