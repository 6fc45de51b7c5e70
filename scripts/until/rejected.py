"""What is no design: more trials of the tasks whose first outcomes, pooled over the sides, differ.

It does not know which side is ahead, and yet makes findings out of nothing: a task on which the
sides happened to differ weighs more than one on which they happened to agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.stats.many import p_and_direction
from orchestrator.stats.power import ALPHA
from scripts.until.worlds import TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from scripts.until.worlds import Chances

SUITES = 20


def findings(
    pair: Callable[[Generator], tuple[Chances, Chances]], draws: int, seed: int, *, more: int
) -> int:
    """Return in how many draws a difference is called after ``more`` trials of differing tasks.

    Each task is tried once a side; those whose two outcomes differ get the others. The draws are
    shared out among suites.
    """
    called = 0
    for child in np.random.SeedSequence(seed).spawn(SUITES):
        random = np.random.default_rng(child)
        chances = pair(random)
        for _ in range(draws // SUITES):
            called += _calls(chances, random, more)
    return called


def _calls(chances: tuple[Chances, Chances], random: Generator, more: int) -> bool:
    once = [random.random(TASKS) < side for side in chances]
    trials = np.where(once[0] != once[1], 1 + more, 1)
    first, second = (
        begun + random.binomial(trials - 1, side) for begun, side in zip(once, chances, strict=True)
    )
    p, _ = p_and_direction(first[None], second[None], trials, trials)
    return bool(p[0] <= ALPHA)
