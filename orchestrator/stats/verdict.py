"""The verdict on a comparison: what was found, and whether missing scores could undo it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from orchestrator.stats.credit import score_test
from orchestrator.stats.multiple import holm
from orchestrator.stats.paired import Pair, Significance, paired_test
from orchestrator.stats.power import ALPHA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.stats.credit import ScorePair


class _Fillable(Protocol):
    def filled(self, *, second_succeeds: bool) -> Self: ...
    def turned(self, *, up: bool) -> Self: ...


_Task = TypeVar("_Task", bound=_Fillable)

if TYPE_CHECKING:
    _Test = Callable[[Sequence[_Task]], Significance]


class Verdict(StrEnum):
    """What can be said of the second side. ``NONE``: the question does not arise."""

    BETTER = "better"
    WORSE = "worse"
    NOT_DISTINGUISHABLE = "not-distinguishable"
    UNDERPOWERED = "underpowered"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and what it rests on.

    ``p`` is on the scored pairs. ``p_worst`` is with every missing score filled against the
    finding, None where nothing was found; ``survives`` whether the finding is still there then.
    ``turn`` is what that filling makes of the difference which was found: 1 leaves its sign, 0
    no difference, and -1 turns it round, so that ``p_worst`` is the p of the opposite.
    """

    verdict: Verdict
    p: float
    p_worst: float | None
    survives: bool | None
    method: str
    turn: int | None


def decide(pairs: Sequence[Pair], alpha: float = ALPHA) -> Decision:
    """Return the verdict on one comparison; see ``decide_all``."""
    return decide_all([pairs], alpha)[0]


def decide_all(comparisons: Sequence[Sequence[Pair]], alpha: float = ALPHA) -> list[Decision]:
    """Return the verdict on each of several comparisons with one baseline.

    Better or worse: the exact paired test rejects at ``alpha``, two-sided, and still does, in the
    same direction, when every missing score is filled the worst way for that. Underpowered: had
    all tasks that differ spoken for one side, the test, so filled, could not have rejected; five
    discordant tasks never can. With several comparisons the p-values are Holm-adjusted.
    """
    return _decide_all(comparisons, paired_test, alpha)


def decide_scores(
    comparisons: Sequence[Sequence[ScorePair]], alpha: float = ALPHA
) -> list[Decision]:
    """Return the verdict on the mean score of each of several comparisons, as ``decide_all``.

    The test is ``score_test``; a missing score is filled with 0 or 1.
    """
    return _decide_all(comparisons, score_test, alpha)


def _decide_all(
    comparisons: Sequence[Sequence[_Task]], test: _Test[_Task], alpha: float
) -> list[Decision]:
    findings = [test(pairs) for pairs in comparisons]
    filled = [
        _worst(pairs, finding, test) for pairs, finding in zip(comparisons, findings, strict=True)
    ]
    adjusted = holm([finding.p for finding in findings])
    worst = holm([finding.p for finding in filled])
    return [
        _decision(pairs, replaced, against, test, alpha)
        for pairs, replaced, against in zip(
            comparisons,
            (
                Significance(p, finding.direction, finding.method)
                for p, finding in zip(adjusted, findings, strict=True)
            ),
            (
                Significance(p, finding.direction, finding.method)
                for p, finding in zip(worst, filled, strict=True)
            ),
            strict=True,
        )
    ]


def _worst(pairs: Sequence[_Task], finding: Significance, test: _Test[_Task]) -> Significance:
    return test([pair.filled(second_succeeds=finding.direction < 0) for pair in pairs])


def _decision(
    pairs: Sequence[_Task],
    finding: Significance,
    worst: Significance,
    test: _Test[_Task],
    alpha: float,
) -> Decision:
    if finding.p > alpha:
        weak = not _could_decide(pairs, test, alpha)
        verdict = Verdict.UNDERPOWERED if weak else Verdict.NOT_DISTINGUISHABLE
        return Decision(verdict, finding.p, None, None, finding.method, None)
    survives = worst.p <= alpha and worst.direction == finding.direction
    ahead = Verdict.BETTER if finding.direction > 0 else Verdict.WORSE
    verdict = ahead if survives else Verdict.NOT_DISTINGUISHABLE
    turn = worst.direction * finding.direction
    return Decision(verdict, finding.p, worst.p, survives, finding.method, turn)


def _could_decide(pairs: Sequence[_Task], test: _Test[_Task], alpha: float) -> bool:
    """Whether the same tasks differing, all in one direction, could have been a finding."""
    for up in (True, False):
        turned = [pair.turned(up=up).filled(second_succeeds=not up) for pair in pairs]
        finding = test(turned)
        if finding.p <= alpha and (finding.direction > 0) == up:
            return True
    return False
