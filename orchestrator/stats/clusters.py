"""The interval of a mean whose tasks go together by application: few clusters, of unlike sizes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.stats.intervals import LEVEL, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

_EQUAL = 1e-18  # squares of sums of scores: below this they differ by rounding alone


def clustered(
    clusters: Sequence[Sequence[float]],
    level: float = LEVEL,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval | None:
    """Return an interval of the mean that allows values within a cluster to go together.

    The bias-reduced variance CR2 of a mean, with Student's t at Satterthwaite's degrees of
    freedom, both under a working model of independent values with one variance. With a dozen
    clusters of unlike sizes it is indicative only: a large cluster leaves few degrees of freedom,
    and an application drawn from a handful says little about others. Source: R. M. Bell,
    D. F. McCaffrey, "Bias reduction in standard errors for linear regression with multi-stage
    samples", Survey Methodology 28 (2002), 169-181; J. E. Pustejovsky, E. Tipton, "Small-sample
    methods for cluster-robust variance estimation and hypothesis testing in fixed effects models",
    J. Business & Economic Statistics 36 (2018), 672-683, for a model of nothing but an intercept.

    Args:
        clusters: The values of each cluster; those without one are passed over.
        level: The confidence level.
        bounds: Between which values lie; the interval is cut there.

    Returns:
        None for fewer than two clusters that hold a value, and where all have the same mean:
        nothing is then known of their spread.
    """
    known = [values for values in clusters if values]
    if len(known) < 2:
        return None
    from scipy.special import stdtrit

    total = sum(len(values) for values in known)
    mean = math.fsum(math.fsum(values) for values in known) / total
    squares = [(math.fsum(values) - len(values) * mean) ** 2 for values in known]
    if math.fsum(squares) < _EQUAL:
        return None
    shares = [len(values) / total for values in known]
    variance = math.fsum(
        square / (1 - share) for square, share in zip(squares, shares, strict=True)
    )
    edge = float(stdtrit(degrees_of_freedom(shares), (1 + level) / 2))
    reach = edge * math.sqrt(variance) / total
    return Interval(
        max(bounds[0], mean - reach), min(bounds[1], mean + reach), level, "cluster-cr2"
    )


def degrees_of_freedom(shares: Sequence[float]) -> float:
    """Return Satterthwaite's degrees of freedom of CR2, from the clusters' shares of the values.

    With clusters of one size it is one less than their number.
    """
    within = [share**2 for share in shares]
    between = [share**2 / (1 - share) for share in shares]
    off_diagonal = math.fsum(between) ** 2 - math.fsum(value**2 for value in between)
    return 1 / (math.fsum(within) + off_diagonal)
