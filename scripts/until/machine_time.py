"""What it costs in machine time to end at each look, by the product's own simulation of a fleet."""

from __future__ import annotations

import random
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.planning.simulate import BOOTS, DurationLaw, Simulation, around_one, draw
from orchestrator.planning.suite import demo_suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.planning.simulate import Timeline
    from scripts.until.design import Counts, Design

_RUNS = 10
_DELETE_S = 60.0


class Fleet:
    """So many machines, each billed from the moment it is asked for."""

    def __init__(self, workers: int, seed: int) -> None:
        self._workers, self._seed = workers, seed
        self._known: dict[tuple[bytes, int], tuple[float, float]] = {}

    def costs(self, design: Design, successes: Counts) -> tuple[float, ...]:
        """Return the machine seconds of a design that ends at each of its looks.

        The fleet is kept until a look is over. Machines that have nothing left of a round start on
        the next one's, so that a barrier costs nothing when the run goes on; when it ends there,
        what they are at is thrown away. At the last look each machine leaves when it is idle.

        Args:
            design: Whose trials.
            successes: Of each task in the runs of its history.
        """
        *barriers, last = (
            self._seconds(trials, 1 if design.baseline else 2)
            for trials in design.allocations(successes)
        )
        return (*(kept for kept, _ in barriers), last[1])

    def _seconds(self, trials: Counts, sides: int) -> tuple[float, float]:
        """Return what a fleet is billed that is kept to the end, and one that leaves when idle."""
        key = (trials.tobytes(), sides)
        if key not in self._known:
            lines = list(self._lines(np.repeat(np.arange(len(trials)), trials * sides)))
            self._known[key] = (
                fmean(line.kept_s(_DELETE_S) for line in lines),
                fmean(line.billed_s(_DELETE_S) for line in lines),
            )
        return self._known[key]

    def _lines(self, units: Counts) -> Iterator[Timeline]:
        """Play runs of units of work, each the index of its task."""
        law = DurationLaw()
        for number in range(_RUNS):
            draws = random.Random(f"{self._seed}/{number}")  # noqa: S311  # a seeded simulation
            drawn = draw(draws, demo_suite().tasks, law)
            boots = BOOTS.boots(draws, self._workers)
            believed = drawn.expected("history")
            durations = [
                drawn.durations[unit] * around_one(draws, law.history_sd) for unit in units
            ]
            simulation = Simulation([believed[unit] for unit in units])
            yield simulation.play(durations, self._workers, boots=boots)
