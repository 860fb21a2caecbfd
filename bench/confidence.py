"""How sure a measurement is: intervals by bootstrap, and what they say about a limit."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import median
from typing import TypedDict

# Enough resamples that an interval's ends hardly move with the seed.
RESAMPLES = 2000
# The part of the resamples that lies within the interval.
LEVEL = 0.95
SEED = 20261122

MET, NOT_MET, CANNOT_TELL = "met", "not met", "cannot tell"


class Interval(TypedDict):
    """An estimate, and the interval that holds the true value with a confidence of LEVEL."""

    value: float
    low: float
    high: float


def exact(value: float) -> Interval:
    """A count, which is the same in every run or nearly so."""
    return {"value": value, "low": value, "high": value}


def bootstrap(groups: Sequence[Sequence[float]]) -> Interval:
    """The median of all values, and its interval by the percentiles of the bootstrap.

    The values of one group (the rounds of one launch of the processes, say) have something in common, so the groups are
    resampled first, and then the values within each. The
    resamples are the same in every run, so that the same measurements give the same interval.
    """
    if not groups or not all(groups):
        raise ValueError("no measurements, or a group without any")
    lot = random.Random(SEED)
    medians = sorted(
        median(
            value
            for group in lot.choices(groups, k=len(groups))
            for value in lot.choices(group, k=len(group))
        )
        for _ in range(RESAMPLES)
    )
    outside = round(RESAMPLES * (1 - LEVEL) / 2)
    return {
        "value": median(value for group in groups for value in group),
        "low": medians[outside],
        "high": medians[-1 - outside],
    }


def independent(values: Sequence[float]) -> Interval:
    """The same for values of which no two have more in common than any others: each from a process of its own, say."""
    return bootstrap([values])


def paired_ratios(
    ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]
) -> list[list[float]]:
    """The ratio within each round: what slows a round down slows both sides of it."""
    return [[one / other for one, other in zip(*group)] for group in zip(ours, theirs)]


def verdict(interval: Interval, limit: float) -> str:
    """Whether a value is at most the limit. This is said only if the whole interval lies on one side of it."""
    if interval["high"] <= limit:
        return MET
    return NOT_MET if interval["low"] > limit else CANNOT_TELL
