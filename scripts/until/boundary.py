"""When a design stops: levels that add up over the looks, and a stop for futility."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from orchestrator.stats.power import ALPHA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from scripts.until.design import Design
    from scripts.until.worlds import Looks

    Numbers = NDArray[np.float64]

_STEPS = 10
"""The level is shared out over the looks in so many parts."""

_FUTILE = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Boundary:
    """Levels of the looks, and the conditional power below which no more is bought.

    The levels add up to the level of the whole, so that its size is kept however the looks hang
    together (Bonferroni's inequality). A stop for futility can only lower it. The conditional power
    is that at the last look if the trend seen so far goes on: J. M. Lachin, "A review of methods
    for futility stopping based on conditional power", Statistics in Medicine 24 (2005), 2747-2764.
    """

    levels: tuple[float, ...]
    futile: float = 0.0


@dataclass(frozen=True, slots=True)
class Course:
    """What came of it: shares of the draws.

    Attributes:
        gained: With the verdict that the second side is ahead.
        lost: With the verdict that it is behind.
        ends: That ended at each look.
    """

    gained: float
    lost: float
    ends: tuple[float, ...]

    def cost(self, costs: tuple[float, ...]) -> float:
        """Return the mean of what it costs to end at each look."""
        return float(np.dot(self.ends, costs))


def boundaries(looks: int) -> Iterator[Boundary]:
    """Yield every way to share the level out, with every stop for futility."""
    for cuts in itertools.combinations_with_replacement(range(_STEPS + 1), looks - 1):
        edges = (0, *cuts, _STEPS)
        levels = tuple(ALPHA * (b - a) / _STEPS for a, b in itertools.pairwise(edges))
        if levels[-1] > 0:
            for futile in _FUTILE if looks > 1 else (0.0,):
                yield Boundary(levels, futile)


class Courses:
    """Plays boundaries over the looks of a design, in every draw at once."""

    def __init__(self, design: Design, looks: Looks) -> None:
        self._p, self._ahead = looks.p, looks.direction > 0
        self._shares = design.information()
        self._z = -ndtri(looks.p / 2)

    def play(self, boundary: Boundary) -> Course:
        """Return what came of a boundary."""
        running = np.ones(len(self._p), dtype=bool)
        gained, lost, ends = 0, 0, []
        for look, level in enumerate(boundary.levels):
            decided = running & (self._p[:, look] <= level) & (level > 0)
            gained += int((decided & self._ahead[:, look]).sum())
            lost += int((decided & ~self._ahead[:, look]).sum())
            going = running & ~decided & ~self._hopeless(look, boundary)
            ends.append(int(running.sum() - going.sum()))
            running = going
        total = len(self._p)
        return Course(gained / total, lost / total, tuple(end / total for end in ends))

    def _hopeless(self, look: int, boundary: Boundary) -> NDArray[np.bool_]:
        if look == len(boundary.levels) - 1:
            return np.ones(len(self._p), dtype=bool)
        share = self._shares[look]
        short = self._z[:, look] / np.sqrt(share) + ndtri(boundary.levels[-1] / 2)
        return np.asarray(ndtr(short / np.sqrt(1 - share)) < boundary.futile)
