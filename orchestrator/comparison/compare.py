"""Compares candidates with a baseline, task by task: the verdict, and what describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator import stats
from orchestrator.comparison.beside import Beside, beside
from orchestrator.comparison.described import (
    Described,
    On,
    decided_on,
    decisions,
    describe,
)
from orchestrator.comparison.domains import DomainRow, domain_rows, mean
from orchestrator.comparison.inputs import input_problems
from orchestrator.comparison.sides import (
    Key,
    Side,
    Unlike,
    pairs_of,
    score_pairs_of,
    unlike,
)
from orchestrator.errors import BadInputError
from orchestrator.ledger.causes import CUT_OFF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.comparison.flips import Branch
    from orchestrator.comparison.published import Against
    from orchestrator.stats import Decision, Interval, Pair, ScorePair, Tally

Kind = Literal["lost", "gained", "rate-down", "rate-up", "undecided"]
KINDS: tuple[Kind, ...] = ("lost", "gained", "rate-down", "rate-up", "undecided")


@dataclass(frozen=True, slots=True)
class Changed:
    """A task that the sides decided differently, or that one of them did not score."""

    key: Key
    kind: Kind


@dataclass(frozen=True, slots=True)
class Paired:
    """The tasks that both sides expected; differences are candidate minus baseline.

    ``tasks`` are scored on both sides, and are ``both`` + ``tied`` + ``gained`` + ``lost`` +
    ``neither``: successes of every trial, the same rate in between, more often, less often, of no
    trial. ``unscored`` are those that are not; ``undecided`` lack the score of a trial or more,
    and may be of either. ``gained_cut_off`` counts those of ``gained`` of which the baseline's
    trial was cut off, ``lost_cut_off`` those of ``lost`` of which the candidate's was.

    Rates and scores of a task are means over its scored trials, so that every task weighs the
    same. ``detectable`` is ``stats.detectable``; ``trials`` the fewest and the most scored trials
    of a paired task on either side.
    """

    tasks: int
    unscored: int
    undecided: int
    only_baseline: int
    only_candidate: int
    both: int
    tied: int
    gained: int
    lost: int
    neither: int
    gained_cut_off: int
    lost_cut_off: int
    difference: float | None
    interval: Interval | None
    score_difference: float | None
    score_interval: Interval | None
    wilcoxon: stats.Significance | None
    detectable: float | None
    trials: tuple[tuple[int, int], tuple[int, int]]
    described: Described

    @property
    def direction(self) -> int:
        """The sign of the difference of the success rates."""
        return ((self.difference or 0) > 0) - ((self.difference or 0) < 0)

    @property
    def discordance(self) -> float | None:
        """The share of tasks on which the sides differ."""
        return (self.gained + self.lost) / self.tasks if self.tasks else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate against the baseline. ``decision`` is None where no verdict may be given."""

    side: Side
    decision: Decision | None
    paired: Paired
    domains: tuple[DomainRow, ...]
    changed: tuple[Changed, ...]
    unlike: tuple[Unlike, ...]
    beside: Beside

    @property
    def on(self) -> On:
        """What the decision is on."""
        return decided_on(self.decision)

    @property
    def direction(self) -> int:
        """The sign of the difference that decides."""
        if self.on == "success":
            return self.paired.direction
        moved = self.paired.score_difference or 0.0
        return (moved > 0) - (moved < 0)

    @property
    def verdict(self) -> stats.Verdict:
        """The verdict, ``NONE`` where none may be given."""
        return self.decision.verdict if self.decision else stats.Verdict.NONE


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidates against one baseline, and runs against published numbers."""

    baseline: Side
    candidates: tuple[Candidate, ...]
    against: tuple[Against, ...] = ()

    @property
    def simulated(self) -> bool:
        """Whether anything in it is simulated."""
        return self.baseline.simulated or any(
            candidate.side.simulated for candidate in self.candidates
        )


def compare(
    baseline: Side,
    candidates: Sequence[Side],
    against: Sequence[Against] = (),
    *,
    on: On = "success",
    branch: Branch | None = None,
) -> Comparison:
    """Compare each candidate with the baseline, which is of ``branch``; ``on`` says what decides.

    Raises:
        BadInputError: A run is there twice, or has no task in common; with every such problem.
    """
    if problems := input_problems(baseline, candidates):
        raise BadInputError(problems)
    paired = [pairs_of(baseline, side) for side in candidates]
    # Only what may be decided enters Holm's adjustment.
    fit = [index for index, side in enumerate(candidates) if comparable(baseline, side)]
    scores = [score_pairs_of(baseline, side) for side in candidates]
    decided = decisions(
        {index: list(paired[index].values()) for index in fit},
        {index: list(scores[index].values()) for index in fit},
        on,
    )
    stands_beside = beside(baseline, candidates, paired, decided, branch)
    return Comparison(
        baseline,
        tuple(
            _candidate(
                baseline,
                side,
                (paired[index], scores[index]),
                decided.get(index),
                stands_beside[index],
            )
            for index, side in enumerate(candidates)
        ),
        tuple(against),
    )


def comparable(first: Side, second: Side) -> bool:
    """Whether a verdict may be given: a simulated run says nothing about a real one."""
    simulated, real = first.simulated or second.simulated, first.real or second.real
    return not (simulated and real)


_Both = tuple["Mapping[Key, Pair]", "Mapping[Key, ScorePair]"]
"""A task's successes on the two sides, and its scores."""


def _candidate(
    baseline: Side,
    side: Side,
    both: _Both,
    decision: Decision | None,
    stands_beside: Beside,
) -> Candidate:
    pairs, _ = both
    return Candidate(
        side=side,
        decision=decision,
        paired=_paired(baseline, side, both, decision),
        domains=domain_rows(pairs),
        changed=_changed(pairs),
        unlike=unlike(baseline, side),
        beside=stands_beside,
    )


def _paired(baseline: Side, side: Side, both: _Both, decision: Decision | None) -> Paired:
    pairs, every = both
    known = {key: pair for key, pair in pairs.items() if pair.scored}
    differences = [pair.difference for pair in known.values()]
    scores = [every[key].difference for key in known]
    described = describe(pairs, list(every.values()))
    gained = sum(value > 0 for value in differences)
    lost = sum(value < 0 for value in differences)
    rates = [(pair.first.rate, pair.second.rate) for pair in known.values()]
    return Paired(
        tasks=len(known),
        unscored=len(pairs) - len(known),
        undecided=sum(not pair.complete for pair in pairs.values()),
        only_baseline=len(baseline.trials.keys() - pairs.keys()),
        only_candidate=len(side.trials.keys() - pairs.keys()),
        both=sum(value == two == 1.0 for value, two in rates),
        tied=sum(value == two and 0.0 < value < 1.0 for value, two in rates),
        gained=gained,
        lost=lost,
        neither=sum(value == two == 0.0 for value, two in rates),
        gained_cut_off=_cut_off(baseline, [key for key in known if known[key].difference > 0]),
        lost_cut_off=_cut_off(side, [key for key in known if known[key].difference < 0]),
        difference=mean(differences),
        interval=stats.difference_interval(list(known.values()), _p(known, decision)),
        score_difference=mean(scores),
        score_interval=stats.agreeing(stats.mean_change(scores), _score_p(described, decision)),
        wilcoxon=stats.wilcoxon(scores),
        detectable=stats.detectable(pairs.values()),
        trials=(
            _trials(pair.first for pair in known.values()),
            _trials(pair.second for pair in known.values()),
        ),
        described=described,
    )


def _p(known: Mapping[Key, Pair], decision: Decision | None) -> float:
    """Return the p that decides on successes; where none does, that of the same test."""
    return (
        decision.p
        if decision and decided_on(decision) == "success"
        else stats.paired_test(list(known.values())).p
    )


def _score_p(described: Described, decision: Decision | None) -> float:
    """Return the p that decides on scores, else the one that describes; 0 where none does."""
    if decision and decided_on(decision) == "score":
        return decision.p
    return described.score_test.p if described.score_test else 0.0


def _cut_off(side: Side, keys: Sequence[Key]) -> int:
    """Return on how many of these tasks a trial of this side was cut off."""
    return sum(any(trial.cause in CUT_OFF for trial in side.trials[key]) for key in keys)


def _trials(sides: Iterable[Tally]) -> tuple[int, int]:
    """Return the fewest and the most scored trials that a side has of a paired task."""
    counts = [side.scored for side in sides]
    return min(counts, default=0), max(counts, default=0)


def _changed(pairs: Mapping[Key, Pair]) -> tuple[Changed, ...]:
    """Return the tasks that differ by name, the lost first, then the gained."""
    results = [Changed(key, kind) for key, pair in pairs.items() if (kind := _kind(pair))]
    return tuple(sorted(results, key=lambda changed: (KINDS.index(changed.kind), changed.key)))


def _kind(pair: Pair) -> Kind | None:
    if not pair.scored:
        return "undecided"
    if pair.difference == 0:
        return None
    single = pair.first.expected == pair.second.expected == 1
    if pair.difference > 0:
        return "gained" if single else "rate-up"
    return "lost" if single else "rate-down"
