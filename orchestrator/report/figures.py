"""The figures of one run beside its score: domains among themselves, FAIL answers, trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator import stats
from orchestrator.causes import Flag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.report.entries import Score, TaskEntry


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A domain among the others.

    ``p`` is Fisher's, of its successes against all other domains', Holm-adjusted; ``direction``
    the sign of that difference; ``interval`` Wilson's, of its rate, at the level of Holm's step.
    """

    p: float
    direction: int
    interval: stats.Interval | None

    @property
    def beside(self) -> str:
        """How the domain stands to all others."""
        return {1: "above", -1: "below"}.get(self.direction, "")


@dataclass(frozen=True, slots=True)
class FailAnswers:
    """How often the last action was FAIL, of the scored: right on infeasible tasks alone."""

    infeasible: int
    infeasible_scored: int
    feasible: int
    feasible_scored: int


@dataclass(frozen=True, slots=True)
class Repeats:
    """What several trials of each task say. ``flaky`` are the tasks whose trials disagree."""

    trials: stats.Trials
    flaky: tuple[str, ...]


def adjusted_domains(domains: Sequence[tuple[str, Score]]) -> dict[str, Adjusted]:
    """Return each domain's test against all others, and its interval, both after Holm.

    Trials of a task are worth one task, as everywhere.
    """
    known = [(domain, *_whole(score)) for domain, score in domains if score.rate is not None]
    wins, total = sum(one[1] for one in known), sum(one[2] for one in known)
    values = [stats.fisher(won, n, wins - won, total - n) for _, won, n in known]
    levels = stats.holm_levels(values)
    return {
        domain: Adjusted(p, _beside(won, n, wins, total), stats.wilson(won, n, level))
        for (domain, won, n), p, level in zip(known, stats.holm(values), levels, strict=True)
    }


def _beside(won: int, n: int, wins: int, total: int) -> int:
    """Return the sign of a domain's rate less that of all others together; 0 with no others."""
    apart = won * (total - n) - (wins - won) * n
    return (apart > 0) - (apart < 0)


def _whole(score: Score) -> tuple[int, int]:
    """Return successes and tasks as whole numbers, for an exact test."""
    return round((score.rate or 0.0) * score.tasks), score.tasks


def fail_answers(tasks: Iterable[TaskEntry]) -> FailAnswers:
    """Count FAIL answers, apart for tasks where that is right and where it gives up."""
    answered = {True: 0, False: 0}
    scored = {True: 0, False: 0}
    for task in tasks:
        if task.score is not None:
            scored[task.infeasible] += 1
            answered[task.infeasible] += Flag.ANSWERED_FAIL in task.flags
    return FailAnswers(answered[True], scored[True], answered[False], scored[False])


def repeats(tasks: Iterable[TaskEntry]) -> Repeats | None:
    """Return what the trials say; None where no task has two scored ones."""
    scores: dict[str, list[float]] = {}
    for task in tasks:
        if task.score is not None:
            scores.setdefault(task.label, []).append(task.score)
    found = stats.over_trials(list(scores.values()))
    return None if found is None else Repeats(found, _flaky(scores))


def _flaky(scores: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    return tuple(
        label for label, values in scores.items() if len({value >= 1.0 for value in values}) > 1
    )
