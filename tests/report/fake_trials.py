"""A played run of several trials of each task: most tasks are stable, some are flaky."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.report.fake_run import Ending, FakeRun, Play, plan_of

if TYPE_CHECKING:
    from orchestrator.planning.suite import TaskKey, Unit

STABLE = 0.85
"""The share of tasks whose trials mostly end alike."""


class TrialsPlay(Play):
    """Draws each task's bent once: an attempt with a score follows it, or is a coin's throw."""

    def __init__(self, run: FakeRun, draws: random.Random) -> None:
        super().__init__(run, draws, complete=False)
        tasks = dict.fromkeys(unit.task for unit in run.plan.units)
        self._bents = {task: self._bent() for task in tasks}

    def _bent(self) -> float:
        return 0.5 if self.draws.random() > STABLE else float(self.draws.random() < 0.4)

    def ending(self, unit: Unit, attempt: int) -> Ending:
        score, cause, flags = super().ending(unit, attempt)
        return score if score is None else self._score(unit.task), cause, flags

    def _score(self, task: TaskKey) -> float:
        return float(self.draws.random() < self._bents[task])


def trials_run(trials: int = 3, seed: int = 4) -> FakeRun:
    """Return 154 tasks, ``trials`` times each, on 10 workers; some are lost."""
    run = FakeRun(plan_of(trials=trials), workers=10)
    TrialsPlay(run, random.Random(seed)).play()
    return run
