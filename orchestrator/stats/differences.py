"""The interval of a paired difference, which never contradicts the exact test beside it."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from orchestrator.stats.intervals import LEVEL, Interval
from orchestrator.stats.power import ALPHA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.stats.paired import Pair

_HALVINGS = 50
_ROUNDING = 1e-9


def difference_interval(
    pairs: Sequence[Pair], p: float, level: float = LEVEL, alpha: float = ALPHA
) -> Interval | None:
    """Return the interval of the difference of success rates, second minus first.

    With one trial on each side of every task it is Tango's score interval, else Student's t over
    the tasks' differences. Both are less strict than the exact tests: where the test does not
    reject, the interval reaches to 0, so that it leaves 0 out where a difference was found and
    only there.

    Args:
        pairs: Tasks; those that are not scored on both sides are passed over.
        p: The p-value that decides, Holm-adjusted where it is one of several.
        level: The confidence level.
        alpha: The level of the test.

    Returns:
        None without a scored pair, and where several trials differ alike on all tasks.
    """
    known = [pair for pair in pairs if pair.scored]
    if all(pair.first.scored == pair.second.scored == 1 for pair in known):
        gained = sum(pair.difference > 0 for pair in known)
        lost = sum(pair.difference < 0 for pair in known)
        interval = paired_score(gained, lost, len(known), level)
    else:
        interval = mean_change([pair.difference for pair in known], level)
    return agreeing(interval, p, alpha)


def agreeing(interval: Interval | None, p: float, alpha: float = ALPHA) -> Interval | None:
    """Return the interval, made to reach to 0 where the test that goes with it does not reject."""
    if interval is None or p <= alpha:
        return interval
    return replace(interval, low=min(interval.low, 0.0), high=max(interval.high, 0.0))


def paired_score(gained: int, lost: int, total: int, level: float = LEVEL) -> Interval | None:
    """Return the score interval of a difference of two paired proportions; None for no pair.

    The differences at which the score test with the restricted maximum-likelihood estimate does
    not reject. It has a width also where no pair is discordant. Source: T. Tango, "Equivalence
    test and confidence interval for the difference in proportions for the paired-sample design",
    Statistics in Medicine 17 (1998), 891-908.
    """
    if total <= 0:
        return None
    edge = NormalDist().inv_cdf((1 + level) / 2)
    seen = (gained - lost) / total

    def statistic(difference: float) -> float:
        return _score(gained, lost, total, difference)

    low = _crossing(lambda difference: statistic(difference) >= edge, -1.0, seen)
    high = _crossing(lambda difference: statistic(difference) > -edge, seen, 1.0)
    return Interval(low, high, level, "paired-score")


def _score(gained: int, lost: int, total: int, difference: float) -> float:
    """Return Tango's statistic: how far what was seen is above a difference, in its own error."""
    b = (2 * total - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    chance = (math.sqrt(max(0.0, b * b - 8 * total * c)) - b) / (4 * total)
    variance = total * (2 * chance + difference * (1 - difference))
    above = gained - lost - total * difference
    if variance <= 0:
        return math.copysign(math.inf, above) if above else 0.0
    return above / math.sqrt(variance)


def _crossing(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return where a condition that holds on the left ceases to."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def mean_change(values: Sequence[float], level: float = LEVEL) -> Interval | None:
    """Return Student's t interval of a mean of differences in [-1, 1].

    Returns:
        None for fewer than two values, and where all are equal.
    """
    total = len(values)
    if total < 2 or max(values) - min(values) < _ROUNDING:
        return None
    from scipy.special import stdtrit

    mean = math.fsum(values) / total
    squares = math.fsum((value - mean) ** 2 for value in values)
    reach = float(stdtrit(total - 1, (1 + level) / 2)) * math.sqrt(squares / (total - 1) / total)
    return Interval(max(-1.0, mean - reach), min(1.0, mean + reach), level, "task-t")
