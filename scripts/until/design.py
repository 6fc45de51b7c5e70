"""Who buys how many trials of which task until which look; all of it fixed before the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.stats.reach import CHANCES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

MOST_TRIALS = 5
"""No task is tried more often on a side."""

KNOWN = 1_000
"""A history of so many runs: chances as good as known, which nobody's are."""


@dataclass(frozen=True, slots=True)
class Design:
    """Rounds of trials with a look after each.

    Attributes:
        looks: Trials a task, in the mean, that a side which buys has had at each look.
        baseline: Trials a task that the baseline has before, and never buys more of; 0 where both
            sides buy alike.
        history: Runs before the baseline's whose successes say on which tasks outcomes vary: these
            get more of the trials. 0 where all tasks get the same.
    """

    looks: tuple[float, ...]
    baseline: int = 0
    history: int = 0

    @property
    def name(self) -> str:
        """What a table calls it."""
        buyers = f"candidate, against {self.baseline}" if self.baseline else "both sides"
        history = "chances known" if self.history == KNOWN else f"history of {self.history}"
        return buyers + (f", {history}" if self.history else "")

    @property
    def possible(self) -> bool:
        """Whether anybody can know what it needs."""
        return self.history != KNOWN

    def allocations(self, successes: Counts) -> tuple[Counts, ...]:
        """Return the trials of each task on a side that buys, at each look.

        Args:
            successes: Of each task in the runs of the history.
        """
        return tuple(self._allocation(look, successes) for look in self.looks)

    def _allocation(self, look: float, successes: Counts) -> Counts:
        """Give every task a trial, and each further one where it lowers the variance the most.

        J. Neyman's allocation (J. Royal Statistical Society 97 (1934), 558-625), in whole trials:
        a task's variance p(1 - p) is the mean of its distribution after the history.
        """
        if not self.history:
            return np.full(len(successes), int(look))
        a, b = CHANCES[0] + successes, CHANCES[1] + self.history - successes
        variance = a * b / ((a + b) * (a + b + 1))
        trials = np.arange(1, MOST_TRIALS)
        lowered = variance[:, None] / (trials * (trials + 1))
        more = round((look - 1) * len(successes))
        order = np.argsort(-lowered, axis=None, kind="stable")[:more]
        tasks = np.unravel_index(order, lowered.shape)[0]
        return 1 + np.bincount(tasks, minlength=len(successes))

    def information(self) -> NDArray[np.float64]:
        """Return the information at each look as a share of that at the last, tasks tried alike."""
        looks = np.array(self.looks)
        shares = 1 / (1 / (self.baseline or looks) + 1 / looks)
        return np.asarray(shares / shares[-1])


AT_ONCE = {0: Design((3,)), 3: Design((3,), 3), 5: Design((2,), 5)}
"""What a design is measured by: all trials bought at once, against the same baseline.

Against five runs of a baseline two trials have the power that three have against three.
"""

_ALIKE = ((1, 3), (2, 4), (1, 2, 3), (1, 2, 4), (2, 3, 4), (1, 3, 5), (1, 2, 3, 4))
_AT_A_POOL = ((1, 2), (1, 3), (1, 2, 3))
_BY_HISTORY = ((1.5, 2.5), (1.5, 3), (1.25, 1.75, 2.5), (1.25, 1.75, 2.75), (1.5, 2, 3))

DESIGNS = tuple(
    Design(looks, baseline, history)
    for baseline, alike in ((0, _ALIKE), (3, _ALIKE), (5, _AT_A_POOL))
    for history in (0, 5, 20, KNOWN)
    for looks in (_BY_HISTORY if history else alike)
    if (baseline, history) != (5, KNOWN)  # less is saved against five, history or none
)
