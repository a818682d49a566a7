"""The Mann-Whitney test against its definition, exact permutation counts and its own promise."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renacer.analysis.rank_test import holm, mann_whitney

samples = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=12)


@given(samples, samples)
def test_u_counts_pairs(first: list[float], second: list[float]) -> None:
    """U is the number of pairs whose second value is larger, ties as a half."""
    test = mann_whitney(first, second)
    pairs = sum((b > a) + (b == a) / 2 for a in first for b in second)
    assert test.u == pairs
    assert test.effect == pytest.approx(pairs / (len(first) * len(second)))
    assert 0 <= test.p <= 1


@given(samples, samples)
def test_swapping_the_samples_mirrors_the_effect(first: list[float], second: list[float]) -> None:
    """The two-sided p is the same either way round."""
    one, other = mann_whitney(first, second), mann_whitney(second, first)
    assert one.p == pytest.approx(other.p)
    assert one.effect == pytest.approx(1 - other.effect)


@pytest.mark.parametrize("values", [range(16), [0, 0, 1, 1, 1, 2, 3, 3, 4, 5, 5, 5, 5, 6, 7, 8]])
def test_p_is_near_the_exact_one(values: list[int]) -> None:
    """With eight values each p is within 0.01 of counting all 12870 ways to split them."""
    indices = range(16)

    def u(chosen: tuple[int, ...]) -> float:
        first = [values[i] for i in indices if i not in chosen]
        return sum((values[b] > a) + (values[b] == a) / 2 for b in chosen for a in first)

    distances = sorted(abs(u(chosen) - 32) for chosen in combinations(indices, 8))
    for chosen in [
        (8, 9, 10, 11, 12, 13, 14, 15),
        (0, 1, 2, 3, 4, 5, 6, 9),
        (3, 5, 7, 9, 10, 12, 14, 15),
    ]:
        first = [float(values[i]) for i in indices if i not in chosen]
        second = [float(values[i]) for i in chosen]
        distance = abs(u(chosen) - 32)
        exact = sum(d >= distance for d in distances) / len(distances)
        assert mann_whitney(first, second).p == pytest.approx(exact, abs=0.01)


def test_equal_distributions_are_told_apart_as_rarely_as_promised() -> None:
    """Of 4000 pairs of samples of one distribution about 5 % have p < 0.05."""
    source = random.Random(7)
    found = sum(
        mann_whitney([source.expovariate(1) for _ in range(30)],
                     [source.expovariate(1) for _ in range(25)]).p < 0.05
        for _ in range(4000)
    )  # fmt: skip
    assert 130 < found < 260


def test_all_values_equal_is_no_difference() -> None:
    """No spread at all gives p = 1, not a division by zero."""
    assert mann_whitney([1.0] * 30, [1.0] * 30) == (450.0, 0.5, 1.0)


def test_holm_adjusts_in_order_and_never_beyond_one() -> None:
    """The worked example of the method, and the empty family."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
