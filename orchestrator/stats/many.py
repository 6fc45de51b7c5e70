"""The paired test of many drawn comparisons at once: ``paired_test``, a row a draw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from orchestrator.stats.unconditional import MOST_TASKS, p_values

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUNDING = 1e-9
_TINY = 1e-200


def p_and_direction(first: Any, second: Any, first_trials: Any, second_trials: Any) -> Any:
    """Return the two-sided p and the sign of the difference of each row, as ``paired_test`` does.

    Args:
        first: Successes of the first side, of shape (draws, tasks).
        second: The second side's.
        first_trials: Scored trials of each task, of shape (tasks,); tasks without any on a side
            are passed over.
        second_trials: The second side's.
    """
    import numpy as np

    known = (first_trials > 0) & (second_trials > 0)
    first, second = first[:, known], second[:, known]
    trials = first_trials[known], second_trials[known]
    differences = second / trials[1] - first / trials[0]
    mean = differences.sum(axis=1)
    direction = np.where(np.abs(mean) < _ROUNDING, 0, np.sign(mean))
    if not known.any():
        return np.ones(len(first)), direction
    differing = (np.abs(differences) > _ROUNDING).sum(axis=1)
    if all((side == 1).all() for side in trials):
        return _single_trial((differences > 0).sum(axis=1), differing, int(known.sum())), direction
    fewest = np.minimum(1.0, 2.0 ** (1.0 - differing))
    bounds = (_stratified(first, second, *trials), _mean_difference(differences), fewest)
    return np.maximum.reduce(bounds), direction


def _single_trial(gained: Any, differing: Any, tasks: int) -> Any:
    import numpy as np
    from scipy.special import bdtr

    if tasks <= MOST_TASKS:
        return p_values(gained, differing, tasks)
    fewer = np.minimum(gained, differing - gained)
    return np.where(differing == 0, 1.0, np.minimum(1.0, 2 * bdtr(fewer, differing, 0.5)))


def _mean_difference(differences: Any) -> Any:
    import numpy as np
    from scipy.special import stdtr

    tasks = differences.shape[1]
    if tasks < 2:
        return np.ones(len(differences))
    mean, spread = differences.mean(axis=1), differences.std(axis=1, ddof=1)
    equal = np.where(np.abs(mean) < _ROUNDING, 1.0, 0.0)
    error = np.where(spread < _ROUNDING, 1.0, spread) / math.sqrt(tasks)
    return np.where(spread < _ROUNDING, equal, 2 * stdtr(tasks - 1, -np.abs(mean) / error))


def _stratified(first: Any, second: Any, first_trials: Any, second_trials: Any) -> Any:
    """Convolve the hypergeometric distributions of all tasks by their characteristic functions."""
    import numpy as np

    widest = int(np.minimum(first_trials, second_trials).sum())
    size = 1 << widest.bit_length()
    turns = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    logs = np.zeros((len(first), len(turns)), dtype=complex)
    seen = second.sum(axis=1)
    for shape in {(int(n), int(m)) for n, m in zip(first_trials, second_trials, strict=True)}:
        alike = (first_trials == shape[0]) & (second_trials == shape[1])
        totals = (first + second)[:, alike]
        for total, low, chances in _tables(*shape):
            count = (totals == total).sum(axis=1)
            seen = seen - low * count
            if len(chances) > 1:
                turned = np.polynomial.polynomial.polyval(turns, chances)
                turned = np.where(np.abs(turned) < _TINY, _TINY, turned)
                logs += count[:, None] * np.log(turned)
    below = np.fft.irfft(np.exp(logs), size).cumsum(axis=1)
    rows = np.arange(len(first))
    above = 1.0 - np.where(seen > 0, below[rows, np.maximum(seen - 1, 0)], 0.0)
    return np.clip(2 * np.minimum(below[rows, seen], above), 0.0, 1.0)


def _tables(first: int, second: int) -> Iterator[tuple[int, int, list[float]]]:
    """Yield each total of a task's successes, the fewest the second side can have, the chances."""
    for total in range(first + second + 1):
        low, high = max(0, total - first), min(second, total)
        ways = math.comb(first + second, total)
        yield (
            total,
            low,
            [
                math.comb(second, count) * math.comb(first, total - count) / ways
                for count in range(low, high + 1)
            ],
        )
