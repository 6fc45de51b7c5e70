"""Several tests at once: Holm's procedure, and intervals that go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.stats.intervals import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted so that the chance of any false finding is kept.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
    of Statistics 6 (1979), 65-70; adjusted values as in S. P. Wright, Biometrics 48 (1992).

    Args:
        values: p-values, in any order; the result is in the same one.
    """
    order = sorted(range(len(values)), key=lambda index: values[index])
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = highest
    return adjusted


def holm_levels(values: Sequence[float], level: float = LEVEL) -> list[float]:
    """Return, for each of several hypotheses, the confidence level that Holm's step gives it.

    The smallest p-value's interval has the level of Bonferroni, the largest one's ``level``.
    Source: R. C. Serlin, "Confidence intervals and the scientific method: a case for Holm on the
    range", Journal of Experimental Education 61 (1993), 350-360.
    """
    order = sorted(range(len(values)), key=lambda index: values[index])
    levels = [level] * len(values)
    for rank, index in enumerate(order):
        levels[index] = 1 - (1 - level) / (len(values) - rank)
    return levels
