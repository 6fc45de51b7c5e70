from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp

from orchestrator import stats
from orchestrator.stats import Pair, Tally


def single(first: int, second: int) -> Pair:
    """A task with one trial a side; 1 is a success."""
    return Pair(Tally(1, 1, first), Tally(1, 1, second))


def table(gained: int, lost: int, same: int = 0) -> list[Pair]:
    return [single(0, 1)] * gained + [single(1, 0)] * lost + [single(1, 1)] * same


def counts(trials: int) -> st.SearchStrategy[Tally]:
    return st.integers(0, trials).map(lambda won: Tally(trials, trials, won))


def test_mcnemar_gives_the_published_value() -> None:
    # Fagerland, Lydersen, Laake, BMC Medical Research Methodology 13 (2013): airway
    # hyper-responsiveness before and after transplantation, 1 against 7 discordant pairs.
    assert stats.mcnemar(1, 7) == pytest.approx(0.070, abs=0.0005)


@given(st.integers(0, 80), st.integers(0, 80))
def test_mcnemar_is_the_binomial_test_of_the_discordant(gained: int, lost: int) -> None:
    other = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert stats.mcnemar(gained, lost) == pytest.approx(other)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 5))
def test_with_one_trial_a_side_the_stratified_test_is_mcnemars(
    gained: int, lost: int, same: int
) -> None:
    pairs = table(gained, lost, same)
    assert stats.stratified(pairs) == pytest.approx(stats.mcnemar(gained, lost))


def by_relabelling(pairs: list[Pair]) -> float:
    """Share of all ways to deal each task's results to the sides that are as far out."""
    seen = sum(pair.second.successes for pair in pairs)
    totals = [0]
    for pair in pairs:
        first, second = pair.first, pair.second
        won = first.successes + second.successes
        results = [1] * won + [0] * (first.scored + second.scored - won)
        dealt = [sum(chosen) for chosen in itertools.combinations(results, second.scored)]
        totals = [before + now for before in totals for now in dealt]
    below = sum(total <= seen for total in totals) / len(totals)
    above = sum(total >= seen for total in totals) / len(totals)
    return min(1.0, 2 * min(below, above))


@settings(max_examples=40)
@given(
    st.lists(
        st.builds(Pair, counts(3), counts(1)) | st.builds(Pair, counts(2), counts(2)), max_size=5
    )
)
def test_the_stratified_test_counts_every_relabelling(pairs: list[Pair]) -> None:
    assert stats.stratified(pairs) == pytest.approx(by_relabelling(pairs))


@given(st.lists(st.builds(Pair, counts(3), counts(2)), min_size=2, max_size=30))
@example([Pair(Tally(3, 3, 1), Tally(2, 2, 1))] * 3)  # their mean is rounded
@example([Pair(Tally(3, 3, 1), Tally(2, 2, 1)), Pair(Tally(2, 2, 1), Tally(3, 3, 2))])
def test_the_mean_difference_is_students_t_test(pairs: list[Pair]) -> None:
    differences = [pair.difference for pair in pairs]
    if max(differences) - min(differences) < 1e-9:
        assert stats.mean_difference(pairs) == (1.0 if differences[0] == 0 else 0.0)
    else:
        other = ttest_1samp(differences, 0).pvalue
        assert stats.mean_difference(pairs) == pytest.approx(other, rel=1e-6, abs=1e-12)


def _against_pool(
    draws: random.Random, chances: list[tuple[float, float]], runs: int
) -> list[Pair]:
    """One run against ``runs`` pooled ones: a task's chances of success on either side."""
    return [
        Pair(
            Tally(runs, runs, sum(draws.random() < base for _ in range(runs))),
            Tally(1, 1, int(draws.random() < new)),
        )
        for base, new in chances
    ]


def rejections(chances: list[tuple[float, float]], runs: int = 5, draws: int = 200) -> int:
    random_ = random.Random(7)
    tests = (stats.paired_test(_against_pool(random_, chances, runs)) for _ in range(draws))
    return sum(finding.p <= 0.05 for finding in tests)


def test_a_run_of_the_very_same_agent_is_seldom_unlike_its_pool() -> None:
    """Where a majority of the pool's runs would be a biased baseline."""
    assert rejections([(0.4, 0.4)] * 154) <= 16


def test_unlike_strengths_with_equal_means_are_seldom_a_difference() -> None:
    """Tasks that always succeed for one agent and never for the other, drawn anew each time."""
    random_ = random.Random(3)
    result = stratified = 0
    for _ in range(200):
        kinds = random_.choices(
            [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)], [1, 1, 2, 3], k=154
        )
        pairs = _against_pool(random_, kinds, 5)
        result += stats.paired_test(pairs).p <= 0.05
        stratified += stats.stratified(pairs) <= 0.05
    assert result <= 16
    assert stratified > 40, "the stratified test alone would not keep its level here"


def test_pooling_sees_what_one_run_of_the_baseline_would_miss() -> None:
    chances = [(0.3, 0.4)] * 154
    assert rejections(chances, runs=5) > rejections(chances, runs=1)


def test_trials_of_five_tasks_say_nothing_about_others() -> None:
    pairs = [Pair(Tally(9, 9, 0), Tally(9, 9, 9))] * 5
    assert stats.paired_test(pairs).p > 0.05
    assert stats.paired_test([*pairs, pairs[0]]).p <= 0.05


def test_wilcoxon_gives_the_published_value() -> None:
    # Darwin's maize (R. A. Fisher, "The Design of Experiments", 1935), as scipy documents it.
    maize = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]
    finding = stats.wilcoxon(maize)
    assert finding is not None
    assert finding.p == pytest.approx(0.04126, abs=5e-6)
    assert finding.direction == 1  # 120 = 96 + 24: the positive ranks against the negative ones
    assert stats.wilcoxon([0.0, 0.0]) is None
    assert stats.wilcoxon([*maize, 0, 0, 0]) == stats.wilcoxon(maize)
