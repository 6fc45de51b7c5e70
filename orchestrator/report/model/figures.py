"""The figures of one run beside its score: domains among themselves, FAIL answers, trials."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator import stats
from orchestrator.ledger.causes import Flag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.report.model.entries import TaskEntry


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A domain among the others.

    ``p`` is Fisher's, of its successes against all other domains', Holm-adjusted; ``direction``
    the sign of that difference; ``interval`` that of its score, of the rate of full successes, at
    the level of Holm's step.
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


def adjusted_domains(tasks: Iterable[TaskEntry]) -> dict[str, Adjusted]:
    """Return each domain's test against all others, and its interval, both after Holm.

    Tasks are the units of the test: the trials of each are averaged first, and the sum of these
    rates, rounded, is the number of successes.
    """
    known = _tallies(tasks)
    wins = {domain: math.fsum(won / n for won, n in each) for domain, each in known.items()}
    total, whole = sum(map(len, known.values())), math.fsum(wins.values())
    values = [
        stats.fisher(round(wins[domain]), len(each), round(whole - wins[domain]), total - len(each))
        for domain, each in known.items()
    ]
    levels = stats.holm_levels(values)
    return {
        domain: Adjusted(
            p, _beside(wins[domain], len(each), whole, total), stats.success_interval(each, level)
        )
        for (domain, each), p, level in zip(known.items(), stats.holm(values), levels, strict=True)
    }


def _tallies(tasks: Iterable[TaskEntry]) -> dict[str, list[tuple[int, int]]]:
    """Return full successes and scored trials of each task, by domain."""
    scores: dict[str, dict[str, list[float]]] = {}
    for task in tasks:
        if task.score is not None:
            scores.setdefault(task.domain, {}).setdefault(task.name, []).append(task.score)
    return {
        domain: [(sum(score >= 1.0 for score in each), len(each)) for each in named.values()]
        for domain, named in sorted(scores.items())
    }


_ROUNDING = 1e-9


def _beside(won: float, n: int, wins: float, total: int) -> int:
    """Return the sign of a domain's rate less that of all others together; 0 with no others."""
    apart = won * (total - n) - (wins - won) * n
    return (apart > _ROUNDING) - (apart < -_ROUNDING)


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
    trials = stats.over_trials(list(scores.values()))
    return None if trials is None else Repeats(trials, _flaky(scores))


def _flaky(scores: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    return tuple(
        label for label, values in scores.items() if len({value >= 1.0 for value in values}) > 1
    )
