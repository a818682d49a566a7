"""What a tracer records of what runs: rates, thresholds, caps, and counts that add up."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from renacer import ComputeTracer, ComputeTracerConfig, SpanContext
from renacer.compute.vector import Vector
from renacer.errors import InvalidInput
from tests.unit.span_memory import SpanMemory, attributes

RUNS = 4000
REASONS = ("recorded", "sampled_out", "fast", "capped", "ring_full")


def trace(config: ComputeTracerConfig, vectors: list[Vector], runs: int = RUNS) -> Any:
    """Sum the vectors in turn under a tracer; its exporter and its final counts."""
    memory = SpanMemory()
    with ComputeTracer(memory, config) as tracer:
        for run in range(runs):
            vectors[run % len(vectors)].sum()
    stats = tracer.stats()
    assert stats["operations"] == sum(stats[reason] for reason in REASONS) == runs
    assert len(memory.named("trueno: Vector::sum")) == stats["recorded"]
    return memory, stats


def assert_plausible(hits: int, tries: int, rate: float) -> None:
    """Within six standard deviations of a binomial distribution."""
    assert abs(hits - tries * rate) <= 6 * math.sqrt(tries * rate * (1 - rate)) + 1


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.5, 1.0])
def test_the_sample_rate_is_kept(rate: float) -> None:
    """The share of recorded operations is what was asked for; the rest is counted."""
    config = ComputeTracerConfig(sample_rate=rate, max_spans_per_second=None)
    _, stats = trace(config, [Vector([1.0, 2.0])])
    assert_plausible(stats["recorded"], RUNS, rate)
    assert stats["sampled_out"] == RUNS - stats["recorded"]


def test_an_operation_has_a_rate_of_its_own() -> None:
    """per_operation takes the place of sample_rate for that operation alone."""
    memory = SpanMemory()
    config = ComputeTracerConfig(
        sample_rate=0.0, per_operation={"max": 1.0}, max_spans_per_second=None
    )
    with ComputeTracer(memory, config) as tracer:
        vector = Vector([1.0, 2.0])
        for _ in range(100):
            vector.sum()
            vector.max()
    assert len(memory.named("trueno: Vector::max")) == 100
    assert not memory.named("trueno: Vector::sum")
    assert tracer.stats()["sampled_out"] == 100


def test_no_slow_operation_is_missed() -> None:
    """At a sample rate of zero every operation over the threshold is recorded, and no other."""
    small, large = Vector([1.0]), Vector([1.0] * 3_000_000)
    config = ComputeTracerConfig(sample_rate=0.0, slow_threshold_us=200.0)
    memory, stats = trace(config, [large, small], runs=40)
    durations = [
        int(str(attributes(span)["compute.duration_ns"]))
        for span in memory.named("trueno: Vector::sum")
    ]
    elements = [
        attributes(span)["compute.elements"] for span in memory.named("trueno: Vector::sum")
    ]
    assert elements.count(3_000_000) == 20
    assert min(durations) >= 200_000
    assert stats["fast"] == 40 - len(durations)


def test_fast_operations_are_sampled_at_the_product_of_their_rates() -> None:
    """Below the threshold the probability is fast_sample_rate times the sample rate."""
    config = ComputeTracerConfig(
        sample_rate=0.5, slow_threshold_us=1e9, fast_sample_rate=0.4, max_spans_per_second=None
    )
    _, stats = trace(config, [Vector([1.0])])
    assert_plausible(stats["recorded"], RUNS, 0.2)
    assert stats["fast"] == RUNS - stats["recorded"]
    assert stats["sampled_out"] == 0


def test_the_cap_holds() -> None:
    """Over the cap operations are counted as capped; one second's burst is let through."""
    _, stats = trace(ComputeTracerConfig(max_spans_per_second=50), [Vector([1.0])])
    assert stats["recorded"] >= 50
    assert stats["capped"] == RUNS - stats["recorded"]
    assert stats["capped"] > 0


def test_an_unsampled_parent_silences_everything_below() -> None:
    """Under a parent that is not sampled nothing is recorded, and all is counted as sampled out."""
    memory = SpanMemory()
    with ComputeTracer(memory, parent=SpanContext(1, 2, sampled=False)) as tracer:
        vector = Vector([1.0])
        vector.sum()
        tracer.traced_sum(vector, "quiet")
    assert memory.spans() == []
    assert tracer.stats()["sampled_out"] == 2


def test_sampling_leaves_a_users_random_numbers_alone() -> None:
    """A seeded program draws the same numbers with and without sampling."""
    random.seed(7)
    expected = random.random()
    random.seed(7)
    trace(ComputeTracerConfig(sample_rate=0.5), [Vector([1.0])], runs=100)
    assert random.random() == expected


@pytest.mark.parametrize(
    "bad",
    [
        {"sample_rate": -0.1},
        {"sample_rate": 1.1},
        {"sample_rate": math.nan},
        {"fast_sample_rate": 2.0},
        {"slow_threshold_us": -1.0},
        {"slow_threshold_us": math.inf},
        {"slow_threshold_us": math.nan},
        {"max_spans_per_second": 0},
        {"max_spans_per_second": math.inf},
        {"per_operation": {"sum": 1.5}},
        {"per_operation": {"summ": 1.0}},
    ],
)
def test_bad_configurations_are_refused(bad: dict[str, Any]) -> None:
    """A value out of range or an unknown operation raises InvalidInput at once."""
    with pytest.raises(InvalidInput):
        ComputeTracerConfig(**bad)


@pytest.mark.parametrize(
    "config",
    [
        ComputeTracerConfig(),
        ComputeTracerConfig(max_spans_per_second=None),
        ComputeTracerConfig(0.1, 250.0, 0.5, {"sum": 0.25, "mean": 1.0}, 10.0),
    ],
    ids=["usual", "uncapped", "all"],
)
def test_a_configuration_survives_as_text(config: ComputeTracerConfig) -> None:
    """What goes through an environment variable comes out the same."""
    assert ComputeTracerConfig.from_text(config.to_text()) == config


@pytest.mark.parametrize("text", ["", "yes", "{", "[1]", "3", '{"rate": 1}', '{"sample_rate": 2}'])
def test_other_text_is_refused(text: str) -> None:
    """A configuration that cannot be understood is not guessed at."""
    with pytest.raises(InvalidInput):
        ComputeTracerConfig.from_text(text)
