"""What a report says of one task, attempt, worker or session, and of a set of scores.

All texts in it are clean: one printable line, bounded. Scores, rates and bounds are fractions of 1,
durations seconds, moments wall-clock Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.ledger.causes import Cause, Flag, Status
    from orchestrator.stats import Band, Interval


ESTIMAND = (
    "Intervals are for tasks like these, tried as often: how far another draw of such tasks could "
    "lie. More trials narrow them only as far as the tasks are alike."
)
"""What every 95% interval of a run is about."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many scores were expected, and what became of them. The three sum to ``expected``."""

    expected: int
    scored: int
    infrastructure: int
    missing: int

    @property
    def complete(self) -> bool:
        """Whether every expected score is there."""
        return self.scored == self.expected


@dataclass(frozen=True, slots=True)
class Score:
    """What a set of tasks scored.

    ``mean`` and ``rate`` (full successes) are over scored, ``band`` over expected: its worst case
    counts everything undecided as 0, its best case as 1. Undecided are the tasks without a score;
    ``timeouts`` are scored 0 (``causes.CUT_OFF``). ``interval`` is that of ``rate``,
    ``mean_interval`` that of ``mean``. ``tasks`` counts the distinct tasks with a score.
    """

    counts: Counts
    mean: float | None
    mean_interval: Interval | None
    successes: int
    partial: int
    rate: float | None
    interval: Interval | None
    band: Band
    timeouts: int
    tasks: int

    @property
    def had_timeouts_succeeded(self) -> float | None:
        """The mean over scored, had every timeout scored 1."""
        return None if self.mean is None else self.mean + self.timeouts / self.counts.scored


@dataclass(frozen=True, slots=True)
class Caveats:
    """What the headline cannot say by itself.

    ``flagged`` counts scores in doubt (``causes.SCORE_FLAGS``). The detectable differences
    are the smallest that a second run of as many tasks (paired) or a published number (unpaired)
    could show. ``clustered`` takes domains as ``clusters``: indicative.
    """

    flagged: int
    mean_without_flagged: float | None
    without_flagged_interval: Interval | None
    clustered: Interval | None
    clusters: int
    paired_detectable: float | None
    unpaired_detectable: float | None


@dataclass(frozen=True, slots=True)
class AttemptEntry:
    """One attempt at a task."""

    number: int
    worker: str
    machine: str
    session: str
    status: Status
    cause: Cause | None
    score: float | None
    message: str
    flags: tuple[Flag, ...]
    steps: int
    seconds: float
    started: float
    ended: float
    stolen: bool
    phases: Mapping[str, float]

    @property
    def grade(self) -> str:
        """What the attempt shows: its grade, or ``lost`` or ``released``."""
        if self.cause is not None and self.cause.value in ("lost", "released"):
            return self.cause.value
        return grade(self.status, self.score)


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """What happened to one trial of one task. Steps, seconds, worker are the counted attempt's."""

    domain: str
    name: str
    trial: int
    infeasible: bool
    status: Status
    cause: Cause | None
    score: float | None
    message: str
    flags: tuple[Flag, ...]
    steps: int
    seconds: float
    expected_s: float
    worker: str
    attempts: tuple[AttemptEntry, ...]
    fingerprint: Mapping[str, str]

    @property
    def grade(self) -> str:
        """``success``, ``partial`` or ``zero`` when scored, else the status."""
        return grade(self.status, self.score)

    @property
    def label(self) -> str:
        """Domain and name."""
        return f"{self.domain}/{self.name}"


def grade(status: Status, score: float | None) -> str:
    """Return how a score reads at a glance: its status, with scored ones told apart."""
    if score is None:
        return status.value
    if score >= 1.0:
        return "success"
    return "partial" if score > 0 else "zero"


@dataclass(frozen=True, slots=True)
class WorkerSpan:
    """A stretch of a worker's time. ``kind`` is a grade, ``boot``, ``lost`` or ``released``."""

    kind: str
    start: float
    end: float
    domain: str = ""
    name: str = ""
    trial: int = 0
    attempt: int = 0
    stolen: bool = False


@dataclass(frozen=True, slots=True)
class WorkerEntry:
    """One worker process. ``shard`` and ``exit_code`` are None when nothing tells them.

    ``died`` is whether its end had to be proved by somebody else; ``busy_s`` the sum of its
    attempts.
    """

    id: str
    shard: int | None
    machine: str
    session: str
    exit_code: int | None
    reason: str
    died: bool
    left_at: float
    scored: int
    stolen: int
    busy_s: float
    spans: tuple[WorkerSpan, ...]


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """One start of the run, and the workers it had."""

    id: str
    started: float
    ended: float
    who: str
    machines: int
    workers: tuple[str, ...]
