"""How a score moves from run to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.stats.intervals import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEWEST = 4


@dataclass(frozen=True, slots=True)
class Trend:
    """The change a run, with a two-sided interval at ``level``."""

    slope: float
    low: float
    high: float
    level: float


def trend(values: Sequence[float], level: float = LEVEL) -> Trend | None:
    """Return the Theil-Sen slope of values in their order, with Sen's interval.

    The median of the slopes of all pairs: one outlying run does not turn it. Source: P. K. Sen,
    "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968), 1379-1389, as
    ``scipy.stats.theilslopes`` has it.

    Returns:
        None for fewer than four values: any three may lie in a line.
    """
    if len(values) < _FEWEST:
        return None
    from scipy import stats

    found = stats.theilslopes(values, alpha=level)
    return Trend(float(found.slope), float(found.low_slope), float(found.high_slope), level)
