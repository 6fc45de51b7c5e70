"""The two sides of a comparison: one run, or several pooled, and what they have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.ledger.causes import Status
from orchestrator.stats import (
    Interval,
    Pair,
    ScorePair,
    Scores,
    Tally,
    by_task,
    success_interval,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.comparison.record import RunRecord, Trial

SUBJECT_KEYS = frozenset({"agent", "model", "client_args", "client_digest", "configuration"})
"""Keys of a fingerprint that say what was run, not under which conditions."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Side:
    """A baseline or a candidate: the trials of all its runs, by task."""

    name: str
    runs: tuple[RunRecord, ...]
    trials: Mapping[Key, tuple[Trial, ...]]
    fingerprint: Mapping[str, tuple[str, ...]]

    @property
    def simulated(self) -> bool:
        """Whether any of its runs is simulated."""
        return any(run.simulated for run in self.runs)

    @property
    def real(self) -> bool:
        """Whether any of its runs is not."""
        return not all(run.simulated for run in self.runs)


def side_of(runs: Sequence[RunRecord], name: str = "") -> Side:
    """Return the side that these runs make together; at least one."""
    trials: dict[Key, tuple[Trial, ...]] = {}
    values: dict[str, dict[str, None]] = {}
    for run in runs:
        for key, results in run.trials.items():
            trials[key] = trials.get(key, ()) + results
        for key_, several in run.fingerprint.items():
            values.setdefault(key_, {}).update(dict.fromkeys(several))
    fingerprint = {key: tuple(sorted(seen)) for key, seen in sorted(values.items())}
    shown = name or (runs[0].id if len(runs) == 1 else f"{len(runs)} runs pooled")
    return Side(shown, tuple(runs), trials, fingerprint)


@dataclass(frozen=True, slots=True)
class Totals:
    """What a set of trials scored. ``rate`` is of full successes; both means are over scored."""

    expected: int
    scored: int
    infrastructure: int
    missing: int
    successes: int
    rate: float | None
    interval: Interval | None
    mean: float | None
    mean_interval: Interval | None
    worst: float
    best: float


def totals(trials: Mapping[Key, Sequence[Trial]]) -> Totals:
    """Return what the trials of these tasks scored together; ``worst`` and ``best`` over expected.

    Both intervals are for tasks like these (``stats.success_interval``, ``stats.by_task``).
    """
    every = [trial for results in trials.values() for trial in results]
    scores = [trial.score for trial in every if trial.score is not None]
    wins = sum(trial.success for trial in every)
    rate = wins / len(scores) if scores else None
    undecided = len(every) - len(scores)
    certain = math.fsum(scores)
    return Totals(
        expected=len(every),
        scored=len(scores),
        infrastructure=sum(trial.status is Status.INFRASTRUCTURE for trial in every),
        missing=sum(trial.status is Status.MISSING for trial in every),
        successes=wins,
        rate=rate,
        interval=success_interval([_successes(results) for results in trials.values()]),
        mean=certain / len(scores) if scores else None,
        mean_interval=by_task([_points(results) for results in trials.values()]),
        worst=certain / len(every) if every else 0.0,
        best=(certain + undecided) / len(every) if every else 0.0,
    )


def _points(trials: Sequence[Trial]) -> list[float]:
    return [trial.score for trial in trials if trial.score is not None]


def _successes(trials: Sequence[Trial]) -> tuple[int, int]:
    return sum(trial.success for trial in trials), sum(trial.score is not None for trial in trials)


def tally(trials: Sequence[Trial]) -> Tally:
    """Return a side's trials of one task as the paired test reads them."""
    scored = sum(trial.score is not None for trial in trials)
    return Tally(len(trials), scored, sum(trial.success for trial in trials))


def mean_score(trials: Sequence[Trial]) -> float | None:
    """Return the mean score of a task's scored trials."""
    scores = _points(trials)
    return math.fsum(scores) / len(scores) if scores else None


def pairs_of(first: Side, second: Side) -> dict[Key, Pair]:
    """Return the tasks that both sides expected, in order of domain and name."""
    common = sorted(first.trials.keys() & second.trials.keys())
    return {key: Pair(tally(first.trials[key]), tally(second.trials[key])) for key in common}


def score_pairs_of(first: Side, second: Side) -> dict[Key, ScorePair]:
    """Return the scores of the tasks that both sides expected, in the order of ``pairs_of``."""
    common = sorted(first.trials.keys() & second.trials.keys())
    return {
        key: ScorePair(_scores(first.trials[key]), _scores(second.trials[key])) for key in common
    }


def _scores(trials: Sequence[Trial]) -> Scores:
    return Scores(len(trials), tuple(trial.score for trial in trials if trial.score is not None))


@dataclass(frozen=True, slots=True)
class Unlike:
    """A key of the fingerprints whose values differ between the sides."""

    key: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    kind: Literal["subject", "condition"]


def unlike(first: Side, second: Side) -> tuple[Unlike, ...]:
    """Return every key that does not have one and the same value on both sides.

    Also one that varies within a side, although the values are the same on both: which task met
    which is then not the same.
    """
    result = []
    for key in sorted(first.fingerprint.keys() | second.fingerprint.keys()):
        pair, two = first.fingerprint.get(key, ()), second.fingerprint.get(key, ())
        if pair != two or len(pair) > 1:
            result.append(Unlike(key, pair, two, "subject" if key in SUBJECT_KEYS else "condition"))
    return tuple(result)
