"""What a run amounts to, as frozen values: the one thing that every renderer reads.

Texts and units are those of ``entries``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.report.model.entries import (
        Caveats,
        Counts,
        Score,
        SessionEntry,
        TaskEntry,
        WorkerEntry,
    )
    from orchestrator.report.model.facts import RunFacts
    from orchestrator.report.model.figures import Adjusted, FailAnswers, Repeats
    from orchestrator.report.schemas.fleet_entry import FleetEntry


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """The plan's settings that decide what a score means, as (name, value) pairs to show."""

    plan_digest: str
    suite_digest: str
    shown: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Results:
    """A run as its report tells it. ``tasks`` has every expected unit, in suite order.

    ``fleet`` is None where no machine was launched for the run, as on one machine.
    """

    facts: RunFacts
    settings: ScoreSettings
    score: Score
    caveats: Caveats
    infeasible: Score
    feasible: Score
    domains: tuple[tuple[str, Score], ...]
    adjusted: Mapping[str, Adjusted]
    fail_answers: FailAnswers
    repeats: Repeats | None
    tasks: tuple[TaskEntry, ...]
    workers: tuple[WorkerEntry, ...]
    sessions: tuple[SessionEntry, ...]
    causes: tuple[tuple[str, int], ...]
    fingerprint: Mapping[str, str]
    varying: Mapping[str, tuple[str, ...]]
    damage: tuple[str, ...]
    fleet: FleetEntry | None = None

    @property
    def counts(self) -> Counts:
        """The run's own counts."""
        return self.score.counts

    @property
    def makespan_s(self) -> float | None:
        """Seconds from start to end, when both are known."""
        span = self.facts.ended - self.facts.started
        return span if self.facts.started > 0 and span >= 0 else None
