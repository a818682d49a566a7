"""Operations against other libraries: from Python, one thread, every side timed in the same run.

A library that is not installed is a column of dashes.
"""
# ruff: noqa: RUF001 -- its tables have dashes and multiplication signs

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy

import renacer
from benches.libraries import Library, Run, ours, peers
from benches.tables import table

SIZES = {100: "100", 10_000: "10k", 1_000_000: "1M"}
ROUNDS = 15
ROUND_SECONDS = 2e-3
FAITHFUL_ULP = 10
ROOF_ELEMENTS = 10_000_000


@dataclass(frozen=True)
class Goal:
    """How many times as fast as the best peer, by size; ``faithful`` leaves out wrong peers."""

    ratios: Mapping[int, float]
    faithful: bool = False


GOALS = {
    "sum": Goal({100: 2, 10_000: 1.2, 1_000_000: 1.1}),
    "mean": Goal({100: 1.2, 10_000: 1.2, 1_000_000: 1.2}),
    "stddev": Goal({10_000: 3, 1_000_000: 3}, faithful=True),
    "min": Goal({100: 2, 10_000: 1.2, 1_000_000: 1.1}),
    "percentile": Goal({100: 3, 10_000: 4, 1_000_000: 5}),
    "percentiles": Goal({}),
    "dot": Goal({10_000: 1.2}),
    "correlation": Goal({10_000: 15}),
    "zscore": Goal({1_000_000: 3}),
    "describe": Goal({10_000: 2.5}),
}
ADVERSARIAL_GOAL = 3.0
FOUR_GOAL = 1.6
CALL_GOAL_NS = 120
CALL_GOALS = ("sum", "mean", "stddev", "min", "percentile", "dot")
FAIL_ON_ONE = ("correlation", "zscore")  # the variance of one element is zero
CONSTRUCTION_GOAL_NS = 600


def best_of(runs: Mapping[str, Run | None]) -> dict[str, float]:
    """Seconds a call, the least of interleaved rounds: what the machine does when left alone."""
    timers = {name: run.timer() for name, run in runs.items() if run}
    numbers = {}
    for name, timer in timers.items():
        timer.timeit(1)
        numbers[name] = max(1, round(ROUND_SECONDS / max(timer.timeit(3) / 3, 1e-9)))
    best = dict.fromkeys(timers, math.inf)
    for _ in range(ROUNDS):
        for name, timer in timers.items():
            best[name] = min(best[name], timer.timeit(numbers[name]) / numbers[name])
    return best


def sample(elements: int, seed: int = 1) -> numpy.ndarray:
    """Normal float32 data."""
    return numpy.random.default_rng(seed).normal(size=elements).astype(numpy.float32)


def duration(seconds: float | None) -> str:
    """Microseconds to three digits, or a dash."""
    if seconds is None:
        return "–"
    microseconds = seconds * 1e6
    digits = 3 if microseconds < 1 else 2 if microseconds < 10 else 1 if microseconds < 100 else 0
    return f"{microseconds:,.{digits}f}"


def nanoseconds(seconds: float | None) -> str:
    """Whole ones, or a dash."""
    return "–" if seconds is None else f"{seconds * 1e9:,.0f}"


def goal_cell(reached: float, wanted: float | None, at_most: bool = False) -> str:
    """The goal, and whether it is reached."""
    if wanted is None:
        return ""
    met = reached <= wanted if at_most else reached >= wanted
    return f"{'≤' if at_most else '≥'} {wanted:g} {'yes' if met else 'NO'}"


# ---- how far off they are ------------------------------------------------------------------------


def stddev_errors(libraries: Sequence[Library]) -> dict[str, float]:
    """Errors of the standard deviation of 1e6 + N(0, 1), in units of a float32's last place."""
    x = (sample(100_000) + 1e6).astype(numpy.float32)
    exact = [float(element) for element in x]
    mean = math.fsum(exact) / len(exact)
    truth = math.sqrt(math.fsum((element - mean) ** 2 for element in exact) / len(exact))
    unit = float(numpy.spacing(numpy.float32(truth)))
    errors = {}
    for library in libraries:
        run = library.bind("stddev", x, x)
        if run:
            errors[library.name] = abs(float(run.result()) - truth) / unit
    return errors


def wrong(errors: Mapping[str, float]) -> list[str]:
    """The libraries whose error is more than rounding."""
    return [name for name, error in errors.items() if error > FAITHFUL_ULP]


# ---- the tables ----------------------------------------------------------------------------------


def compare(mine: Library, others: Sequence[Library], errors: Mapping[str, float]) -> str:
    """Every operation at every size against every library."""
    rows = []
    for operation, goal in GOALS.items():
        for elements, size in SIZES.items():
            x, y = sample(elements), sample(elements, 2)
            if mine.bind(operation, x, y) is None:
                continue
            times = best_of({each.name: each.bind(operation, x, y) for each in (mine, *others)})
            barred = wrong(errors) if goal.faithful else []
            rivals = {
                name: time
                for name, time in times.items()
                if name != mine.name and name not in barred
            }
            best = min(rivals, key=rivals.__getitem__)
            ratio = rivals[best] / times[mine.name]
            inexact = [name for name in barred if name in times]
            rows.append(
                (
                    operation,
                    size,
                    duration(times[mine.name]),
                    *(duration(times.get(other.name)) for other in others),
                    best,
                    f"{ratio:.1f}×",
                    goal_cell(ratio, goal.ratios.get(elements)),
                    ", ".join(inexact),
                )
            )
    head = ("operation", "n", mine.name, *(other.name for other in others))
    return table(
        "µs a call from Python, float32, one thread",
        (*head, "best peer", "ratio", "goal", "left out: inexact"),
        rows,
    )


def accuracy(errors: Mapping[str, float]) -> str:
    """What the last column of the comparison rests on."""
    return table(
        f"Error of stddev of 1e6 + N(0, 1); over {FAITHFUL_ULP} is no peer for stddev's goal",
        ("library", "float32 ULP"),
        [(name, f"{error:,.2g}") for name, error in errors.items()],
    )


def adversarial(mine: Library) -> str:
    """Percentile on inputs that selection algorithms fear, against random ones."""
    x = sample(1_000_000)
    ordered, half = numpy.sort(x), len(x) // 2
    inputs = {
        "random": x,
        "sorted": ordered,
        "reversed": ordered[::-1].copy(),
        "constant": numpy.full_like(x, 3),
        "organ pipe": numpy.concatenate([ordered[:half], ordered[:half][::-1]]),
        "few distinct": numpy.floor(x),
    }
    times = best_of({name: mine.bind("percentile", data, data) for name, data in inputs.items()})
    rows = []
    for name, time in times.items():
        share = time / times["random"]
        goal = "" if name == "random" else goal_cell(share, ADVERSARIAL_GOAL, at_most=True)
        rows.append((name, duration(time), f"{share:.2f}×", goal))
    head = ("input", "µs", "against random", "goal")
    return table("Percentile of 1M float32 on adversarial inputs", head, rows)


def four_at_once(mine: Library) -> str:
    """Several percentiles in one call, against one."""
    rows = []
    for elements, size in SIZES.items():
        x = sample(elements)
        times = best_of({name: mine.bind(name, x, x) for name in ("percentile", "percentiles")})
        if len(times) == 2:
            one, four = times["percentile"], times["percentiles"]
            goal = goal_cell(four / one, FOUR_GOAL, at_most=True)
            rows.append((size, duration(one), duration(four), f"{four / one:.2f}×", goal))
    return table("Four percentiles against one, µs", ("n", "one", "four", "ratio", "goal"), rows)


def roof(mine: Library) -> str:
    """Bytes a second at 10⁷ elements, as a share of what memory gives a plain loop."""
    x, y = sample(ROOF_ELEMENTS), sample(ROOF_ELEMENTS, 2)
    filled = bytearray(b"\1" * x.nbytes)
    target = bytearray(filled)

    names = {"filled": filled, "target": memoryview(target)}
    plain = best_of(
        {"read": Run("filled.find(2)", names), "copy": Run("target[:] = filled", names)}
    )
    bandwidths = {"memchr": x.nbytes / plain["read"], "memcpy": 2 * x.nbytes / plain["copy"]}
    top = max(bandwidths.values())
    rows = [
        (f"{name}: the roof" if speed == top else name, f"{speed / 1e9:.1f}", f"{speed / top:.0%}")
        for name, speed in bandwidths.items()
    ]
    for operation in ("sum", "min", "stddev", "dot", "correlation"):
        run = mine.bind(operation, x, y)
        if run:
            read = x.nbytes * (2 if operation in ("dot", "correlation") else 1)
            speed = read / best_of({operation: run})[operation]
            rows.append((operation, f"{speed / 1e9:.1f}", f"{speed / top:.0%}"))
    return table("Memory bandwidth at n = 10⁷, float32", ("loop", "GB/s", "share"), rows)


def calls(mine: Library, others: Sequence[Library]) -> str:
    """What a call costs beside its work."""
    one = sample(1)
    rows = []
    for operation in GOALS:
        if mine.bind(operation, one, one) is None or operation in FAIL_ON_ONE:
            continue
        times = best_of({each.name: each.bind(operation, one, one) for each in (mine, *others)})
        cells = [nanoseconds(times.get(library.name)) for library in (mine, *others)]
        goal = CALL_GOAL_NS if operation in CALL_GOALS else None
        rows.append((operation, *cells, goal_cell(times[mine.name] * 1e9, goal, at_most=True)))
    head = ("operation", *(library.name for library in (mine, *others)), "goal")
    return table("ns a call on one float32 element", head, rows)


def construction() -> str:
    """What a vector on an array costs."""
    names = {"Vector": renacer.Vector, "x": sample(10_000)}
    seconds = best_of({"Vector": Run("Vector(x)", names)})["Vector"]
    goal = goal_cell(seconds * 1e9, CONSTRUCTION_GOAL_NS, at_most=True)
    return table(
        "ns to make a Vector on a NumPy array", ("ns", "goal"), [(nanoseconds(seconds), goal)]
    )


def main() -> None:
    """Print every table."""
    mine, others = ours(), peers()
    errors = stddev_errors((mine, *others))
    print(compare(mine, others, errors))
    print(accuracy(errors))
    print(four_at_once(mine))
    print(adversarial(mine))
    print(roof(mine))
    print(calls(mine, others))
    print(construction())


if __name__ == "__main__":
    main()
