"""Two sides of the same tasks: the exact test that decides, and what describes the difference.

A side is one run, or several pooled; a task has on each side so many trials, of which some are
scored, of which some succeeded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.stats.unconditional import MOST_TASKS, unconditional_mcnemar

if TYPE_CHECKING:
    from collections.abc import Sequence

MCNEMAR = "mcnemar-exact"
UNCONDITIONAL = "mcnemar-unconditional"
STRATIFIED = "stratified-exact"


@dataclass(frozen=True, slots=True)
class Tally:
    """One side of a task: ``successes`` of ``scored`` trials, of ``expected`` ones."""

    expected: int
    scored: int
    successes: int

    @property
    def rate(self) -> float:
        """Successes over scored; 0 when nothing is scored."""
        return self.successes / self.scored if self.scored else 0.0

    def filled(self, *, success: bool) -> Tally:
        """Return it with every trial that has no score as a success, or as a failure."""
        more = self.expected - self.scored if success else 0
        return replace(self, scored=self.expected, successes=self.successes + more)


@dataclass(frozen=True, slots=True)
class Pair:
    """A task that both sides expected."""

    first: Tally
    second: Tally

    @property
    def scored(self) -> bool:
        """Whether both sides have a score of it."""
        return self.first.scored > 0 and self.second.scored > 0

    @property
    def complete(self) -> bool:
        """Whether no trial of it is without a score."""
        return all(side.scored == side.expected for side in (self.first, self.second))

    @property
    def difference(self) -> float:
        """By how much the second side's rate exceeds the first's."""
        return self.second.rate - self.first.rate

    def filled(self, *, second_succeeds: bool) -> Pair:
        """Return it with what is missing against one side: failures there, successes here."""
        return Pair(
            self.first.filled(success=not second_succeeds),
            self.second.filled(success=second_succeeds),
        )

    def turned(self, *, up: bool) -> Pair:
        """Return it with its difference turned one way.

        Each side keeps its number of trials; the one that is to be ahead gets as many of the
        task's successes as it can have.
        """
        if not self.scored or self.difference == 0 or (self.difference > 0) == up:
            return self
        total = self.first.successes + self.second.successes
        ahead, behind = (self.second, self.first) if up else (self.first, self.second)
        most = min(ahead.scored, total)
        front, back = replace(ahead, successes=most), replace(behind, successes=total - most)
        return Pair(back, front) if up else Pair(front, back)


@dataclass(frozen=True, slots=True)
class Significance:
    """What a test says: two-sided ``p``, and the sign of the difference (second minus first)."""

    p: float
    direction: int
    method: str


def mcnemar(gained: int, lost: int) -> float:
    """Return the two-sided p-value of the exact McNemar test.

    Under the hypothesis that each discordant task could as well have gone the other way, ``gained``
    is binomial with one half. Five discordant tasks give at best 2/32 = 0.0625. Source: Q. McNemar,
    Psychometrika 12 (1947), 153-157; the exact form in A. Agresti, "Categorical Data Analysis",
    3rd ed. (2013), section 11.1.4.
    """
    from scipy.special import bdtr

    discordant = gained + lost
    if discordant == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(gained, lost), discordant, 0.5)))


def single_trial_test(gained: int, lost: int, tasks: int) -> tuple[float, str]:
    """Return the p-value of one trial a side, and the name of the test that gave it.

    The exact unconditional McNemar test; above ``MOST_TASKS`` tasks the conditional one.
    """
    if tasks > MOST_TASKS:
        return mcnemar(gained, lost), MCNEMAR
    return unconditional_mcnemar(gained, lost, tasks), UNCONDITIONAL


def paired_test(pairs: Sequence[Pair]) -> Significance:
    """Test whether the second side succeeds more, or less, than the first; on scored pairs only.

    With one trial on each side of every task this is ``single_trial_test``. Otherwise it is the
    largest of three p-values, so that it keeps its level under each hypothesis that one of them
    is made for:

    - ``stratified``: the sides are exchangeable within each task. Pooling K runs of a baseline, it
      is the exact test of matched sets. A majority of the K runs will not do in its place: of tasks
      that succeed in 40% of runs a majority of eleven calls one in four a success, and a run of the
      very same agent would be "better".
    - ``mean_difference``: the sides succeed equally often on the whole, however unlike they are
      task by task. The first test alone would find two agents with unlike strengths different.
    - as many tasks on which the sides differ as McNemar's test would need: trials of five tasks
      say nothing about others, however many they are.
    """
    known = [pair for pair in pairs if pair.scored]
    mean = math.fsum(pair.difference for pair in known)
    direction = (mean > 0) - (mean < 0)
    if all(pair.first.scored == pair.second.scored == 1 for pair in known):
        gained = sum(pair.difference > 0 for pair in known)
        lost = sum(pair.difference < 0 for pair in known)
        p, method = single_trial_test(gained, lost, len(known))
        return Significance(p, direction, method)
    differing = sum(pair.difference != 0 for pair in known)
    bounds = (stratified(known), mean_difference(known), min(1.0, 2.0 ** (1 - differing)))
    return Significance(max(bounds), direction, STRATIFIED)


def stratified(pairs: Sequence[Pair]) -> float:
    """Return the two-sided p-value of the exact conditional test of stratified 2x2 tables.

    Given a task's successes on both sides together, those of the second are hypergeometric if the
    sides are alike; the sum over tasks is compared with the convolution of these. For one trial a
    side it is McNemar's test, for one against K that of K matched controls. Source: M. W. Birch,
    "The detection of partial association, I: the 2x2 case", J. Royal Statistical Society B 26
    (1964), 313-324; O. S. Miettinen, "Individual matching with multiple controls in the case of
    all-or-none responses", Biometrics 25 (1969), 339-355.
    """
    import numpy as np

    spread, seen = np.ones(1), 0
    for pair in pairs:
        low, chances = _hypergeometric(pair)
        seen += pair.second.successes - low
        if len(chances) > 1:
            spread = np.convolve(spread, chances)
    below, above = float(spread[: seen + 1].sum()), float(spread[seen:].sum())
    return min(1.0, 2 * min(below, above))


def _hypergeometric(pair: Pair) -> tuple[int, list[float]]:
    """Return the fewest successes the second side can have, and the chances from there on."""
    first, second = pair.first.scored, pair.second.scored
    total = pair.first.successes + pair.second.successes
    low, high = max(0, total - first), min(second, total)
    ways = math.comb(first + second, total)
    return low, [
        math.comb(second, count) * math.comb(first, total - count) / ways
        for count in range(low, high + 1)
    ]


_ROUNDING = 1e-9
"""Differences of rates that lie nearer than this are equal: 1/2 - 1/3 and 2/3 - 1/2, say."""


class _Differing(Protocol):
    @property
    def difference(self) -> float: ...


def mean_difference(pairs: Sequence[_Differing]) -> float:
    """Return the two-sided p-value of Student's t test of the tasks' differences.

    Tasks are the units: trials of one are no evidence about others. Source: E. Miller, "Adding
    error bars to evals", arXiv:2411.00640 (2024), section 4; 1 for fewer than two tasks.
    """
    from scipy.special import stdtr

    differences = [pair.difference for pair in pairs]
    n = len(differences)
    if n < 2:
        return 1.0
    mean = math.fsum(differences) / n
    if max(differences) - min(differences) < _ROUNDING:
        return 1.0 if abs(mean) < _ROUNDING else 0.0
    squares = math.fsum((value - mean) ** 2 for value in differences)
    error = math.sqrt(squares / (n - 1) / n)
    return min(1.0, 2 * float(stdtr(n - 1, -abs(mean) / error)))


WILCOXON = "wilcoxon-signed-rank"


def wilcoxon(differences: Sequence[float]) -> Significance | None:
    """Return what Wilcoxon's signed rank test says; None when nothing differs.

    The direction is that of the ranks, which need not be the mean's. Zero differences are left
    out; ties and more than 50 tasks take the normal approximation. Source: F. Wilcoxon, Biometrics
    Bulletin 1 (1945), 80-83, as ``scipy.stats.wilcoxon`` has it.
    """
    changed = [value for value in differences if value != 0]
    if not changed:
        return None
    from scipy import stats

    result: Any = stats.wilcoxon(changed)
    ranks = stats.rankdata([abs(value) for value in changed])
    balance = math.fsum(
        math.copysign(rank, value) for rank, value in zip(ranks, changed, strict=True)
    )
    return Significance(float(result.pvalue), (balance > 0) - (balance < 0), WILCOXON)
