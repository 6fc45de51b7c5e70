from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from orchestrator import stats
from tests.stats.oracles import smallest_statistic, unconditional_p

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [  # Newcombe 1998, table I, method 3 (score, without continuity correction)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_newcombes_published_values(
    successes: int, total: int, low: float, high: float
) -> None:
    interval = stats.wilson(successes, total)
    assert interval is not None
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(pair: tuple[int, int]) -> None:
    successes, total = pair
    interval = stats.wilson(successes, total)
    other = binomtest(successes, total).proportion_ci(method="wilson")
    assert interval is not None
    assert interval.low == pytest.approx(other.low, abs=1e-12)
    assert interval.high == pytest.approx(other.high, abs=1e-12)
    assert 0 <= interval.low <= successes / total <= interval.high <= 1


def test_an_empty_sample_has_no_interval() -> None:
    assert stats.wilson(0, 0) is None
    assert stats.unpaired_detectable(0, 0.5) is None


def test_the_band_counts_the_undecided_as_nothing_and_as_all() -> None:
    assert stats.worst_best([1.0, 0.5, 0.0], 1, 4) == stats.Band(0.375, 0.625)
    assert stats.worst_best([], 0, 0) == stats.Band(0.0, 0.0)


def _power_by_enumeration(total: int, discordance: float, difference: float) -> float:
    """Sum over every outcome of ``total`` pairs, testing each by enumeration."""
    first, second = (discordance + difference) / 2, (discordance - difference) / 2
    chance = 0.0
    for value, other in itertools.product(range(total + 1), repeat=2):
        if value + other > total or value + other == 0:
            continue
        if unconditional_p(value, other, total) <= 0.05:
            ways = math.comb(total, value) * math.comb(total - value, other)
            rest = total - value - other
            chance += ways * first**value * second**other * (1 - discordance) ** rest
    return chance


@pytest.mark.parametrize("difference", [0.0, 0.2, 0.35])
def test_the_power_of_one_trial_a_side_is_that_of_enumerating_every_outcome(
    difference: float,
) -> None:
    result = stats.mcnemar_power(24, 0.4, difference)
    assert result == pytest.approx(_power_by_enumeration(24, 0.4, difference), abs=1e-9)


def test_five_discordant_tasks_can_never_tell_two_runs_apart() -> None:
    assert stats.mcnemar_power(5, 1.0, 1.0) == pytest.approx(0.0)
    assert stats.mcnemar_power(6, 1.0, 1.0) == pytest.approx(1.0)


def test_the_unpaired_detectable_difference_meets_the_textbook_sample_size() -> None:
    # 387 or 388 a group tell 0.5 from 0.6 (Fleiss et al., without continuity correction).
    assert stats.unpaired_detectable(388, 0.55) == pytest.approx(0.1, abs=0.0005)
    # A run without a success does not make every difference visible.
    nothing = stats.unpaired_detectable(154, 0.0)
    assert nothing is not None
    assert nothing > 0.02


def test_one_trial_a_side_keeps_its_level() -> None:
    for total in (10, 50, 154, 600, 1_200):
        assert stats.mcnemar_power(total, 0.2, 0.0) <= 0.05


def test_the_readmes_chances_are_those_of_the_test_in_use() -> None:
    """Over every outcome of 154 pairs, each judged by the largest tail, enumerated apart."""
    text = " ".join(README.read_text(encoding="utf-8").split())
    better = _chance_of(154, gained=0.20, lost=0.08, more=True)
    either = 2 * _chance_of(154, gained=0.10, lost=0.10, more=True)
    assert f"is called better in {100 * better:.1f}% of pairs" in text
    assert f"a difference is called in {100 * either:.1f}%" in text


def _chance_of(total: int, *, gained: float, lost: float, more: bool) -> float:
    """Return the chance that the exact test rejects with more gained than lost (or the reverse)."""
    chance, edge = 0.0, smallest_statistic(total, 0.05)
    for discordant in range(6, total + 1):
        here = float(binom.pmf(discordant, total, gained + lost))
        if here < 1e-12:
            continue
        called = [
            value
            for value in range(discordant + 1)
            if (2 * value > discordant) is more
            and abs(2 * value - discordant) >= (edge - 1e-9) * discordant**0.5
        ]
        chance += here * float(binom.pmf(called, discordant, gained / (gained + lost)).sum())
    return chance
