"""McNemar's test with the largest tail that two like runs could give: one trial a side.

On a fixed suite two runs of one agent differ on a task with a chance of 2p(1-p), at most one half,
and then either way alike. The chance that a test rejects is linear in each of these chances, so
that it is largest where so many tasks have one half and the others none: the number of discordant
tasks is then binomial. Enumerating how many there are gives the size of any rule without
approximation, and the test below keeps it by construction.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

FEWEST_DISCORDANT = 6
"""Fewer discordant tasks never decide: five, all one way, happen once in sixteen times."""

MOST_TASKS = 1_000
"""Beyond so many tasks the enumeration costs too much, and the conditional test is as sharp."""

_ROUNDING = 1e-9
_CELLS = 4_000_000  # tails held at once: some 30 MB


@lru_cache(maxsize=4096)
def unconditional_mcnemar(gained: int, lost: int, tasks: int) -> float:
    """Return the two-sided p-value of the exact unconditional McNemar test.

    The statistic is McNemar's ``|gained - lost| / sqrt(gained + lost)``; its p-value the largest
    chance, over all numbers of tasks with even chances, of a statistic as large, and never less
    than the normal approximation's. The second keeps tests of a dozen tasks honest for unlike
    agents with equal means, which differ on more tasks than like ones can. Source: S. Suissa,
    J. J. Shuster, "The 2 x 2 matched-pairs trial: exact unconditional design and analysis",
    Biometrics 47 (1991), 361-372, here with chances that may differ between the tasks.

    Args:
        gained: Tasks that only the second side solves.
        lost: Tasks that only the first side solves.
        tasks: All paired tasks, at most ``MOST_TASKS``.
    """
    import numpy as np

    return float(p_values(np.array([gained]), np.array([gained + lost]), tasks)[0])


def p_values(gained: Any, discordant: Any, tasks: int) -> Any:
    """Return ``unconditional_mcnemar`` of each of many outcomes of the same number of tasks."""
    import numpy as np

    squares = (2 * gained - discordant) ** 2 / np.maximum(discordant, 1)
    distinct, places = np.unique(squares, return_inverse=True)
    p = _largest_tails(distinct, tasks)[places]
    return np.where(discordant < FEWEST_DISCORDANT, 1.0, p)


@lru_cache(maxsize=32)
def critical_square(tasks: int, alpha: float) -> float | None:
    """Return the smallest squared statistic that rejects at ``alpha``; None when none does."""
    import numpy as np

    squares = _attainable(tasks)
    low, high = 0, len(squares)
    while low < high:  # the p-values fall with the statistic
        middle = (low + high) // 2
        rejects = _largest_tails(np.array([squares[middle]]), tasks)[0] <= alpha
        low, high = (low, middle) if rejects else (middle + 1, high)
    return float(squares[low]) if low < len(squares) else None


def _attainable(tasks: int) -> Any:
    """Return all squared statistics that so many tasks can give, the smallest first."""
    import numpy as np

    discordant = np.arange(FEWEST_DISCORDANT, tasks + 1)[:, None]
    excess = np.arange(tasks + 1)[None, :]
    possible = (excess <= discordant) & ((discordant - excess) % 2 == 0)
    return np.unique((excess**2 / np.maximum(discordant, 1))[possible])


def _largest_tails(squares: Any, tasks: int) -> Any:
    """Return the p-value of each squared statistic, where enough tasks are discordant."""
    import numpy as np
    from scipy.special import ndtr

    chances = _chances_of_discordant(tasks)
    batch = max(1, _CELLS // (tasks + 1))
    parts = [
        (_tails(squares[start : start + batch], tasks) @ chances.T).max(axis=1)
        for start in range(0, len(squares), batch)
    ]
    largest = np.concatenate(parts) if parts else np.empty(0)
    return np.minimum(1.0, np.maximum(largest, 2 * ndtr(-np.sqrt(squares))))


def _tails(squares: Any, tasks: int) -> Any:
    """Return, a row a squared statistic, the chance of one as large for each discordance."""
    import numpy as np
    from scipy.special import bdtr

    discordant = np.arange(tasks + 1)
    most = largest_minority(squares[:, None], discordant[None, :])
    tails = 2 * bdtr(np.maximum(most, 0), np.maximum(discordant, 1), 0.5)
    return np.where(most < 0, 0.0, np.minimum(1.0, tails))


def largest_minority(square: Any, discordant: Any) -> Any:
    """Return how many discordant tasks may go the other way at this squared statistic or above.

    Below 0 where none may, and where too few tasks are discordant to decide.
    """
    import numpy as np

    least = np.ceil(np.sqrt(square * discordant) - _ROUNDING)
    return np.where(discordant < FEWEST_DISCORDANT, -1, np.floor((discordant - least) / 2))


@lru_cache(maxsize=16)
def _chances_of_discordant(tasks: int) -> Any:
    """Return, a row a number of tasks with even chances, the chance of each discordance.

    By Pascal's recurrence: binomial with one half, without a rounding that could add up.
    """
    import numpy as np

    chances = np.zeros((tasks + 1, tasks + 1))
    chances[0, 0] = 1.0
    for even in range(tasks):
        chances[even + 1] = chances[even] / 2
        chances[even + 1, 1:] += chances[even, :-1] / 2
    return chances
