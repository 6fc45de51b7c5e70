"""How tasks' chances of success are spread: fitted to runs that were made alike."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.stats.paired import Tally

FEWEST_TASKS = 20
"""Tasks that must have been tried twice for a spread to be told from chance."""

_SMALLEST, _LARGEST = 0.02, 200.0


def fit_chances(tallies: Iterable[Tally]) -> tuple[float, float] | None:
    """Return the Beta distribution that makes the tasks' successes likeliest.

    Each task's successes are beta-binomial; how far the trials of one task agree tells how widely
    chances are spread between tasks, what runs differ by on their own included. Both parameters
    are kept within 0.02 and 200. Source: D. A. Griffiths, "Maximum likelihood estimation for the
    beta-binomial distribution and an application to the household distribution of the total number
    of cases of a disease", Biometrics 29 (1973), 637-648.

    Returns:
        None where fewer than ``FEWEST_TASKS`` tasks have two scored trials: one trial a task tells
        the mean, and nothing of the spread.
    """
    known = Counter((tally.scored, tally.successes) for tally in tallies if tally.scored)
    if sum(count for (scored, _), count in known.items() if scored > 1) < FEWEST_TASKS:
        return None
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import betaln

    scored, successes, counts = np.array([(*key, count) for key, count in known.items()]).T

    def unlikely(logs: list[float]) -> float:
        a, b = np.exp(logs)
        likelihoods = betaln(a + successes, b + scored - successes) - betaln(a, b)
        return -float((counts * likelihoods).sum())

    bounds = [(math.log(_SMALLEST), math.log(_LARGEST))] * 2
    result = minimize(unlikely, [math.log(0.5), math.log(0.5)], method="L-BFGS-B", bounds=bounds)
    a, b = (float(value) for value in np.exp(result.x))
    return a, b
