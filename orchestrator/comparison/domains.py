"""The pairs of two runs by domain: what each says by itself. It describes, and decides nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator import stats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.comparison.sides import Key
    from orchestrator.stats import Interval, Pair


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A domain's pairs. ``p`` is exact and Holm-adjusted over the domains; it describes.

    ``interval`` is that of the difference in this domain by itself; it reaches to 0 unless ``p``,
    so adjusted, is at most 0.05.
    """

    domain: str
    tasks: int
    gained: int
    lost: int
    difference: float | None
    interval: Interval | None
    p: float
    baseline_rate: float | None
    candidate_rate: float | None


def domain_rows(pairs: Mapping[Key, Pair]) -> tuple[DomainRow, ...]:
    """Return a row for each domain of which a task is scored on both sides."""
    groups: dict[str, dict[Key, Pair]] = {}
    for key, pair in pairs.items():
        if pair.scored:
            groups.setdefault(key[0], {})[key] = pair
    tested = [stats.paired_test(list(group.values())).p for group in groups.values()]
    adjusted = stats.holm(tested)
    return tuple(
        _domain(domain, group, p)
        for (domain, group), p in zip(groups.items(), adjusted, strict=True)
    )


def _domain(domain: str, group: Mapping[Key, Pair], p: float) -> DomainRow:
    differences = [pair.difference for pair in group.values()]
    return DomainRow(
        domain=domain,
        tasks=len(group),
        gained=sum(value > 0 for value in differences),
        lost=sum(value < 0 for value in differences),
        difference=mean(differences),
        interval=stats.difference_interval(list(group.values()), p),
        p=p,
        baseline_rate=mean([pair.first.rate for pair in group.values()]),
        candidate_rate=mean([pair.second.rate for pair in group.values()]),
    )


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, or None of nothing."""
    return math.fsum(values) / len(values) if values else None
