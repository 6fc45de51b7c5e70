"""The power of a comparison's verdict, drawn and decided by code of the tests' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import beta

from tests.report.recomputed import paired_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.report.recomputed import Sides

CHANCES = beta(0.35, 0.9)


def power_at(difference: float, shapes: Sequence[Sides], draws: int = 240) -> float:
    """Return how often a fall of that size is called so, drawn and decided here.

    ``shapes`` are the scored and the expected trials of each task on either side; what has no score
    is then a success of the second side, which falls, and a failure of the first.
    """
    grid = logit(CHANCES.ppf((np.arange(4000) + 0.5) / 4000))

    def fall(step: float) -> float:
        return float(np.mean(expit(grid) - expit(grid - step))) - difference

    step = brentq(fall, 0, 30)
    random = np.random.default_rng(7)
    called = 0
    for _ in range(draws):
        chances = random.beta(0.35, 0.9, len(shapes))
        lower = expit(logit(np.clip(chances, 1e-12, 1 - 1e-12)) - step)
        drawn = [
            ((random.binomial(n, entry), n), (random.binomial(m, two), m))
            for ((n, _), (m, _)), entry, two in zip(shapes, chances, lower, strict=True)
        ]
        filled = [
            ((a, e), (b + f - m, f))
            for ((a, _), (b, m)), ((_, e), (_, f)) in zip(drawn, shapes, strict=True)
        ]
        called += all(_falls(pairs) for pairs in (drawn, filled))
    return called / draws


def _falls(pairs: Sequence[Sides]) -> bool:
    known = [pair for pair in pairs if pair[0][1] and pair[1][1]]
    mean = sum(second[0] / second[1] - first[0] / first[1] for first, second in known)
    return mean < 0 and paired_p(pairs) <= 0.05
