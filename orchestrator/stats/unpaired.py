"""A run against numbers that were only published: unpaired, so that only much can be seen."""

from __future__ import annotations

import math

from orchestrator.stats.intervals import LEVEL, Interval, wilson


def newcombe(
    first: float, first_total: float, second: float, second_total: float, level: float = LEVEL
) -> Interval | None:
    """Return the interval of the difference of two proportions, second minus first.

    The hybrid score interval: Wilson's two intervals, put together. Source: R. G. Newcombe,
    "Interval estimation for the difference between independent proportions", Statistics in Medicine
    17 (1998), 873-890, method 10.

    Returns:
        None when a sample is empty.
    """
    interval, two = wilson(first, first_total, level), wilson(second, second_total, level)
    if interval is None or two is None:
        return None
    p, q = first / first_total, second / second_total
    low = q - p - math.hypot(q - two.low, interval.high - p)
    high = q - p + math.hypot(two.high - q, p - interval.low)
    return Interval(max(-1.0, low), min(1.0, high), level, "newcombe")


def fisher(first: int, first_total: int, second: int, second_total: int) -> float:
    """Return the two-sided p-value of Fisher's exact test; 1 when a sample is empty.

    Source: R. A. Fisher, "Statistical Methods for Research Workers" (1934), section 21.02.
    """
    from scipy import stats

    if not first_total or not second_total:
        return 1.0
    table = [[first, first_total - first], [second, second_total - second]]
    return min(1.0, float(stats.fisher_exact(table).pvalue))
