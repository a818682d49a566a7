"""What tracing costs the program that is traced, as ratios of one run.

On the calling thread: the same operations in every mode of the tracer, in interleaved bursts that
the ring can hold, best of all rounds. For the whole process: CPU time of all threads while spans
are exported to a real receiver, at a steady rate and at full speed.
"""

import time
import timeit
from collections.abc import Callable, Mapping

import numpy

import renacer
from benches.tables import table
from tests.integration.receiver import Receiver

OPERATIONS = ("sum", "mean", "stddev")
BURSTS = {1_000: 500, 10_000: 200, 100_000: 20}  # operations of one timing, by elements
ROUNDS = 150  # of every mode, in turn
TIMINGS = 5  # of one mode in one round
RATE = 10_000  # operations a second of the steady load
TICK_S = 0.01
WARM_UP_S = 0.3  # the cap lets a burst through first, and connections are made
LOAD_S = 0.25
LOADS = 4  # with one tracer
LOAD_ROUNDS = 6

Config = renacer.ComputeTracerConfig
MODES: Mapping[str, Config] = {
    "full": Config(max_spans_per_second=None),
    "10 %": Config(sample_rate=0.1, max_spans_per_second=None),
    "1 %": Config(sample_rate=0.01, max_spans_per_second=None),
    "adaptive": Config(slow_threshold_us=1000, fast_sample_rate=0.01, max_spans_per_second=None),
}
GOALS = {"off": 1.0, **dict.fromkeys(MODES, 5.0)}  # per cent at 10,000 elements
FULL_GOAL_NS = 40
PROCESS_GOAL = 5.0


class Discard:
    """An exporter that takes batches and drops them: the cost is the calling thread's alone."""

    format = 0

    def submit(self, spans: bytes, count: int) -> None:
        """Take a batch."""

    def force_flush(self, timeout_s: float) -> bool:
        """Nothing is ever pending."""
        return True

    def shutdown(self, timeout_s: float) -> None:
        """Nothing is open."""


def main() -> None:
    """Print the tables."""
    print(calling_thread())
    print(instrumented())
    with Receiver(record=False) as receiver:
        print(whole_process(receiver))


def data(elements: int) -> renacer.Vector:
    """A vector that every mode is timed on."""
    return renacer.Vector(numpy.random.default_rng(1).normal(size=elements).astype(numpy.float32))


# ---- the calling thread --------------------------------------------------------------------------


def calling_thread() -> str:
    """ns and per cent added to one operation, by mode."""
    rows = []
    for elements, burst in BURSTS.items():
        for operation in OPERATIONS:
            best = cheapest(operation, data(elements), burst)
            bare = best.pop("none")
            cells = (added(mode, bare, cost, elements) for mode, cost in best.items())
            rows.append((f"{operation} of {elements:,}", f"{bare:,.0f}", *cells))
    return table(
        f"Overhead on the calling thread, float32: per cent and ns added to an operation (best of "
        f"{ROUNDS * TIMINGS} bursts, modes in turn; goals at 10,000 elements: off ≤ "
        f"{GOALS['off']:g} %, others ≤ {GOALS['full']:g} %, full ≤ {FULL_GOAL_NS} ns)",
        ("operation", "no tracer, ns", "off", *MODES),
        rows,
    )


def cheapest(operation: str, vector: renacer.Vector, burst: int) -> dict[str, float]:
    """ns an operation, by mode."""
    timer = timeit.Timer(f"vector.{operation}()", globals={"vector": vector})
    best = dict.fromkeys(("none", "off", *MODES), float("inf"))
    for _ in range(ROUNDS):
        for mode in best:
            best[mode] = min(best[mode], burst_in(mode, timer, burst) / burst * 1e9)
    return best


def burst_in(mode: str, timer: timeit.Timer, burst: int) -> float:
    """Seconds of one burst; opening and draining the tracer are left out."""
    if mode == "none":
        return min(timer.repeat(TIMINGS, burst))
    exporter = None if mode == "off" else Discard()
    with renacer.ComputeTracer(exporter, MODES.get(mode)) as tracer:
        with tracer.operation("bench"):
            seconds = min(timer.repeat(TIMINGS, burst))
        assert not tracer.stats()["ring_full"], "a burst did not fit the ring"
    return seconds


def added(mode: str, bare: float, cost: float, elements: int) -> str:
    """One cell; a missed goal is marked."""
    percent = (cost / bare - 1) * 100
    missed = elements == 10_000 and (
        percent > GOALS[mode] or (mode == "full" and cost - bare > FULL_GOAL_NS)
    )
    return f"{percent:.1f} %, {cost - bare:.0f} ns" + (" !" if missed else "")


def instrumented() -> str:
    """µs that @instrument adds to a call, with no tracer and with one that records the span."""

    def function() -> None:
        pass

    calls = {"plain": function, "instrumented": renacer.instrument(function)}
    best = dict.fromkeys((*calls, "traced"), float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            best[name] = min(best[name], *timeit.repeat(call, repeat=TIMINGS, number=1000))
        with renacer.ComputeTracer(Discard()):
            burst = timeit.repeat(calls["instrumented"], repeat=TIMINGS, number=200)
        best["traced"] = min(best["traced"], min(burst) * 5)  # as many calls
    rows = [
        (name, f"{(best[name] - best['plain']) * 1e3:.2f}") for name in ("instrumented", "traced")
    ]
    return table("@instrument, µs added to a call: no tracer, and a span", ("call", "µs"), rows)


# ---- the whole process ---------------------------------------------------------------------------


def whole_process(receiver: Receiver) -> str:
    """CPU and wall time with and without the default tracer, and what became of every span."""
    rows = []
    vector = data(10_000)
    for protocol in ("grpc", "http/protobuf"):
        for name, load in (("10,000 a second", steady), ("full speed", flat_out)):
            bare, traced, fates = compare(load, vector, receiver.endpoint(protocol), protocol)
            points = (traced.cpu / traced.wall - bare.cpu / bare.wall) * 100
            slower = (traced.per_operation / bare.per_operation - 1) * 100
            rows.append((f"{protocol}, {name}", f"{points:.1f}", f"{slower:.1f} %", fates))
    return table(
        f"Overhead for the whole process: sum of 10,000 float32, default tracer, exported to a "
        f"receiver (goals: ≤ {PROCESS_GOAL:g} points of a core at 10,000 a second, "
        f"≤ {PROCESS_GOAL:g} % wall at full speed)",
        ("load", "points of a core", "wall time", "operations"),
        rows,
    )


class Load:
    """Wall time, CPU time of all threads and operations of one load."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self.operations = 0

    def end(self) -> "Load":
        """Stop the clocks."""
        self.wall = time.perf_counter() - self._wall
        self.cpu = time.process_time() - self._cpu
        self.per_operation = self.wall / self.operations
        return self


def steady(vector: renacer.Vector, seconds: float) -> Load:
    """RATE operations a second, in ticks."""
    load = Load()
    begin = time.perf_counter()
    for tick in range(1, round(seconds / TICK_S) + 1):
        for _ in range(round(RATE * TICK_S)):
            vector.sum()
        load.operations += round(RATE * TICK_S)
        time.sleep(max(0.0, begin + tick * TICK_S - time.perf_counter()))
    return load.end()


def flat_out(vector: renacer.Vector, seconds: float) -> Load:
    """One operation after the other."""
    load = Load()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for _ in range(1000):
            vector.sum()
        load.operations += 1000
    return load.end()


def compare(
    load: Callable[[renacer.Vector, float], Load],
    vector: renacer.Vector,
    endpoint: str,
    protocol: str,
) -> tuple[Load, Load, str]:
    """The best load without and with a tracer, and what the last tracer did with its operations."""
    bare, traced = [], []
    for _ in range(LOAD_ROUNDS):
        bare += [load(vector, LOAD_S) for _ in range(LOADS)]
        exporter = renacer.OtlpExporter(endpoint, protocol)
        with renacer.ComputeTracer(exporter) as tracer:
            load(vector, WARM_UP_S)
            traced += [load(vector, LOAD_S) for _ in range(LOADS)]
        exporter.shutdown()
        fates = check(tracer.stats(), exporter.stats())
    cheapest_of = {steady: lambda one: one.cpu, flat_out: lambda one: one.per_operation}[load]
    return min(bare, key=cheapest_of), min(traced, key=cheapest_of), fates


def check(stats: Mapping[str, int], exported: Mapping[str, int]) -> str:
    """What became of the operations, in words; every one has its count."""
    fates = ("recorded", "sampled_out", "fast", "capped", "ring_full")
    assert stats["operations"] == sum(stats[fate] for fate in fates), stats
    spans = stats["recorded"] + stats["operation_spans"]
    assert exported["exported"] == spans, (stats, exported)
    counts = {"made": stats["operations"], **{fate: stats[fate] for fate in fates}}
    return ", ".join(f"{count:,} {fate}" for fate, count in counts.items() if count)


if __name__ == "__main__":
    main()
