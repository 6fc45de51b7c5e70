"""One trial a side: the test that decides keeps its level, and is sharper than McNemar's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from orchestrator import stats
from orchestrator.stats import Pair, Tally, Verdict
from tests.stats.oracles import chance_of_outcomes, unconditional_p
from tests.stats.test_paired import table

LEVELS = (0.05, 0.025, 0.05 / 3, 0.0125, 0.01)
"""Those of Holm's steps with up to five comparisons."""


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 15))
def test_its_p_is_the_largest_tail_over_every_number_of_even_tasks(
    gained: int, lost: int, same: int
) -> None:
    finding = stats.paired_test(table(gained, lost, same))
    assert finding.p == pytest.approx(unconditional_p(gained, lost, gained + lost + same), abs=1e-9)
    assert finding.method == stats.UNCONDITIONAL
    assert finding.direction == (gained > lost) - (gained < lost)


@pytest.mark.parametrize(("gained", "lost"), [(31, 12), (20, 9), (6, 0), (23, 11)])
def test_it_is_the_same_on_the_whole_list(gained: int, lost: int) -> None:
    result = stats.unconditional_mcnemar(gained, lost, 154)
    assert result == pytest.approx(unconditional_p(gained, lost, 154), abs=1e-9)


def rejected(tasks: int, alpha: float) -> np.ndarray:
    """The outcomes (gained, lost) of so many tasks that the verdict's test rejects."""
    result = np.zeros((tasks + 1, tasks + 1), dtype=bool)
    for gained in range(tasks + 1):
        for lost in range(min(gained, tasks - gained) + 1):
            p = stats.unconditional_mcnemar(gained, lost, tasks)
            result[gained, lost] = result[lost, gained] = p <= alpha
    return result


def unlike_agents(draws: np.random.Generator, tasks: int) -> tuple[np.ndarray, np.ndarray]:
    """Chances of success of two agents with equal means that are strong on unlike tasks."""
    kind = draws.integers(3)
    if kind == 0:
        first = draws.beta(0.2, 0.2, tasks)
        return first, draws.permutation(first)
    if kind == 1:  # few large gains against many small losses
        few, many = draws.integers(1, tasks // 2), tasks // 2
        total = draws.uniform(0, few)
        first = np.r_[np.zeros(few), np.full(many, total / many), np.full(tasks - few - many, 0.5)]
        return first, np.r_[np.full(few, total / few), np.zeros(many), first[few + many :]]
    turned, high = draws.integers(1, tasks // 2 + 1), draws.uniform(0.5, 1)
    rest = np.full(tasks - 2 * turned, draws.choice([0.0, 0.5]))
    strong, weak = np.full(turned, high), np.full(turned, 1 - high)
    return np.r_[strong, weak, rest], np.r_[weak, strong, rest]


@pytest.mark.parametrize("tasks", [6, 8, 12, 24])
def test_no_pair_of_agents_with_equal_means_is_called_unlike_too_often(tasks: int) -> None:
    """Like agents at their worst, and sampled unlike ones, which differ on more than half."""
    draws = np.random.default_rng(tasks)
    like = [np.r_[np.full(even, 0.5), np.zeros(tasks - even)] for even in range(tasks + 1)]
    pairs = [(entry, entry) for entry in like] + [unlike_agents(draws, tasks) for _ in range(150)]
    outcomes = [chance_of_outcomes(first, second) for first, second in pairs]
    for alpha in LEVELS:
        out = rejected(tasks, alpha)
        assert max(float(chances[out].sum()) for chances in outcomes) <= alpha


def test_fewer_than_six_differing_tasks_never_decide() -> None:
    assert stats.FEWEST_DISCORDANT == 6
    for tasks in (5, 12, 154):
        assert stats.unconditional_mcnemar(5, 0, tasks) == 1.0
    assert stats.decide(table(6, 0, 1)).verdict is Verdict.BETTER


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_what_it_finds_is_never_less_than_the_normal_approximation_would_ask(
    gained: int, lost: int, same: int
) -> None:
    """So that the score interval of a difference that is found leaves 0 out."""
    if stats.unconditional_mcnemar(gained, lost, gained + lost + same) <= 0.05:
        assert abs(gained - lost) >= 1.9599 * math.sqrt(gained + lost)


def test_above_a_thousand_tasks_the_conditional_test_decides_and_says_so() -> None:
    at_most = stats.paired_test(table(60, 30, stats.MOST_TASKS - 90))
    above = stats.paired_test(table(60, 30, stats.MOST_TASKS - 89))
    assert at_most.method == stats.UNCONDITIONAL
    assert above.method == stats.MCNEMAR
    assert above.p == pytest.approx(binomtest(60, 90).pvalue)
    assert at_most.p < above.p


def test_it_sees_more_than_the_conditional_test() -> None:
    """20 gained and 9 lost: 0.061 by McNemar's test, which is too strict on 154 tasks."""
    assert binomtest(20, 29).pvalue > 0.05
    assert stats.decide(table(20, 9, 125)).verdict is Verdict.BETTER
    pooled = [Pair(Tally(1, 1, 0), Tally(1, 1, 1))] * 6 + [Pair(Tally(2, 2, 1), Tally(1, 1, 1))]
    assert stats.paired_test(pooled).method == stats.STRATIFIED
