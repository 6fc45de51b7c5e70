"""The smallest differences that so many tasks could show."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

from orchestrator.stats.unconditional import MOST_TASKS, critical_square, largest_minority

ALPHA = 0.05
POWER = 0.8


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


def mcnemar_power(total: int, discordance: float, difference: float, alpha: float = ALPHA) -> float:
    """Return the chance that ``single_trial_test`` rejects, by summing over every outcome.

    Args:
        total: Paired tasks.
        discordance: The share of tasks that one run alone solves, above 0.
        difference: By how much the first run's rate exceeds the second's, at most ``discordance``.
        alpha: The two-sided level of the test.
    """
    import numpy as np
    from scipy.special import bdtr
    from scipy.stats import binom

    low = int(binom.ppf(1e-12, total, discordance))
    high = int(binom.ppf(1 - 1e-12, total, discordance))
    share = (1 + difference / discordance) / 2
    counts = np.arange(low, high + 1)
    most = _largest_minority(counts, total, alpha)
    fewer, of = np.maximum(most, 0), np.maximum(counts, 1)
    rejected = np.where(most < 0, 0.0, bdtr(fewer, of, share) + bdtr(fewer, of, 1 - share))
    chance = float((binom.pmf(counts, total, discordance) * rejected).sum())
    return min(1.0, chance)


def _largest_minority(counts: Any, total: int, alpha: float) -> Any:
    """Return how many of each number of discordant tasks may go the other way in a finding."""
    import numpy as np
    from scipy.stats import binom

    if total <= MOST_TASKS:
        square = critical_square(total, alpha)
        return np.full(len(counts), -1) if square is None else largest_minority(square, counts)
    # The largest k with P(B <= k) <= alpha/2 under an even split: ppf, or one less.
    edges = binom.ppf(alpha / 2, counts, 0.5)
    return edges - (binom.cdf(edges, counts, 0.5) > alpha / 2)
