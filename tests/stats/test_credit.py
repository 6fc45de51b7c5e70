"""Partial credit: mean scores, tested by dealing each task's trials anew to its sides."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test, ttest_1samp

from orchestrator import stats
from orchestrator.stats import Pair, ScorePair, Scores, Tally, Verdict


def scored(first: list[float], second: list[float], missing: tuple[int, int] = (0, 0)) -> ScorePair:
    return ScorePair(
        Scores(len(first) + missing[0], tuple(first)),
        Scores(len(second) + missing[1], tuple(second)),
    )


def by_dealing(pairs: list[ScorePair]) -> float:
    """Share of all ways to deal each task's scores to its sides that are as far out, doubled."""
    totals = np.zeros(1)
    for pair in pairs:
        scores = pair.first.scored + pair.second.scored
        dealt = []
        for chosen in itertools.combinations(range(len(scores)), len(pair.second.scored)):
            second = [scores[place] for place in chosen]
            first = [score for place, score in enumerate(scores) if place not in chosen]
            dealt.append(math.fsum(second) / len(second) - math.fsum(first) / len(first))
        totals = np.add.outer(totals, np.array(dealt)).ravel()
    seen = math.fsum(pair.difference for pair in pairs)
    below = float((totals <= seen + 1e-9).mean())
    above = float((totals >= seen - 1e-9).mean())
    return min(1.0, 2 * min(below, above))


def t_test(pairs: list[ScorePair]) -> float:
    differences = [pair.difference for pair in pairs]
    if len(differences) < 2:
        return 1.0
    if max(differences) - min(differences) < 1e-9:
        return 1.0 if abs(differences[0]) < 1e-9 else 0.0
    return float(ttest_1samp(differences, 0).pvalue)


def largest(pairs: list[ScorePair]) -> float:
    differing = sum(abs(pair.difference) > 1e-9 for pair in pairs)
    return max(by_dealing(pairs), t_test(pairs), min(1.0, 2.0 ** (1 - differing)))


GRADES = st.sampled_from([0.0, 1 / 3, 0.5, 0.7, 1.0])


def sides(first: int, second: int) -> st.SearchStrategy[ScorePair]:
    lists = (st.lists(GRADES, min_size=n, max_size=n) for n in (first, second))
    return st.builds(scored, *lists)


@settings(max_examples=60, deadline=None)
@given(st.lists(sides(1, 1), max_size=9) | st.lists(sides(3, 1) | sides(2, 2), max_size=4))
def test_it_counts_every_deal(pairs: list[ScorePair]) -> None:
    finding = stats.score_test(pairs)
    assert finding.method == stats.PERMUTATION
    assert finding.p == pytest.approx(largest(pairs), abs=1e-9)


def test_one_trial_a_side_is_a_sign_flip_as_scipy_has_it() -> None:
    draws = np.random.default_rng(2)
    first, second = draws.integers(0, 5, (2, 11)) / 4
    second = np.minimum(1.0, second + draws.integers(0, 2, 11) / 4)
    pairs = [scored([a], [b]) for a, b in zip(first, second, strict=True)]
    other = permutation_test(
        (first, second),
        lambda entry, two, axis: (two - entry).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert by_dealing(pairs) == pytest.approx(other.pvalue)
    assert stats.score_test(pairs).p == pytest.approx(max(other.pvalue, t_test(pairs)))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2)).map(
            lambda won: Pair(Tally(3, 3, won[0]), Tally(2, 2, won[1]))
        ),
        min_size=1,
        max_size=20,
    )
)
def test_on_full_successes_alone_it_is_the_stratified_test(pairs: list[Pair]) -> None:
    scores = [
        scored(
            [1.0] * pair.first.successes + [0.0] * (3 - pair.first.successes),
            [1.0] * pair.second.successes + [0.0] * (2 - pair.second.successes),
        )
        for pair in pairs
    ]
    assert not any(pair.partial for pair in scores)
    assert stats.score_test(scores).p == pytest.approx(stats.paired_test(pairs).p, abs=1e-9)


def test_deals_too_many_to_count_are_drawn_and_the_error_is_known() -> None:
    draws = np.random.default_rng(4)
    first, second = draws.random((2, 30, 9))
    pairs = [
        scored(list(map(float, a)), list(map(float, np.minimum(1, b + 0.1))))
        for a, b in zip(first, second, strict=True)
    ]
    finding = stats.score_test(pairs)
    assert finding.method == stats.DRAWN
    assert finding == stats.score_test(pairs)
    other = np.random.default_rng(9)
    every = np.array([pair.first.scored + pair.second.scored for pair in pairs])
    dealt = other.permuted(np.broadcast_to(every, (4_000, *every.shape)), axis=2)
    moved = (dealt[:, :, 9:].mean(axis=2) - dealt[:, :, :9].mean(axis=2)).sum(axis=1)
    p = 2 * float((moved >= sum(pair.difference for pair in pairs)).mean())
    assert finding.p == pytest.approx(p, abs=4 * math.sqrt(p / 4_000) + 2e-3)
    assert stats.drawn_error(0.05) == pytest.approx(math.sqrt(0.05 * 0.95 / stats.DRAWS))


def gains_in_part(tasks: int, missing: int = 0) -> list[ScorePair]:
    """Tasks that failed and now succeed in part, beside a hundred that are as they were."""
    lost = [scored([0.5], [], (0, 1))] * missing
    return [scored([0.0], [0.5])] * tasks + [scored([1.0], [1.0])] * 100 + lost


def test_a_gain_in_partial_credit_alone_is_seen() -> None:
    decision = stats.decide_scores([gains_in_part(8)])[0]
    assert (decision.verdict, decision.method) == (Verdict.BETTER, stats.PERMUTATION)
    assert decision.p == pytest.approx(largest_of_equal(8))
    assert stats.decide_scores([gains_in_part(5)])[0].verdict is Verdict.UNDERPOWERED


def largest_of_equal(differing: int) -> float:
    return max(2.0 ** (1 - differing), t_test(gains_in_part(differing)))


def test_missing_scores_are_filled_against_it_with_0_and_1() -> None:
    whole, some = stats.decide_scores([gains_in_part(8)])[0], [gains_in_part(8, missing=8)]
    held = stats.decide_scores(some)[0]
    assert whole.survives
    assert (held.survives, held.verdict) == (False, Verdict.NOT_DISTINGUISHABLE)
    against = gains_in_part(8) + [scored([0.5], [0.0])] * 8
    assert held.p_worst == pytest.approx(stats.score_test(against).p)
    assert stats.decide_scores([gains_in_part(8, missing=1)])[0].verdict is Verdict.BETTER


def test_several_comparisons_on_scores_pay_for_being_several() -> None:
    entry, three = (
        stats.decide_scores([gains_in_part(7)]),
        stats.decide_scores([gains_in_part(7)] * 3),
    )
    assert [decision.p for decision in three] == pytest.approx([3 * entry[0].p] * 3)


def test_a_like_run_beside_a_pool_is_seldom_unlike() -> None:
    """Dealing trials anew keeps the level where flipping signs of a pool's means does not."""
    draws = np.random.default_rng(12)
    dealt = flipped = 0
    for _ in range(200):
        scores = (draws.random((60, 6)) < 0.12) * draws.choice([0.5, 1.0], (60, 6))
        pairs = [scored(list(map(float, row[:5])), [float(row[5])]) for row in scores]
        dealt += stats.score_test(pairs).p <= 0.05
        means = [scored([pair.first.mean], [pair.second.mean]) for pair in pairs]
        flipped += by_signs(means, draws) <= 0.05
    assert dealt <= 18
    assert flipped > dealt


def by_signs(pairs: list[ScorePair], draws: np.random.Generator) -> float:
    """A plain sign flip of the tasks' differences, drawn."""
    differences = np.array([pair.difference for pair in pairs])
    signs = draws.choice([-1, 1], (1_000, len(differences)))
    return float((np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9).mean())
