"""Intervals of one run's figures, and its worst and best case."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.95

_EQUAL = 1e-18  # squares of sums of scores: below this they differ by rounding alone


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided interval at ``level``; ``method`` names how it was computed."""

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class Band:
    """The mean over everything expected, at its worst and at its best."""

    worst: float
    best: float


def wilson(successes: float, total: float, level: float = LEVEL) -> Interval | None:
    """Return Wilson's score interval of a proportion, or None for an empty sample.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927); method 3 of R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872.

    Args:
        successes: Between 0 and ``total``; need not be whole (an effective sample size).
        total: The sample size.
        level: The confidence level.
    """
    if total <= 0:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    rate = successes / total
    centre = rate + z * z / (2 * total)
    spread = z * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low, high = (centre - spread) / scale, (centre + spread) / scale
    # At the ends the formula is exact; floating point is not.
    low = 0.0 if successes <= 0 else max(0.0, low)
    high = 1.0 if successes >= total else min(1.0, high)
    return Interval(low, high, level, "wilson")


def success_interval(tasks: Sequence[tuple[int, int]], level: float = LEVEL) -> Interval | None:
    """Return the interval of the success rate of tasks like these, tried as often as these.

    Wilson's, at as many tasks as the spread between the tasks' rates is worth: with one trial each
    their number; with more trials more, for each task's own chance is then known better, up to what
    the tasks differ by. Source: E. L. Korn, B. I. Graubard, "Confidence intervals for proportions
    with small expected number of positive counts estimated from survey data", Survey Methodology
    24 (1998), 193-201 (the effective sample size), with Wilson's interval.

    Args:
        tasks: Successes and scored trials of each task.
        level: The confidence level.

    Returns:
        None where nothing is scored.
    """
    rate, worth = effective_tasks(tasks)
    return None if rate is None else wilson(rate * worth, worth, level)


def share_interval(shares: Sequence[float], trials: int, level: float = LEVEL) -> Interval | None:
    """Return the interval of the mean of tasks' shares in [0, 1], each estimated from ``trials``.

    ``success_interval`` for what is no count: of shares of successes it is the same interval.
    """
    tasks = len(shares)
    if not tasks:
        return None
    mean = math.fsum(shares) / tasks
    squares = math.fsum((share - mean) ** 2 for share in shares)
    worth = float(tasks)
    if 0 < mean < 1 and squares >= _EQUAL:
        worth = min(float(tasks * trials), mean * (1 - mean) * tasks**2 / squares)
    return wilson(mean * worth, worth, level)


def effective_tasks(tasks: Sequence[tuple[int, int]]) -> tuple[float | None, float]:
    """Return the success rate over all trials, and how many single trials its error is worth."""
    known = [(won, scored) for won, scored in tasks if scored]
    trials = sum(scored for _, scored in known)
    if not trials:
        return None, 0.0
    rate = sum(won for won, _ in known) / trials
    squares = math.fsum((won - scored * rate) ** 2 for won, scored in known)
    if rate in (0.0, 1.0) or squares < _EQUAL:
        return rate, float(len(known))
    return rate, min(float(trials), rate * (1 - rate) * trials**2 / squares)


def by_task(tasks: Sequence[Sequence[float]], level: float = LEVEL) -> Interval | None:
    """Return the interval of the mean score of tasks like these, whose trials go together.

    The cluster-robust variance of a mean, with the tasks as clusters and the factor G/(G-1), and
    Student's t with G-1 degrees of freedom; with one trial each it is Student's t interval.
    Source: A. C. Cameron, D. L. Miller, "A practitioner's guide to cluster-robust inference",
    J. Human Resources 50 (2015), section II.

    Returns:
        None for fewer than two tasks that hold a score, and where all tasks have the same mean.
    """
    known = [scores for scores in tasks if scores]
    if len(known) < 2:
        return None
    from scipy.special import stdtrit

    total = sum(len(scores) for scores in known)
    mean = math.fsum(math.fsum(scores) for scores in known) / total
    squares = math.fsum((math.fsum(scores) - len(scores) * mean) ** 2 for scores in known)
    if squares < _EQUAL:
        return None
    groups = len(known)
    error = math.sqrt(groups / (groups - 1) * squares) / total
    reach = float(stdtrit(groups - 1, (1 + level) / 2)) * error
    return Interval(max(0.0, mean - reach), min(1.0, mean + reach), level, "task-t")


def worst_best(points: Sequence[float], undecided: int, expected: int) -> Band:
    """Return the mean over everything expected when what is undecided fails, or succeeds.

    Args:
        points: The scores that are certain.
        undecided: How many expected scores are not there.
        expected: How many scores the run was to have; 0 gives a band of nothing, (0, 0).
    """
    if expected == 0:
        return Band(0.0, 0.0)
    certain = math.fsum(points)
    return Band(certain / expected, (certain + undecided) / expected)
