"""What so many trials a side would show of a difference, and what they would cost. Pure.

Power is that of the verdict itself: of the deciding test and of its gate, which counts what lacks a
score against a finding. Time and money are those of the forecast, for both sides together.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator import stats
from orchestrator.planning.forecast import assume, predict
from orchestrator.planning.plan import Plan, PlannedTask
from orchestrator.planning.schedule import DEFAULT_EXPECTED_S
from orchestrator.planning.suite import TaskKey
from orchestrator.stats import Pair, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.planning.forecast import Money

_MINUTES = 60.0
_SIDES = 2


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be found, and how it would be tried.

    ``effect``, ``power`` and ``missing`` (the share of trials without a score, on each side) are
    fractions; ``chances`` how chances of success are spread over the tasks; ``durations`` what is
    known of tasks' seconds, for as many tasks as may be. ``workers`` are machines of each run.
    """

    effect: float
    power: float
    tasks: int
    most_trials: int
    missing: float
    chances: stats.Chances
    durations: tuple[float, ...]
    workers: int
    money: Money | None = None


@dataclass(frozen=True, slots=True)
class SampleSizeRow:
    """``trials`` of each task a side: what they show, and what both sides take.

    ``detectable`` is the smallest difference that is decided with the power asked for, None where
    none is; ``power`` the chance that the effect asked for is, None where no side so much worse or
    better can be. ``usd`` is None without prices.
    """

    trials: int
    detectable: float | None
    power: float | None
    attempts: int
    machine_hours: float
    usd: float | None


def rows(question: Question) -> tuple[SampleSizeRow, ...]:
    """Return a row for 1 trial a side, for 2, and so on to the most. Seeded: always the same."""
    return tuple(_row(question, trials) for trials in range(1, question.most_trials + 1))


def enough(results: Sequence[SampleSizeRow], power: float) -> SampleSizeRow | None:
    """Return the row with the fewest trials whose power is what is wanted, None where none is."""
    return next((row for row in results if (row.power or 0.0) >= power), None)


def _row(question: Question, trials: int) -> SampleSizeRow:
    pairs = expected_pairs(question.tasks, trials, question.missing)
    ahead = _forecast(question, trials)
    return SampleSizeRow(
        trials=trials,
        detectable=stats.detectable(pairs, power=question.power, chances=question.chances),
        power=stats.chance_to_decide(pairs, question.effect, chances=question.chances),
        attempts=_SIDES * question.tasks * trials,
        machine_hours=_SIDES * ahead[0] / _MINUTES,
        usd=None if ahead[1] is None else _SIDES * ahead[1],
    )


def expected_pairs(tasks: int, trials: int, missing: float) -> list[Pair]:
    """Return tasks of so many trials a side, of which a share, drawn by chance, has no score."""
    sides = [_scored(tasks, trials, missing, seed) for seed in range(_SIDES)]
    return [
        Pair(Tally(trials, first, 0), Tally(trials, second, 0))
        for first, second in zip(*sides, strict=True)
    ]


def _scored(tasks: int, trials: int, missing: float, seed: int) -> list[int]:
    # Seeded for reproducibility; nothing here is a secret.
    lost = random.Random(seed).sample(range(tasks * trials), round(missing * tasks * trials))  # noqa: S311
    scored = [trials] * tasks
    for trial in lost:
        scored[trial // trials] -= 1
    return scored


def _forecast(question: Question, trials: int) -> tuple[float, float | None]:
    """Return one run's machine minutes and US dollars."""
    plan = _plan(question, trials)
    ahead = predict(plan, question.workers, assume(plan, fleet=True), question.money)
    return ahead.machine_minutes, ahead.usd


def _plan(question: Question, trials: int) -> Plan:
    """Return a plan of tasks that take as long as the known ones do, from short to long."""
    known = sorted(question.durations) or [DEFAULT_EXPECTED_S]
    lengths = [known[place * len(known) // question.tasks] for place in range(question.tasks)]
    tasks = [PlannedTask(TaskKey("any", f"task-{place}"), s) for place, s in enumerate(lengths)]
    return Plan(suite_digest="", tasks=tuple(reversed(tasks)), trials=trials)
