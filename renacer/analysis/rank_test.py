"""Whether one sample tends to larger values than another: the Mann-Whitney U test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

__all__ = ["RankTest", "holm", "mann_whitney"]


class RankTest(NamedTuple):
    """``u`` counts the pairs in which the second sample's value is the larger, ties as a half.

    ``effect`` is u over the number of pairs: the probability that a value of the second sample
    is the larger (Vargha and Delaney's A; 0.5 means no tendency). ``p`` is two-sided.
    """

    u: float
    effect: float
    p: float


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> RankTest:
    """Test two non-empty samples without NaN.

    p comes from the normal approximation with the correction for ties and for continuity, good from
    about eight values a sample on. H. B. Mann, D. R. Whitney, Annals of Mathematical Statistics 18,
    1947; ties: M. Hollander, D. A. Wolfe, Nonparametric Statistical Methods, 1999, section 4.1;
    effect: A. Vargha, H. D. Delaney, J. of Educational and Behavioral Statistics 25 (2), 2000.
    """
    n, m = len(first), len(second)
    total = n + m
    labelled = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    rank_sum = ties = 0.0  # of the second sample; sum of t³ - t over groups of t equal values
    below = 0
    for _, group in groupby(labelled, key=lambda pair: pair[0]):
        labels = [label for _, label in group]
        size = len(labels)
        rank_sum += sum(labels) * (below + (size + 1) / 2)
        ties += size**3 - size
        below += size
    u = rank_sum - m * (m + 1) / 2
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    distance = max(abs(u - n * m / 2) - 0.5, 0.0)
    p = math.erfc(distance / math.sqrt(2 * variance)) if variance > 0 else 1.0
    return RankTest(u, u / (n * m), p)


def holm(values: Iterable[float]) -> list[float]:
    """p values adjusted for their number, in their order, at most 1.

    Rejecting those below a level keeps the chance of any false rejection below it. S. Holm,
    Scandinavian Journal of Statistics 6 (2), 1979.
    """
    given = list(values)
    adjusted = [0.0] * len(given)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(given)), key=given.__getitem__)):
        highest = max(highest, given[index] * (len(given) - place))
        adjusted[index] = min(highest, 1.0)
    return adjusted
