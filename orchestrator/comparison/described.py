"""What describes a difference beside the verdict: partial credit, and applications as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator import stats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.comparison.sides import Key
    from orchestrator.stats import Decision, Interval, Pair, ScorePair

On = Literal["success", "score"]
"""What decides: full successes, or mean scores; to be fixed before the scores are seen."""


@dataclass(frozen=True, slots=True)
class Described:
    """Figures over the tasks that both sides scored; none of them decides by itself.

    ``score_test`` is ``stats.score_test``, None where all scores are 0 or 1 and so say what
    successes do; ``differing`` counts the tasks whose mean scores differ. ``clustered_interval`` is
    that of the difference of success rates, with the applications of its tasks as ``clusters``.
    """

    score_test: stats.Significance | None
    differing: int
    clustered_interval: Interval | None
    clusters: int


def describe(pairs: Mapping[Key, Pair], scores: Sequence[ScorePair]) -> Described:
    """Return what describes the tasks that are scored on both sides."""
    known = [pair for pair in scores if pair.scored]
    groups: dict[str, list[float]] = {}
    for (application, _), pair in pairs.items():
        if pair.scored:
            groups.setdefault(application, []).append(pair.difference)
    return Described(
        score_test=stats.score_test(known) if any(pair.partial for pair in known) else None,
        differing=sum(pair.differs for pair in known),
        clustered_interval=stats.clustered(list(groups.values()), bounds=(-1.0, 1.0)),
        clusters=len(groups),
    )


def decisions(
    successes: Mapping[int, Sequence[Pair]], scores: Mapping[int, Sequence[ScorePair]], on: On
) -> dict[int, Decision]:
    """Return what is decided of each of several comparisons with one baseline.

    Mean scores decide only where some score is neither 0 nor 1: else they are the successes.
    """
    if on == "score" and any(pair.partial for pairs in scores.values() for pair in pairs):
        results = stats.decide_scores(list(scores.values()))
    else:
        results = stats.decide_all(list(successes.values()))
    return dict(zip(successes, results, strict=True))


def decided_on(decision: Decision | None) -> On:
    """Return what a decision is on."""
    scores = (stats.PERMUTATION, stats.DRAWN)
    return "score" if decision is not None and decision.method in scores else "success"
