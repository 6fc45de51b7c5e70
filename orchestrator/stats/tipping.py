"""How many of the missing scores it takes to undo a finding: its tipping point.

Every missing score ends one of two ways, for the finding or against it. The tipping point is the
fewest that end against it, the others all for it, with which the deciding test no longer finds the
same. Source of the idea: V. Liublinska, D. B. Rubin, "Sensitivity analysis for a partially missing
binary outcome in a two-arm randomized clinical trial", Statistics in Medicine 33 (2014), 4170-4185.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.stats.multiple import holm
from orchestrator.stats.paired import Pair, Significance, Tally, paired_test
from orchestrator.stats.power import ALPHA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


MOST_MISSING = 400
"""Above so many missing scores no tipping point is looked for: the cost grows with their square."""

_EXACT_MOST = 1000
"""Up to so many ways to turn fewer scores than the quick search needs, each of them is tried."""


@dataclass(frozen=True, slots=True)
class Tipping:
    """``needed`` of the ``missing`` scores, ended against a finding, are enough to undo it.

    0: it is undone even where all of them end for it (by what others miss, with several
    comparisons).
    """

    needed: int
    missing: int


def tipping_point(
    comparisons: Sequence[Sequence[Pair]], index: int = 0, alpha: float = ALPHA
) -> Tipping | None:
    """Return the tipping point of one of several comparisons with one baseline.

    The scores are turned against the finding one by one, each time that one which leaves it the
    largest p-value. With one trial a side this is the least favourable order, so that no fewer
    would do. With several trials a task two turned together can do more than the two that do most
    by themselves: there every way to turn fewer is tried, where these are not more than a thousand,
    and else the number is the quick search's. The other comparisons, for Holm's adjustment, have
    all of theirs against them, as in the verdict.

    Returns:
        None where nothing is found, where the finding holds however they had ended, and where more
        than ``MOST_MISSING`` scores are.
    """
    findings = [paired_test(pairs) for pairs in comparisons]
    mine = findings[index]
    if holm([finding.p for finding in findings])[index] > alpha:
        return None
    worst = [
        _filled(pairs, finding.direction)
        for pairs, finding in zip(comparisons, findings, strict=True)
    ]
    others = [paired_test(pairs).p for place, pairs in enumerate(worst) if place != index]

    def undone(finding: Significance) -> bool:
        return finding.direction != mine.direction or holm([finding.p, *others])[0] > alpha

    if not undone(paired_test(worst[index])):
        return None
    turning = _Turning(comparisons[index], mine.direction)
    if turning.missing > MOST_MISSING:
        return None
    quick = next(
        (needed for needed, after in enumerate(turning.steps()) if undone(after)), turning.missing
    )
    fewer = next((few for few in turning.all_fewer(quick) if any(map(undone, few[1]))), None)
    return Tipping(fewer[0] if fewer else quick, turning.missing)


def _filled(pairs: Sequence[Pair], direction: int) -> list[Pair]:
    return [pair.filled(second_succeeds=direction < 0) for pair in pairs]


@dataclass(frozen=True, slots=True)
class _Open:
    """A pair as its missing scores stand, and how many of each side may still be turned."""

    pair: Pair
    first: int
    second: int

    @property
    def left(self) -> int:
        return self.first + self.second


class _Turning:
    """Turns the missing scores of a comparison against its finding, one after the other."""

    def __init__(self, pairs: Sequence[Pair], direction: int) -> None:
        self._direction = direction
        self._known = [pair for pair in pairs if pair.complete]
        self._open = [
            _Open(
                pair.filled(second_succeeds=direction > 0),
                pair.first.expected - pair.first.scored,
                pair.second.expected - pair.second.scored,
            )
            for pair in pairs
            if not pair.complete
        ]
        self.missing = sum(open_task.left for open_task in self._open)
        self._start = tuple(self._open)
        self._several = any(max(pair.first.expected, pair.second.expected) > 1 for pair in pairs)

    def all_fewer(self, than: int) -> Iterator[tuple[int, Iterator[Significance]]]:
        """Yield each number below ``than`` with what the test says of every way to turn so many.

        Nothing where the quick search is exact, or there are too many ways.
        """
        if not self._several:
            return
        ways: list[set[tuple[_Open, ...]]] = [{self._alike(self._start)}]
        for _ in range(1, than):
            ways.append(
                {self._alike(after) for tasks in ways[-1] for after in self._further(tasks)}
            )
            if sum(map(len, ways)) > _EXACT_MOST:
                return
        yield from ((number, map(self._test, every)) for number, every in enumerate(ways))

    def _further(self, tasks: tuple[_Open, ...]) -> Iterator[tuple[_Open, ...]]:
        for place, open_task in enumerate(tasks):
            for turned in self._turns(open_task):
                yield (*tasks[:place], turned, *tasks[place + 1 :])

    @staticmethod
    def _alike(tasks: tuple[_Open, ...]) -> tuple[_Open, ...]:
        """Return tasks in one order: which of those that are alike was turned says nothing."""
        return tuple(sorted(tasks, key=repr))

    def steps(self) -> Iterator[Significance]:
        """Yield what the test says with none turned, with one, and so on to all."""
        yield self._test(self._open)
        for _ in range(self.missing):
            finding, _, self._open = max(
                self._turned(), key=lambda value: (self._harm(value[0]), value[1])
            )
            yield finding

    def _turned(self) -> Iterator[tuple[Significance, int, list[_Open]]]:
        """Yield each way to turn one more; of pairs that are alike only the first is tried.

        Of equal harm the pair with the most left is taken: its next one may do more.
        """
        tried = set()
        for place, open_task in enumerate(self._open):
            for turned in self._turns(open_task):
                if turned in tried:
                    continue
                tried.add(turned)
                after = [*self._open[:place], turned, *self._open[place + 1 :]]
                yield self._test(after), open_task.left, after

    def _turns(self, open_task: _Open) -> Iterator[_Open]:
        change = -self._direction
        if open_task.first:
            pair = Pair(_with(open_task.pair.first, -change), open_task.pair.second)
            yield _Open(pair, open_task.first - 1, open_task.second)
        if open_task.second:
            pair = Pair(open_task.pair.first, _with(open_task.pair.second, change))
            yield _Open(pair, open_task.first, open_task.second - 1)

    def _test(self, opened: Sequence[_Open]) -> Significance:
        return paired_test([*self._known, *(open_task.pair for open_task in opened)])

    def _harm(self, finding: Significance) -> tuple[bool, float]:
        return finding.direction != self._direction, finding.p


def _with(tally: Tally, more: int) -> Tally:
    return replace(tally, successes=tally.successes + more)
