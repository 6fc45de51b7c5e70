"""Chances of success on two sides, and what so many trials of them give the test that decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit, logit

from orchestrator.stats.many import p_and_direction
from orchestrator.stats.power import ALPHA
from orchestrator.stats.reach import CHANCES
from scripts.until.design import MOST_TRIALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

    from scripts.until.design import Counts, Design

    Chances = NDArray[np.float64]

TASKS = 154
SUITES = 50
"""Chances are drawn so often; the draws are shared out among them."""

_ONLY_BASELINE = 15


def same(draws: Generator) -> tuple[Chances, Chances]:
    """Return the same chances twice."""
    chances = draws.beta(*CHANCES, TASKS)
    return chances, chances


def dealt_anew(draws: Generator) -> tuple[Chances, Chances]:
    """Return the same chances, but of other tasks: agents that are unlike, of equal mean."""
    chances = draws.beta(*CHANCES, TASKS)
    return chances, draws.permutation(chances)


def specialists(_: Generator) -> tuple[Chances, Chances]:
    """Return agents of equal mean: few tasks always against many now and then."""
    first = np.zeros(TASKS)
    first[:_ONLY_BASELINE] = 1.0
    second = np.where(first == 1, 0.0, _ONLY_BASELINE / (TASKS - _ONLY_BASELINE))
    return first, second


def flaky(_: Generator) -> tuple[Chances, Chances]:
    """Return one half, throughout."""
    half = np.full(TASKS, 0.5)
    return half, half


def lower(step: float) -> Callable[[Generator], tuple[Chances, Chances]]:
    """Return a world whose second side is lower by a step of the log-odds."""

    def drawn(draws: Generator) -> tuple[Chances, Chances]:
        chances = np.clip(draws.beta(*CHANCES, TASKS), 1e-12, 1 - 1e-12)
        return chances, expit(logit(chances) - step)

    return drawn


class Looks(NamedTuple):
    """The test's p and the sign of the difference, each of shape (draws, looks).

    A verdict at a level is p at most that: p is the larger of that on what is scored and that with
    what is missing filled against it, and 1 where this turns the sign.
    """

    p: NDArray[np.float64]
    direction: NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Suites of tasks with two sides' chances, and outcomes of trials of them; the same each time.

    Attributes:
        pair: Draws the chances of both sides.
        draws: Outcomes of the whole suite, over all suites.
        lost: The share of units of work that end without a score, each time they are run.
    """

    pair: Callable[[Generator], tuple[Chances, Chances]]
    draws: int
    seed: int
    lost: float = 0.0

    @cached_property
    def _suites(self) -> tuple[_Suite, ...]:
        seeds = np.random.SeedSequence(self.seed).spawn(SUITES)
        count = self.draws // SUITES
        return tuple(_Suite.drawn(self, np.random.default_rng(seed), count) for seed in seeds)

    def looks(self, design: Design) -> Looks:
        """Return what the test says at each look of a design, in each draw."""
        if self.lost:
            return self._tested(design)
        # Without losses a look does not hang on those before it: many designs share it.
        columns = [self._look(replace(design, looks=(look,))) for look in design.looks]
        return Looks(*(np.concatenate(parts, axis=1) for parts in zip(*columns, strict=True)))

    @cached_property
    def _look(self) -> Callable[[Design], Looks]:
        return cache(self._tested)

    def _tested(self, design: Design) -> Looks:
        tested = [list(suite.looks(design)) for suite in self._suites]
        p, direction = (
            np.concatenate([np.stack([look[part] for look in suite], axis=1) for suite in tested])
            for part in (0, 1)
        )
        return Looks(p, direction)

    def successes(self, runs: int) -> Counts:
        """Return the first suite's successes in so many runs of the baseline's history."""
        return self._suites[0].successes(runs)


@dataclass(frozen=True, slots=True)
class _Suite:
    """Outcomes of shape (draws, trials, tasks), and the runs a unit needs to be scored."""

    outcomes: tuple[NDArray[np.bool_], ...]
    runs: tuple[Counts, ...]
    chances: Chances
    luck: Chances

    @classmethod
    def drawn(cls, world: World, draws: Generator, count: int) -> _Suite:
        chances = world.pair(draws)
        luck = draws.random(TASKS)
        shape = (count, MOST_TRIALS, TASKS)
        outcomes = tuple(draws.random(shape, dtype=np.float32) < side for side in chances)
        runs = tuple(draws.geometric(1 - world.lost, shape[1:]) for _ in chances)
        return cls(outcomes, runs, chances[0], luck)

    def successes(self, runs: int) -> Counts:
        """Return each task's successes in the runs of the baseline's history."""
        from scipy.stats import binom

        return np.asarray(binom.ppf(self.luck, runs, self.chances), dtype=np.int64)

    def looks(self, design: Design) -> Iterator[tuple[Chances, Chances]]:
        bought = design.allocations(self.successes(design.history))
        before = np.full(TASKS, design.baseline)
        for look in range(len(bought)):
            first = (before,) if design.baseline else bought[: look + 1]
            yield _tested(self._tally(0, first), self._tally(1, bought[: look + 1]))

    def _tally(self, side: int, bought: tuple[Counts, ...]) -> tuple[Counts, Counts, Counts]:
        """Return successes, scored and expected trials: what is lost runs again before each look.

        Args:
            side: 0 for the first.
            bought: Each task's trials at each look so far.
        """
        unit = np.arange(MOST_TRIALS)[:, None]
        # A unit that was bought for this look has run twice if need be, one of the look before
        # three times.
        chances_to_run = sum((unit < trials).astype(int) for trials in bought) + 1
        scored = (unit < bought[-1]) & (self.runs[side] <= chances_to_run)
        return (self.outcomes[side] & scored).sum(axis=1), scored.sum(axis=0), bought[-1]


def _tested(
    first: tuple[Counts, Counts, Counts], second: tuple[Counts, Counts, Counts]
) -> tuple[Chances, Chances]:
    p, direction = p_and_direction(first[0], second[0], first[1], second[1])
    missing = first[2] - first[1], second[2] - second[1]
    if not (missing[0].any() or missing[1].any()):
        return p, direction
    for sign in (-1, 1):
        # What is missing succeeds on the side that is behind, and fails on the other.
        rows = (direction == sign) & (p <= ALPHA)
        behind = 0 if sign > 0 else 1
        filled = [first[0][rows], second[0][rows]]
        filled[behind] = filled[behind] + missing[behind]
        against, turned = p_and_direction(filled[0], filled[1], first[2], second[2])
        p[rows] = np.where(turned == sign, np.maximum(p[rows], against), 1.0)
    return p, direction
