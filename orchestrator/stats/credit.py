"""Partial credit: the mean scores of two sides of the same tasks, by dealing trials anew.

If the sides are alike, the trials of a task could as well have been dealt to them otherwise: with
one trial a side each difference could as well have had the other sign. That holds for any score,
so that it also sees what full successes do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orchestrator.stats.paired import Significance, mean_difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PERMUTATION = "score-permutation-exact"
DRAWN = "score-permutation-drawn"

DRAWS = 20_000
"""Seeded deals where there are too many to count: the error of p = 0.05 is then 0.0015."""

_GRID = 2_520
"""Scores are rounded to this part of 1: thirds to tenths are exact, and any rounding is valid."""

_ROUNDING = 1e-9
_WORK = 100_000_000  # additions of a convolution: about a tenth of a second
_OUTCOMES = 2_000  # deals of one task that are told apart


@dataclass(frozen=True, slots=True)
class Scores:
    """One side of a task: the scores that are there, of ``expected`` trials."""

    expected: int
    scored: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean score; 0 when nothing is scored."""
        return math.fsum(self.scored) / len(self.scored) if self.scored else 0.0

    def filled(self, score: float) -> Scores:
        """Return it with this score for every trial that has none."""
        more = (score,) * (self.expected - len(self.scored))
        return replace(self, scored=self.scored + more)


@dataclass(frozen=True, slots=True)
class ScorePair:
    """A task that both sides expected, with its scores."""

    first: Scores
    second: Scores

    @property
    def scored(self) -> bool:
        """Whether both sides have a score of it."""
        return bool(self.first.scored and self.second.scored)

    @property
    def difference(self) -> float:
        """By how much the second side's mean exceeds the first's."""
        return self.second.mean - self.first.mean

    @property
    def differs(self) -> bool:
        """Whether the sides' means differ by more than rounding."""
        return abs(self.difference) > _ROUNDING

    @property
    def partial(self) -> bool:
        """Whether a score is neither 0 nor 1."""
        return any(score not in (0.0, 1.0) for score in self.first.scored + self.second.scored)

    def filled(self, *, second_succeeds: bool) -> ScorePair:
        """Return it with what is missing against one side: 0 there, 1 here."""
        high, low = 1.0, 0.0
        first, second = (low, high) if second_succeeds else (high, low)
        return ScorePair(self.first.filled(first), self.second.filled(second))

    def turned(self, *, up: bool) -> ScorePair:
        """Return it with its difference turned one way: the best scores to the side ahead."""
        if not self.scored or self.difference == 0 or (self.difference > 0) == up:
            return self
        scores = sorted(self.first.scored + self.second.scored, reverse=not up)
        cut = len(self.first.scored)
        return ScorePair(
            replace(self.first, scored=tuple(scores[:cut])),
            replace(self.second, scored=tuple(scores[cut:])),
        )


def score_test(pairs: Sequence[ScorePair]) -> Significance:
    """Test whether the second side's mean score is higher, or lower; on scored pairs only.

    The largest of three p-values, as ``paired_test`` takes them for several trials: that of dealing
    each task's trials anew to its sides, exactly where the deals can be counted and else by
    ``DRAWS`` seeded ones (method ``DRAWN``); that of Student's t test over tasks, for sides that
    are unlike task by task and equal on the whole; and that of as many differing tasks as can
    decide. Source: R. A. Fisher, "The Design of Experiments" (1935), section 21; for several
    trials the stratified form, E. J. G. Pitman, Supplement to J. Royal Statistical Society 4
    (1937), 119-130; the added one of drawn deals: B. Phipson, G. K. Smyth, Statistical
    Applications in Genetics and Molecular Biology 9 (2010), article 39.
    """
    known = [pair for pair in pairs if pair.scored]
    mean = math.fsum(pair.difference for pair in known)
    differing = sum(pair.differs for pair in known)
    dealt, method = _dealt(known)
    p = max(dealt, mean_difference(known), min(1.0, 2.0 ** (1 - differing)))
    return Significance(p, (mean > _ROUNDING) - (mean < -_ROUNDING), method)


def drawn_error(p: float) -> float:
    """Return the standard error of a p-value that was counted over drawn deals."""
    return math.sqrt(p * (1 - p) / DRAWS)


def _dealt(pairs: Sequence[ScorePair]) -> tuple[float, str]:
    """Return the two-sided p-value over all deals, or drawn ones, and which of these."""
    import numpy as np

    units = math.lcm(*(len(side.scored) for pair in pairs for side in (pair.first, pair.second)))
    tasks = [task for pair in pairs if (task := _Task.of(pair, units))]
    if not tasks:
        return 1.0, PERMUTATION
    step = math.gcd(*(step for task in tasks for step in task.steps))
    seen = sum((task.seen - task.low) // step for task in tasks)
    width = 1 + sum((task.high - task.low) // step for task in tasks)
    if (
        all(task.chances for task in tasks)
        and width * sum(len(task.chances) for task in tasks) <= _WORK
    ):
        spread = np.ones(1)
        for task in tasks:
            spread = _convolved(spread, task, step)
        below, above = float(spread[: seen + 1].sum()), float(spread[seen:].sum())
        return min(1.0, 2 * min(below, above)), PERMUTATION
    return _drawn(tasks), DRAWN


@dataclass(frozen=True, slots=True)
class _Task:
    """A task's scores in whole units: its difference's extremes, and ``chances`` if countable.

    The difference of means is ``weight`` times the second side's sum, less ``offset``.
    """

    scores: tuple[int, ...]
    second: int
    weight: int
    offset: int
    seen: int
    low: int
    high: int
    chances: Mapping[int, float]

    @classmethod
    def of(cls, pair: ScorePair, units: int) -> _Task | None:
        """Return the task, None where every deal of it is the same."""
        first = [round(score * _GRID) for score in pair.first.scored]
        second = [round(score * _GRID) for score in pair.second.scored]
        scores = sorted(first + second)
        if scores[0] == scores[-1]:
            return None
        each, chosen = units // len(first), len(second)
        weight, offset = each + units // chosen, sum(scores) * each
        ways, deals = math.comb(len(scores), chosen), _deals(scores, chosen)
        return cls(
            scores=tuple(scores),
            second=chosen,
            weight=weight,
            offset=offset,
            seen=weight * sum(second) - offset,
            low=weight * sum(scores[:chosen]) - offset,
            high=weight * sum(scores[-chosen:]) - offset,
            chances={weight * total - offset: count / ways for total, count in deals.items()},
        )

    @property
    def steps(self) -> list[int]:
        """Numbers of which every difference of two of its values is a sum."""
        return [self.weight * (score - self.scores[0]) for score in self.scores]


def _deals(scores: Sequence[int], chosen: int) -> Mapping[int, int]:
    """Return how many choices of so many scores have each sum; empty where they are too many."""
    ways: list[dict[int, int]] = [{0: 1}, *({} for _ in range(chosen))]
    for score in scores:
        for count in range(chosen, 0, -1):
            into = ways[count]
            for total, number in ways[count - 1].items():
                into[total + score] = into.get(total + score, 0) + number
            if len(into) > _OUTCOMES:
                return {}
    return ways[chosen]


def _convolved(spread: Any, task: _Task, step: int) -> Any:
    import numpy as np

    result = np.zeros(len(spread) + (task.high - task.low) // step)
    for value, chance in task.chances.items():
        start = (value - task.low) // step
        result[start : start + len(spread)] += chance * spread
    return result


def _drawn(tasks: Sequence[_Task]) -> float:
    import numpy as np

    draws = np.random.default_rng(0)
    total = np.zeros(DRAWS, dtype=np.int64)
    for task in tasks:
        if task.chances:
            values, chances = zip(*task.chances.items(), strict=True)
            total += draws.choice(np.array(values), DRAWS, p=np.array(chances))
        else:
            dealt = draws.permuted(np.tile(np.array(task.scores), (DRAWS, 1)), axis=1)
            second = dealt[:, : task.second].sum(axis=1)
            total += second * task.weight - task.offset
    seen = sum(task.seen for task in tasks)
    below, above = int((total <= seen).sum()), int((total >= seen).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (DRAWS + 1))
