"""How tasks' chances are spread, learned from runs made alike; and the power that follows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from orchestrator import stats
from orchestrator.stats import Pair, Tally
from tests.stats.test_reach import shape, share_called_worse


def drawn(a: float, b: float, trials: int, tasks: int, seed: int = 5) -> list[Tally]:
    draws = np.random.default_rng(seed)
    won = draws.binomial(trials, draws.beta(a, b, tasks))
    return [Tally(trials, trials, int(entry)) for entry in won]


@pytest.mark.parametrize(("a", "b", "trials"), [(0.35, 0.9, 3), (0.35, 0.9, 8), (4.0, 6.0, 5)])
def test_the_spread_that_was_drawn_from_is_found_again(a: float, b: float, trials: int) -> None:
    result = stats.fit_chances(drawn(a, b, trials, 6000))
    assert result is not None
    assert result == pytest.approx((a, b), rel=0.12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.7, 0.7), st.floats(-0.7, 0.7))
def test_no_other_spread_makes_the_successes_likelier(seed: int, value: float, two: float) -> None:
    """By scipy's own beta-binomial distribution, anywhere near the maximum."""
    tallies = [*drawn(0.5, 1.2, 4, 60, seed), *drawn(0.5, 1.2, 2, 60, seed + 1)]
    result = stats.fit_chances(tallies)
    assert result is not None

    def likelihood(a: float, b: float) -> float:
        return sum(float(betabinom.logpmf(x.successes, x.scored, a, b)) for x in tallies)

    other = (result[0] * np.exp(value), result[1] * np.exp(two))
    assert likelihood(*result) >= likelihood(*other) - 1e-3


def test_one_trial_a_task_tells_nothing_of_the_spread() -> None:
    assert stats.fit_chances([]) is None
    assert stats.fit_chances(drawn(0.35, 0.9, 1, 500)) is None
    assert stats.fit_chances([*drawn(0.35, 0.9, 1, 500), *drawn(0.35, 0.9, 2, 19)]) is None
    assert stats.fit_chances([*drawn(0.35, 0.9, 1, 500), *drawn(0.35, 0.9, 2, 20)]) is not None


def test_tasks_that_never_flip_and_tasks_that_are_coins_are_told_apart() -> None:
    sure = stats.fit_chances([Tally(4, 4, 4)] * 30 + [Tally(4, 4, 0)] * 30)
    coins = stats.fit_chances(drawn(100.0, 100.0, 4, 60))
    assert sure is not None
    assert coins is not None
    assert sum(sure) < 0.1
    assert sum(coins) > 5
    # Runs that agree but for what is true show it with less.
    steady = stats.chance_to_decide(shape(1, 1), 0.06, chances=sure)
    noisy = stats.chance_to_decide(shape(1, 1), 0.06, chances=coins)
    assert steady is not None
    assert noisy is not None
    assert steady > noisy + 0.3


@pytest.mark.parametrize(
    ("first", "second", "effect"), [(1, 1, 0.09), (2, 2, 0.07), (3, 3, 0.04), (5, 1, 0.08)]
)
def test_the_power_is_how_often_such_runs_are_decided(
    first: int, second: int, effect: float
) -> None:
    power = stats.chance_to_decide(shape(first, second), effect)
    assert power is not None
    assert share_called_worse(first, second, effect) == pytest.approx(power, abs=0.1)


def test_the_gate_is_in_the_power() -> None:
    lost = [Pair(Tally(1, 1, 0), Tally(1, 0, 0))] * 5
    power = stats.chance_to_decide([*shape(1, 1, 149), *lost], 0.11)
    whole = stats.chance_to_decide(shape(1, 1), 0.11)
    assert power is not None
    assert whole is not None
    assert share_called_worse(1, 1, 0.11, lost=5) == pytest.approx(power, abs=0.1)
    assert power < whole - 0.1


def test_the_power_at_what_is_detectable_is_the_power_that_was_asked_for() -> None:
    for pairs in (shape(1, 1), shape(3, 3)):
        reach = stats.detectable(pairs, power=0.7)
        assert reach is not None
        assert stats.chance_to_decide(pairs, reach) == pytest.approx(0.7, abs=0.05)


def test_a_difference_that_cannot_be_has_no_power() -> None:
    assert stats.chance_to_decide([], 0.05) is None
    # A fall of half is more than the 28% that there are; a rise of half is not.
    assert stats.chance_to_decide(shape(1, 1), 0.5) == pytest.approx(1.0)
    assert stats.chance_to_decide(shape(1, 1), 0.9) is None
