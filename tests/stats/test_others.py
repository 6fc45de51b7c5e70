"""Unpaired differences, several tests at once, trials, and the trend."""

from __future__ import annotations

import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import false_discovery_control, norm

from orchestrator import stats


@pytest.mark.parametrize(
    ("first", "first_total", "second", "second_total", "low", "high"),
    [  # Newcombe 1998 (difference of independent proportions), table II, method 10
        (48, 80, 56, 70, 0.0524, 0.3339),
        (3, 10, 9, 10, 0.1705, 0.8090),
        (2, 7, 6, 7, 0.0582, 0.8062),
        (0, 29, 5, 56, -0.0381, 0.1926),
        (0, 20, 0, 10, -0.1611, 0.2775),
        (0, 10, 10, 10, 0.6075, 1.0),
    ],
)
def test_newcombe_gives_his_published_values(
    first: int, first_total: int, second: int, second_total: int, low: float, high: float
) -> None:
    interval = stats.newcombe(first, first_total, second, second_total)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-5)


def test_fisher_gives_the_tea_ladys_value() -> None:
    # Three of four cups of each kind told right (Fisher 1935): 34/70, two-sided.
    assert stats.fisher(1, 4, 3, 4) == pytest.approx(34 / 70)
    assert stats.fisher(0, 0, 3, 4) == 1.0
    assert stats.newcombe(0, 0, 3, 4) is None


chances = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@given(chances)
def test_holm_is_the_closure_of_bonferroni(values: list[float]) -> None:
    """Adjusted is the largest Bonferroni p-value of any set of hypotheses that it is in."""
    sets = [
        chosen
        for size in range(1, len(values) + 1)
        for chosen in itertools.combinations(range(len(values)), size)
    ]
    for index, adjusted in enumerate(stats.holm(values)):
        own = [chosen for chosen in sets if index in chosen]
        closed = max(min(1.0, len(chosen) * min(values[i] for i in chosen)) for chosen in own)
        assert adjusted == pytest.approx(closed)


@given(chances)
def test_holm_never_finds_more_than_a_weaker_procedure(values: list[float]) -> None:
    weaker = false_discovery_control(values, method="bh")
    assert all(
        value >= other - 1e-12 for value, other in zip(stats.holm(values), weaker, strict=True)
    )


@given(chances)
def test_holms_levels_go_from_bonferronis_to_the_plain_one(values: list[float]) -> None:
    levels = stats.holm_levels(values)
    assert min(1 - level for level in levels) == pytest.approx(0.05 / len(values))
    assert max(1 - level for level in levels) == pytest.approx(0.05)
    assert levels[values.index(min(values))] == max(levels)


trials = st.integers(2, 6).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(trials, st.integers(1, 6))
def test_pass_at_and_pass_all_count_the_subsets(drawn: tuple[int, int], k: int) -> None:
    n, won = drawn
    k = min(k, n)
    subsets = list(itertools.combinations([1] * won + [0] * (n - won), k))
    assert stats.pass_at(n, won, k) == pytest.approx(statistics.fmean(map(max, subsets)))
    assert stats.pass_all(n, won, k) == pytest.approx(statistics.fmean(map(min, subsets)))


@given(trials)
def test_the_flip_rate_counts_the_pairs(drawn: tuple[int, int]) -> None:
    n, won = drawn
    pairs = list(itertools.combinations([1] * won + [0] * (n - won), 2))
    assert stats.flip_rate(n, won) == pytest.approx(
        statistics.fmean(value != other for value, other in pairs)
    )
    assert stats.flip_rate(1, 1) is None


def test_trials_are_summed_up_over_tasks() -> None:
    result = stats.over_trials([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.5, 0.0], []])
    assert result is not None
    assert (result.most, result.tasks) == (3, 3)
    assert result.pass_at == pytest.approx({1: 4 / 9, 2: (1 + 2 / 3) / 3, 3: 2 / 3})
    assert result.pass_all == pytest.approx({1: 4 / 9, 2: 1 / 3, 3: 1 / 3})
    assert result.flip_rate == pytest.approx(2 / 9)
    assert stats.over_trials([[1.0], [0.0]]) is None


def score_interval(shares: list[float], trials: int) -> tuple[float, float]:
    """Return where a share stops being rejected by its own error, at the tasks' effective size."""
    mean, spread = statistics.fmean(shares), statistics.pvariance(shares)
    size = float(len(shares))
    if 0 < mean < 1 and spread > 0:
        size = min(size * trials, mean * (1 - mean) * size / spread)
    z = norm.ppf(0.975)

    def excess(share: float) -> float:
        return float((share - mean) ** 2 - z * z * share * (1 - share) / size)

    low = 0.0 if mean == 0 else brentq(excess, 1e-12, mean - 1e-9)
    return low, 1.0 if mean == 1 else brentq(excess, mean + 1e-9, 1 - 1e-12)


def test_pass_at_1_is_the_success_rate_with_its_interval() -> None:
    """Two 95% intervals of one share, from two formulas, would stand on one page."""
    tasks = [[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.5], [0.0, 0.0], [1.0, 0.2]]
    result = stats.over_trials(tasks)
    assert result is not None
    rate = stats.success_interval([(sum(value == 1 for value in each), 2) for each in tasks])
    assert rate is not None
    for interval in (result.pass_at_intervals[1], result.pass_all_intervals[1]):
        assert interval is not None
        assert (interval.low, interval.high) == pytest.approx((rate.low, rate.high))
        assert interval.method == rate.method


def test_every_k_is_over_the_same_tasks_with_their_count_and_interval() -> None:
    """More of the same tasks' trials never succeed less often; tasks with fewer are in no k."""
    whole = [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]
    result = stats.over_trials([*whole, [1.0, 1.0], [1.0], []])
    assert result is not None
    assert (result.most, result.pass_tasks) == (3, 4)
    for k in (1, 2, 3):
        chosen = [list(itertools.combinations(scores, k)) for scores in whole]
        at = [statistics.fmean(map(max, subsets)) for subsets in chosen]
        every = [statistics.fmean(map(min, subsets)) for subsets in chosen]
        for values, mean, interval in (
            (at, result.pass_at[k], result.pass_at_intervals[k]),
            (every, result.pass_all[k], result.pass_all_intervals[k]),
        ):
            assert mean == pytest.approx(statistics.fmean(values))
            assert interval is not None
            assert (interval.low, interval.high) == pytest.approx(score_interval(values, 3))
    rising = [result.pass_at[k] for k in (1, 2, 3)]
    assert rising == sorted(rising)
