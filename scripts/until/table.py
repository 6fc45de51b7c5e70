"""The table's figures: the cheapest way to stop of each design, and how often nothing is called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.stats.many import p_and_direction
from orchestrator.stats.power import ALPHA, POWER
from scripts.until.boundary import Boundary, Courses, boundaries
from scripts.until.design import AT_ONCE, DESIGNS
from scripts.until.worlds import Looks, World, dealt_anew, flaky, lower, same, specialists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.until.boundary import Course, Numbers
    from scripts.until.design import Design
    from scripts.until.machine_time import Fleet

WITHIN = 0.02
"""By so much the power may be short of that at once."""

NULLS = {
    "same chances": same,
    "dealt anew": dealt_anew,
    "specialists": specialists,
    "all flaky": flaky,
}

_MOVES = 4
_SIEVE = 5  # one draw in so many is enough to sort the boundaries by cost


@dataclass(frozen=True, slots=True)
class Row:
    """A design with the boundary at which it costs the least; ``cost`` as a share of at once.

    ``boundary`` is None where no boundary has the power.
    """

    design: Design
    boundary: Boundary | None = None
    power: float = 0.0
    cost: float = float("inf")
    costs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Effect:
    """The world in which 3 v 3 at once has the wanted power.

    Attributes:
        step: By how much each task's log-odds are lower on the second side.
        power: What 3 v 3 has, in these draws.
    """

    world: World
    step: float
    power: float

    @classmethod
    def sought(cls, draws: int, seed: int) -> Effect:
        """Move the step along the normal curve of the power."""
        normal, step = NormalDist(), 0.6
        edge = normal.inv_cdf(1 - ALPHA / 2)
        for _ in range(_MOVES):
            power = play(World(lower(step), draws, seed), AT_ONCE[0], Boundary((ALPHA,))).lost
            step *= (edge + normal.inv_cdf(POWER)) / (edge + normal.inv_cdf(power))
        world = World(lower(step), draws, seed)
        return cls(world, step, play(world, AT_ONCE[0], Boundary((ALPHA,))).lost)

    def losing(self, lost: float) -> World:
        """Return the world with this share of units lost each time they run."""
        return replace(self.world, lost=lost)


@dataclass(frozen=True)
class Prices:
    """Machine time of designs as shares of that at once, against the same baseline."""

    fleet: Fleet
    world: World

    def of(self, design: Design) -> tuple[float, ...]:
        """Return the share that it costs to end at each look."""
        (whole,) = self._seconds(AT_ONCE[design.baseline])
        return tuple(seconds / whole for seconds in self._seconds(design))

    def _seconds(self, design: Design) -> tuple[float, ...]:
        return self.fleet.costs(design, self.world.successes(design.history))


def play(world: World, design: Design, boundary: Boundary) -> Course:
    """Return what comes of a design in a world."""
    return Courses(design, world.looks(design)).play(boundary)


def at_once(effect: Effect) -> Iterator[Row]:
    """Yield what designs are measured by."""
    for design in AT_ONCE.values():
        boundary = Boundary((ALPHA,))
        yield Row(design, boundary, play(effect.world, design, boundary).lost, 1.0, (1.0,))


def rows(effect: Effect, prices: Prices) -> Iterator[Row]:
    """Yield every design at its cheapest."""
    for design in DESIGNS:
        yield cheapest(design, effect.world.looks(design), prices.of(design))


def cheapest(design: Design, looks: Looks, costs: tuple[float, ...]) -> Row:
    """Search all boundaries; only those count whose power is within so much of the wanted.

    It is searched and judged on the same draws, which flatters it a little.
    """
    sieve = Courses(design, Looks(looks.p[::_SIEVE], looks.direction[::_SIEVE]))
    sieved = [(boundary, sieve.play(boundary)) for boundary in boundaries(len(design.looks))]
    likely = [pair for pair in sieved if pair[1].lost >= POWER - 2 * WITHIN]
    courses = Courses(design, looks)
    for boundary, _ in sorted(likely, key=lambda pair: pair[1].cost(costs)):
        course = courses.play(boundary)
        if course.lost >= POWER - WITHIN:
            return Row(design, boundary, course.lost, course.cost(costs), costs)
    return Row(design)


@dataclass(frozen=True, slots=True)
class Size:
    """How often a difference was called where there is none, of so many draws."""

    row: Row
    null: str
    lost: float
    called: int
    draws: int
    cost: float

    @property
    def limit(self) -> float:
        """The upper 99% limit of the chance to call a difference."""
        return upper_limit(self.called, self.draws)


def size(row: Row, null: str, world: World) -> Size:
    """Play a row where neither side is ahead."""
    assert row.boundary is not None
    course = play(world, row.design, row.boundary)
    called = round((course.gained + course.lost) * world.draws)
    return Size(row, null, world.lost, called, world.draws, course.cost(row.costs))


def first_look(tasks: int, level: float) -> float:
    """Return the largest chance that one trial a side decides, of like sides.

    The chance is linear in that of each task to differ, which is 2p(1 - p) between like sides, from
    0 to one half: in the worst suite so many tasks have one half, and the rest are certain.
    """
    return float(like_sides(tasks, level).max())


def like_sides(tasks: int, level: float) -> Numbers:
    """Return the chance that one trial a side decides, by enumeration.

    Returns:
        It for every number of tasks, from 0, that succeed every other time; the rest is certain.
    """
    from scipy.stats import binom

    counts = np.arange(tasks + 1)
    differing, gained = np.tril_indices(tasks + 1)
    task = np.arange(tasks)
    once = np.ones(tasks, dtype=int)
    second = (task < gained[:, None]).astype(int)
    first = ((task >= gained[:, None]) & (task < differing[:, None])).astype(int)
    p, _ = p_and_direction(first, second, once, once)
    chances = np.where(p <= level, binom.pmf(gained, differing, 0.5), 0.0)
    decided = np.bincount(differing, chances, minlength=tasks + 1)
    return np.asarray(binom.pmf(counts[None, :], counts[:, None], 0.5) @ decided)


def upper_limit(called: int, draws: int) -> float:
    """Return the upper 99% limit of a chance. Source: C. J. Clopper, E. S. Pearson, 1934.

    "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika
    26, 404-413.
    """
    from scipy.special import betaincinv

    return float(betaincinv(called + 1, draws - called, 0.99)) if called < draws else 1.0


def lower_limit(called: int, draws: int) -> float:
    """Return the lower 99% limit of a chance; as ``upper_limit``."""
    return 1 - upper_limit(draws - called, draws)
