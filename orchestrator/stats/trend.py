"""How a score moves from run to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.stats.intervals import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST_RUNS = 5
"""Of four runs in a random order one in twelve would be a trend; of five, one in sixty."""


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
        None for fewer than ``FEWEST_RUNS`` values.
    """
    if len(values) < FEWEST_RUNS:
        return None
    from scipy import stats

    result = stats.theilslopes(values, alpha=level)
    return Trend(float(result.slope), float(result.low_slope), float(result.high_slope), level)
