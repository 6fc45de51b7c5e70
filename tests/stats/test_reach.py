"""The printed reach: at that difference the verdict is reached four times of five."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, logit

from orchestrator import stats
from orchestrator.stats import Pair, Tally, Verdict
from orchestrator.stats.many import p_and_direction
from tests.stats.test_paired import counts

DRAWS = 150


def shape(first: int, second: int, tasks: int = 154) -> list[Pair]:
    return [Pair(Tally(first, first, 0), Tally(second, second, 0))] * tasks


def share_called_worse(first: int, second: int, fall: float, lost: int = 0) -> float:
    """Play runs of 154 tasks, by a fall of the log-odds, and have each pair judged."""
    draws = np.random.default_rng(11)
    some = draws.beta(0.35, 0.9, 400_000)
    step = brentq(lambda step: some.mean() - expit(logit(some) - step).mean() - fall, 0, 10)
    worse = 0
    for _ in range(DRAWS):
        chances = draws.beta(0.35, 0.9, 154)
        ones = draws.binomial(first, chances)
        twos = draws.binomial(second, expit(logit(np.clip(chances, 1e-15, 1 - 1e-15)) - step))
        pairs = [
            Pair(Tally(first, first, int(entry)), Tally(second, second, int(two)))
            for entry, two in zip(ones, twos, strict=True)
        ]
        for task in range(lost):
            pairs[task] = Pair(pairs[task].first, Tally(second, 0, 0))
        worse += stats.decide(pairs).verdict is Verdict.WORSE
    return worse / DRAWS


@pytest.mark.parametrize(
    ("first", "second", "points"), [(1, 1, 10.8), (3, 3, 6.3), (8, 8, 3.9), (5, 1, 8.5)]
)
def test_more_trials_reach_further_by_the_test_that_decides(
    first: int, second: int, points: float
) -> None:
    result = stats.detectable(shape(first, second))
    assert result is not None
    assert 100 * result == pytest.approx(points, rel=0.05)
    assert share_called_worse(first, second, result) == pytest.approx(0.8, abs=0.1)


def test_the_gate_is_in_it() -> None:
    lost = [Pair(Tally(1, 1, 0), Tally(1, 0, 0))] * 5
    result = stats.detectable([*shape(1, 1, 149), *lost])
    assert result is not None
    assert share_called_worse(1, 1, result, lost=5) == pytest.approx(0.8, abs=0.1)
    whole = stats.detectable(shape(1, 1))
    assert whole is not None
    assert result > whole + 0.01


def test_what_cannot_be_decided_has_no_reach() -> None:
    assert stats.detectable([]) is None
    assert stats.detectable(shape(1, 1, 5)) is None
    assert stats.detectable(shape(9, 9, 5)) is None
    assert stats.detectable([Pair(Tally(1, 0, 0), Tally(1, 1, 0))] * 154) is None


TABLES = st.lists(
    st.builds(Pair, counts(1), counts(1))
    | st.builds(Pair, counts(3), counts(1))
    | st.builds(Pair, counts(2), counts(2))
    | st.builds(Pair, counts(0), counts(1)),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(TABLES | st.lists(st.builds(Pair, counts(1), counts(1)), min_size=1, max_size=25))
def test_the_test_of_many_draws_is_the_test_that_decides(pairs: list[Pair]) -> None:
    columns = [
        np.array([getattr(getattr(pair, side), what) for pair in pairs])
        for what in ("successes", "scored")
        for side in ("first", "second")
    ]
    p, direction = p_and_direction(columns[0][None], columns[1][None], *columns[2:])
    other = stats.paired_test(pairs)
    assert float(p[0]) == pytest.approx(other.p, abs=1e-9)
    known = [pair.difference for pair in pairs if pair.scored]
    if abs(sum(known)) > 1e-9:
        assert int(direction[0]) == other.direction
