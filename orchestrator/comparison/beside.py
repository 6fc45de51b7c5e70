"""What stands beside a verdict: how little would undo it, what to run again, what flips anyway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator import stats
from orchestrator.comparison.described import decided_on
from orchestrator.comparison.flips import Flips, flips_of
from orchestrator.comparison.rerun import Unscored, unscored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.comparison.flips import Branch
    from orchestrator.comparison.sides import Key, Side
    from orchestrator.stats import Decision, Pair, Tipping


@dataclass(frozen=True, slots=True)
class Beside:
    """``tipping`` is of a finding that its missing scores could undo, None where there is none.

    ``unscored`` are the runs that lack them; ``flips`` is None where no task was tried twice by the
    like.
    """

    tipping: Tipping | None
    unscored: tuple[Unscored, ...]
    flips: Flips | None


def beside(
    baseline: Side,
    candidates: Sequence[Side],
    paired: Sequence[Mapping[Key, Pair]],
    decisions: Mapping[int, Decision],
    branch: Branch | None,
) -> list[Beside]:
    """Return what stands beside the verdict on each candidate.

    ``paired`` are the candidates' tasks, ``decisions`` what is decided by a candidate's index.
    """
    tipping = _tipping({index: list(paired[index].values()) for index in decisions}, decisions)
    return [
        Beside(
            tipping.get(index),
            unscored(baseline, side, paired[index]),
            flips_of(baseline, side, paired[index], branch),
        )
        for index, side in enumerate(candidates)
    ]


def _tipping(
    comparisons: Mapping[int, Sequence[Pair]], decisions: Mapping[int, Decision]
) -> dict[int, Tipping]:
    every = list(comparisons.values())
    # A finding on scores has no tipping point here: successes did not decide it.
    result = {
        index: stats.tipping_point(every, place)
        for place, index in enumerate(comparisons)
        if decisions[index].survives is False and decided_on(decisions[index]) == "success"
    }
    return {index: tipping for index, tipping in result.items() if tipping is not None}
