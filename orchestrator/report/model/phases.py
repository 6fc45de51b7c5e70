"""How long the phases of attempts took, as percentiles over a run. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.report.model.results import Results

_SHOWN = 12  # a foreign ledger may name any number of them


@dataclass(frozen=True, slots=True)
class PhaseTimes:
    """A phase's seconds: the median, what nine of ten stay below, the longest, and how many."""

    name: str
    p50_s: float
    p90_s: float
    max_s: float
    count: int

    @property
    def row(self) -> tuple[str, float, float, float, int]:
        """Its line in a table."""
        return (self.name, self.p50_s, self.p90_s, self.max_s, self.count)


def attempt_phases(results: Results) -> list[PhaseTimes]:
    """Return the phases that attempts of the run tell of, in the order in which they name them."""
    seconds: dict[str, list[float]] = {}
    for task in results.tasks:
        for attempt in task.attempts:
            for name, value in attempt.phases.items():
                if math.isfinite(value) and value >= 0:
                    seconds.setdefault(name, []).append(value)
    return [phase_of(name, values) for name, values in list(seconds.items())[:_SHOWN]]


def phase_of(name: str, values: Sequence[float]) -> PhaseTimes:
    """Return a phase's percentiles; of nothing all are 0."""
    ordered = sorted(values)
    return PhaseTimes(
        name, quantile(ordered, 0.5), quantile(ordered, 0.9), quantile(ordered, 1.0), len(ordered)
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of sorted values by the nearest rank: a value that was really seen."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
