"""Intervals of differences and rates: score intervals, never of width 0, and true to the test."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binom, binomtest, norm, ttest_1samp

from orchestrator import stats
from orchestrator.stats import Pair, Tally
from tests.stats.oracles import unconditional_p
from tests.stats.test_paired import counts, table


def score_statistic(gained: int, lost: int, n: int, difference: float) -> float:
    """Maximise the trinomial likelihood under the difference numerically; Tango's z there."""

    def slope(q: float) -> float:  # of the log-likelihood, in the chance of a loss
        rest = 1 - 2 * q - difference
        return lost / q + gained / (q + difference) - 2 * (n - gained - lost) / rest

    low, high = max(0.0, -difference) + 1e-13, (1 - difference) / 2 - 1e-13
    if slope(low) <= 0:
        q = low
    elif slope(high) >= 0:
        q = high
    else:
        q = brentq(slope, low, high, xtol=1e-15)
    variance = n * (2 * q + difference - difference**2)
    return (gained - lost - n * difference) / math.sqrt(max(variance, 1e-300))


@pytest.mark.parametrize(
    ("gained", "lost", "n"), [(8, 3, 40), (0, 0, 8), (0, 0, 154), (9, 0, 30), (20, 12, 154)]
)
def test_the_score_interval_ends_where_the_score_test_rejects(
    gained: int, lost: int, n: int
) -> None:
    interval = stats.paired_score(gained, lost, n)
    assert interval is not None
    edge = norm.ppf(0.975)
    assert score_statistic(gained, lost, n, interval.low + 1e-4) < edge + 1e-3
    assert score_statistic(gained, lost, n, interval.low - 1e-3) > edge - 1e-3
    assert score_statistic(gained, lost, n, interval.high - 1e-4) > -edge - 1e-3
    assert score_statistic(gained, lost, n, interval.high + 1e-3) < -edge + 1e-3
    assert interval.high - interval.low > 0.01


@settings(deadline=None)
@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 60))
def test_the_verdicts_interval_excludes_zero_where_its_test_rejects_and_only_there(
    gained: int, lost: int, same: int
) -> None:
    pairs = table(gained, lost, same)
    interval = stats.difference_interval(pairs, stats.paired_test(pairs).p)
    if not pairs:
        assert interval is None
        return
    assert interval is not None
    rejected = unconditional_p(gained, lost, len(pairs)) <= 0.05
    assert (interval.low > 0 or interval.high < 0) == rejected
    assert interval.low <= (gained - lost) / len(pairs) <= interval.high


@settings(deadline=None)
@given(st.lists(st.builds(Pair, counts(3), counts(2)), min_size=2, max_size=30))
def test_that_of_several_trials_is_students_where_its_test_rejects(pairs: list[Pair]) -> None:
    differences = [pair.difference for pair in pairs]
    p = stats.paired_test(pairs).p
    interval = stats.difference_interval(pairs, p)
    if max(differences) - min(differences) < 1e-9:
        assert interval is None
        return
    other = ttest_1samp(differences, 0).confidence_interval(0.95)
    assert interval is not None
    assert interval.low == pytest.approx(max(-1.0, other.low if p <= 0.05 else min(0.0, other.low)))
    assert interval.high == pytest.approx(
        min(1.0, other.high if p <= 0.05 else max(0.0, other.high))
    )


def test_few_tasks_are_covered_as_often_as_is_said() -> None:
    """Six tasks, their scores spread evenly over [0, 1]: resampling them covers too seldom."""
    draws = np.random.default_rng(5).random((4_000, 6))
    held = 0
    for scores in draws:
        interval = stats.by_task([[float(score)] for score in scores])
        assert interval is not None
        held += interval.low <= 0.5 <= interval.high
    assert held / len(draws) >= 0.93


def test_what_is_all_equal_has_no_interval_of_its_mean() -> None:
    assert stats.by_task([[1.0]] * 8) is None
    assert stats.by_task([[0.5, 0.5]] * 8) is None
    assert stats.mean_change([0.25] * 8) is None
    assert stats.mean_change([]) is None


def coverage(chance: float, tasks: int, trials: int) -> float:
    """How often the interval of the rate holds the true one, tasks' chances drawn as Beta."""
    draws = np.random.default_rng(3)
    held = 0
    for _ in range(1_500):
        won = draws.binomial(trials, draws.beta(0.35, 0.35 * (1 - chance) / chance, tasks))
        interval = stats.success_interval([(int(entry), trials) for entry in won])
        assert interval is not None
        held += interval.low <= chance <= interval.high
    return held / 1_500


@pytest.mark.parametrize(("tasks", "trials"), [(6, 1), (20, 3), (154, 1), (154, 3), (154, 10)])
def test_the_success_rate_of_tasks_like_these_is_covered(tasks: int, trials: int) -> None:
    assert coverage(0.28, tasks, trials) >= 0.93


def test_the_success_interval_follows_the_trials() -> None:
    """Of tasks like these: what remains with many trials is the spread between the tasks."""
    widths = []
    for trials in (1, 3, 10):
        draws = np.random.default_rng(8)
        result = []
        for _ in range(200):
            won = draws.binomial(trials, draws.beta(0.35, 0.9, 154))
            interval = stats.success_interval([(int(entry), trials) for entry in won])
            assert interval is not None
            result.append(interval.high - interval.low)
        widths.append(float(np.mean(result)))
    a, b = 0.35, 0.9
    mean, between = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
    within = a * b / ((a + b) * (a + b + 1))
    assert mean * (1 - mean) == pytest.approx(between + within)
    for trials, width in zip((1, 3, 10), widths, strict=True):
        error = math.sqrt((between + within / trials) / 154)
        assert width == pytest.approx(2 * norm.ppf(0.975) * error, rel=0.03)


def test_one_trial_a_task_is_wilsons() -> None:
    for wins, total in itertools.product((0, 3, 8), (8, 20)):
        interval = stats.success_interval([(1, 1)] * wins + [(0, 1)] * (total - wins))
        other = binomtest(wins, total).proportion_ci(method="wilson")
        assert interval is not None
        assert (interval.low, interval.high) == pytest.approx((other.low, other.high), abs=1e-9)
        assert interval.high > interval.low
    assert binom.cdf(0, 8, 0.4) < 0.05  # of 8 of 8 failures: not certain, but not 40% either
    assert stats.success_interval([]) is None


def test_a_tally_without_a_score_is_passed_over() -> None:
    pairs = [*table(7, 0, 20), Pair(Tally(1, 0, 0), Tally(1, 1, 1))]
    interval = stats.difference_interval(pairs, stats.paired_test(pairs).p)
    assert interval == stats.difference_interval(table(7, 0, 20), unconditional_p(7, 0, 27))
