"""The smallest differences that so many tasks could show."""

from __future__ import annotations

import math
from statistics import NormalDist

ALPHA = 0.05
POWER = 0.8

DISCORDANCE = 0.2
"""Assumed share of tasks that two runs of unlike agents decide differently."""


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
