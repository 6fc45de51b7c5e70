"""What the product's exact tests must say, computed by other routes."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache

import numpy as np
from scipy.special import gammaln
from scipy.stats import norm


@lru_cache(maxsize=200)
def _trinomial(even: int) -> np.ndarray:
    """Chances of (gained, lost) where so many tasks are gained or lost with one quarter each."""
    gained, lost = np.meshgrid(np.arange(even + 1), np.arange(even + 1), indexing="ij")
    rest = even - gained - lost
    ways = gammaln(even + 1) - gammaln(gained + 1) - gammaln(lost + 1)
    logs = ways - gammaln(np.maximum(rest, 0) + 1) - even * np.log(4) + rest * np.log(2)
    return np.asarray(np.where(rest < 0, 0.0, np.exp(logs)))


def unconditional_p(gained: int, lost: int, tasks: int) -> float:
    """The p of McNemar's statistic, over every outcome of every number of even tasks."""
    if gained + lost < 6:
        return 1.0
    statistic = abs(gained - lost) / (gained + lost) ** 0.5
    tails = [0.0]
    for even in range(6, tasks + 1):
        ups, downs = np.meshgrid(np.arange(even + 1), np.arange(even + 1), indexing="ij")
        discordant = ups + downs
        out = np.abs(ups - downs) >= (statistic - 1e-9) * np.sqrt(discordant)
        tails.append(float(_trinomial(even)[out & (discordant >= 6)].sum()))
    return min(1.0, max(*tails, 2 * float(norm.sf(statistic))))


def smallest_statistic(tasks: int, alpha: float) -> float:
    """The smallest ``|gained - lost| / sqrt(gained + lost)`` that this test rejects."""
    outcomes = {
        (gained - lost) / (gained + lost) ** 0.5: (gained, lost)
        for gained in range(6, tasks + 1)
        for lost in range(min(gained, tasks - gained) + 1)
    }
    statistics = sorted(outcomes)

    def rejects(statistic: float) -> bool:
        gained, lost = outcomes[statistic]
        return unconditional_p(gained, lost, tasks) <= alpha

    return float(statistics[bisect_left(statistics, True, key=rejects)])


def chance_of_outcomes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Chances of (gained, lost) of tasks with these chances of success on the two sides."""
    table = np.zeros((len(first) + 1, len(first) + 1))
    table[0, 0] = 1.0
    for entry, two in zip(first, second, strict=True):
        gained, lost = two * (1 - entry), entry * (1 - two)
        after = table * (1 - gained - lost)
        after[1:, :] += table[:-1, :] * gained
        after[:, 1:] += table[:, :-1] * lost
        table = after
    return table
