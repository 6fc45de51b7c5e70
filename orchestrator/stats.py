"""Intervals, the worst and best case, and the smallest difference a run could show.

Pure and deterministic: the only random draws are seeded. scipy is imported where it is used, so
that commands which compute nothing do not pay for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.95
ALPHA = 0.05
POWER = 0.8

DRAWS = 10_000
"""Bootstrap resamples: the Monte Carlo error of a bound is then about a hundredth of its width."""

_FEWEST_DRAWS = 2_000
_WORK = 20_000_000  # resampled values in all: beyond 2,000 tasks fewer resamples are drawn

DISCORDANCE = 0.2
"""Assumed share of tasks that two runs of unlike agents decide differently."""

_CELLS = 1_000_000  # resampled values held at once: some 30 MB, whatever the number of tasks


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


def task_bootstrap(
    tasks: Sequence[Sequence[float]], level: float = LEVEL, draws: int = DRAWS, seed: int = 0
) -> Interval | None:
    """Return the percentile bootstrap interval of the mean score, resampling whole tasks.

    The mean is over all trials. Trials of a task stay together, because they are not independent of
    each other. Source: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13.

    Args:
        tasks: The scores of each task's trials; tasks without one are passed over.
        level: The confidence level.
        draws: The number of resamples; fewer for thousands of tasks, never below 2,000.
        seed: Equal seeds give equal intervals.

    Returns:
        None for fewer than two tasks: one task says nothing about others.
    """
    known = [scores for scores in tasks if scores]
    if len(known) < 2:
        return None
    from scipy.stats import bootstrap

    found = bootstrap(
        ([math.fsum(scores) for scores in known], [float(len(scores)) for scores in known]),
        _ratio_of_sums,
        paired=True,
        vectorized=True,
        n_resamples=min(draws, max(_FEWEST_DRAWS, _WORK // len(known))),
        batch=max(1, _CELLS // len(known)),
        confidence_level=level,
        method="percentile",
        rng=seed,
    ).confidence_interval
    return Interval(float(found.low), float(found.high), level, "task-bootstrap")


def _ratio_of_sums(sums: Any, counts: Any, axis: int) -> Any:
    return sums.sum(axis=axis) / counts.sum(axis=axis)


def clustered(clusters: Sequence[Sequence[float]], level: float = LEVEL) -> Interval | None:
    """Return an interval of the mean that allows scores within a cluster to go together.

    The cluster-robust variance of a mean with the factor G/(G-1), and Student's t with G-1 degrees
    of freedom. With a dozen clusters it is indicative only. Source: A. C. Cameron, D. L. Miller,
    "A practitioner's guide to cluster-robust inference", J. Human Resources 50 (2015), section II.

    Returns:
        None for fewer than two clusters that hold a score.
    """
    known = [scores for scores in clusters if scores]
    if len(known) < 2:
        return None
    from scipy.stats import t

    total = sum(len(scores) for scores in known)
    mean = math.fsum(math.fsum(scores) for scores in known) / total
    squares = math.fsum((math.fsum(scores) - len(scores) * mean) ** 2 for scores in known)
    groups = len(known)
    error = math.sqrt(groups / (groups - 1) * squares) / total
    reach = float(t.ppf((1 + level) / 2, groups - 1)) * error
    return Interval(max(0.0, mean - reach), min(1.0, mean + reach), level, "cluster-t")


def worst_best(points: Sequence[float], undecided: int, expected: int) -> Band:
    """Return the mean over everything expected when what is undecided fails, or succeeds.

    Args:
        points: The scores that are certain.
        undecided: How many expected scores are not: not scored, or cut off by a deadline.
        expected: How many scores the run was to have; 0 gives a band of nothing, (0, 0).
    """
    if expected == 0:
        return Band(0.0, 0.0)
    certain = math.fsum(points)
    return Band(certain / expected, (certain + undecided) / expected)


def unpaired_detectable(
    total: int, rate: float, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """Return the smallest difference of two success rates that two unlike samples could show.

    The normal approximation with a common rate, two-sided. Source: J. L. Fleiss, B. Levin,
    M. C. Paik, "Statistical Methods for Rates and Proportions", 3rd ed. (2003), section 4.2.

    Args:
        total: Tasks in each of the two runs.
        rate: The success rate around which they differ.
        alpha: The two-sided level of the test.
        power: The chance to see a difference of that size.

    Returns:
        A fraction in (0, 1), or None when not even the largest difference could be seen.
    """
    if total <= 0:
        return None
    # A rate of 0 or 1 is an estimate from a finite sample; Wilson's centre is its better guess.
    z = NormalDist().inv_cdf(1 - alpha / 2)
    centre = (rate * total + z * z / 2) / (total + z * z)
    needed = (z + NormalDist().inv_cdf(power)) * math.sqrt(2 * centre * (1 - centre) / total)
    return needed if needed < 1 else None


def paired_detectable(
    total: int, discordance: float = DISCORDANCE, alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """Return the smallest difference that two runs of the same tasks could show.

    The difference at which the exact, two-sided McNemar test rejects with chance ``power`` when a
    share ``discordance`` of the tasks is decided differently. Computed by summing over the number
    of discordant tasks, without approximation. Source of the test: Q. McNemar, Psychometrika 12
    (1947), 153-157.

    Returns:
        A fraction, or None when even wholly one-sided discordance would not be seen.
    """
    if total <= 0 or mcnemar_power(total, discordance, discordance, alpha) < power:
        return None
    low, high = 0.0, discordance
    for _ in range(20):  # to within a millionth
        middle = (low + high) / 2
        if mcnemar_power(total, discordance, middle, alpha) < power:
            low = middle
        else:
            high = middle
    return high


def mcnemar_power(total: int, discordance: float, difference: float, alpha: float = ALPHA) -> float:
    """Return the chance that the exact McNemar test rejects.

    Args:
        total: Paired tasks.
        discordance: The share of tasks that one run alone solves.
        difference: By how much the first run's rate exceeds the second's, at most ``discordance``.
        alpha: The two-sided level of the test.
    """
    from scipy.stats import binom

    low = int(binom.ppf(1e-12, total, discordance))
    high = int(binom.ppf(1 - 1e-12, total, discordance))
    share = (1 + difference / discordance) / 2
    counts = list(range(low, high + 1))
    # The largest k with P(B <= k) <= alpha/2 under an even split: ppf, or one less.
    edges = binom.ppf(alpha / 2, counts, 0.5)
    edges = edges - (binom.cdf(edges, counts, 0.5) > alpha / 2)
    rejected = binom.cdf(edges, counts, share) + binom.cdf(edges, counts, 1 - share)
    chance = float((binom.pmf(counts, total, discordance) * rejected).sum())
    return min(1.0, chance)
