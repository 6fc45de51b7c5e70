"""Applications as clusters, and trials dealt anew, computed by matrices and by counting deals."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag, fractional_matrix_power
from scipy.stats import t, ttest_1samp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.report.recomputed import Span

GRID = 2520


def applications_span(groups: Iterable[Sequence[float]], low: float, high: float) -> Span:
    """Return the CR2 interval of a mean by Bell and McCaffrey's own matrices, cut at the ends."""
    known = [np.array(group, dtype=float) for group in groups if len(group)]
    values = np.concatenate(known)
    count = len(values)
    residual_maker = np.eye(count) - np.ones((count, count)) / count
    adjusted = []
    for group in known:
        size = len(group)
        own = np.eye(size) - np.ones((size, size)) / count
        adjusted.append(np.ones(size) @ fractional_matrix_power(own, -0.5).real / count)
    weights = block_diag(*adjusted)  # a row a cluster
    parts = weights @ (values - values.mean())
    shape = weights @ residual_maker @ weights.T
    freedom = np.trace(shape) ** 2 / (shape**2).sum()
    reach = t.ppf(0.975, freedom) * math.sqrt((parts**2).sum())
    mean = float(values.mean())
    return max(low, mean - reach), min(high, mean + reach)


def dealing_p(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> float:
    """Return the p of mean scores: every deal of each task's trials counted, then t and counts."""
    units = math.lcm(*(len(side) for pair in pairs for side in pair))
    spread, seen = np.ones(1), 0
    for number, two in pairs:
        pooled = [round(score * GRID) for score in (*number, *two)]
        deals: Counter[int] = Counter()
        for chosen in itertools.combinations(range(len(pooled)), len(two)):
            theirs = sum(pooled[place] for place in chosen)
            deals[_apart(theirs, sum(pooled) - theirs, len(two), len(number), units)] += 1
        low, high = min(deals), max(deals)
        after = np.zeros(len(spread) + high - low)
        for value, ways in deals.items():
            start = value - low
            after[start : start + len(spread)] += ways / deals.total() * spread
        spread = after
        result = sum(pooled[len(number) :])
        seen += _apart(result, sum(pooled) - result, len(two), len(number), units) - low
    dealt = min(1.0, 2 * min(spread[: seen + 1].sum(), spread[seen:].sum()))
    changes = [statistics.fmean(two) - statistics.fmean(value) for value, two in pairs]
    differing = sum(abs(change) > 1e-9 for change in changes)
    return max(
        float(dealt), float(ttest_1samp(changes, 0).pvalue), min(1.0, 2.0 ** (1 - differing))
    )


def _apart(theirs: int, ours: int, second: int, first: int, units: int) -> int:
    return theirs * (units // second) - ours * (units // first)
