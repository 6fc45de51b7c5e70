"""The verdict: exact, against every filling of what is missing, and never from too little."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import stats
from orchestrator.stats import Pair, Tally, Verdict
from tests.stats.oracles import unconditional_p
from tests.stats.test_paired import single, table

LOST = Tally(1, 0, 0)


def test_six_discordant_tasks_can_decide_and_five_cannot() -> None:
    assert stats.decide(table(5, 0, 100)).verdict is Verdict.UNDERPOWERED
    assert stats.decide(table(6, 0, 100)).verdict is Verdict.BETTER
    assert stats.decide(table(0, 6, 100)).verdict is Verdict.WORSE
    assert stats.decide(table(0, 0, 154)).verdict is Verdict.UNDERPOWERED


def test_what_was_found_names_its_p_and_what_was_not_has_no_worst() -> None:
    decision = stats.decide(table(31, 12, 100))
    assert (decision.verdict, decision.method) == (Verdict.BETTER, stats.UNCONDITIONAL)
    assert decision.p == pytest.approx(unconditional_p(31, 12, 143), abs=1e-9)
    assert (decision.p_worst, decision.survives) == (decision.p, True)
    even = stats.decide(table(9, 9, 100))
    assert (even.verdict, even.p_worst, even.survives) == (Verdict.NOT_DISTINGUISHABLE, None, None)


def test_missing_scores_that_could_undo_it_keep_it_from_being_said() -> None:
    pairs = [*table(12, 2, 80), *[Pair(Tally(1, 1, 1), LOST)] * 10]
    decision = stats.decide(pairs)
    assert decision.p < 0.05
    assert decision.p_worst is not None
    assert decision.p_worst > 0.05
    assert decision.survives is False
    assert decision.verdict is Verdict.NOT_DISTINGUISHABLE
    # A task that the baseline failed as well cannot be lost, so it undoes nothing.
    harmless = [*table(12, 2, 80), *[Pair(Tally(1, 1, 0), LOST)] * 10]
    assert stats.decide(harmless).verdict is Verdict.BETTER


def test_a_run_that_is_mostly_missing_is_underpowered() -> None:
    pairs = [*table(7, 0), *[Pair(LOST, LOST)] * 140]
    assert stats.decide(pairs).verdict is not Verdict.BETTER
    assert stats.decide([*table(4, 4), *[Pair(LOST, LOST)] * 140]).verdict is Verdict.UNDERPOWERED


known = st.tuples(st.integers(0, 1), st.integers(0, 1)).map(lambda pair: single(*pair))
side = st.sampled_from([Tally(1, 1, 0), Tally(1, 1, 1), LOST])
broken = st.builds(Pair, side, side).filter(lambda pair: not pair.complete)


def fillings(pairs: list[Pair]) -> list[list[Pair]]:
    """Return every way in which the missing trials could have ended."""
    ways = []
    for pair in pairs:
        firsts = [pair.first] if pair.first.scored else [Tally(1, 1, 0), Tally(1, 1, 1)]
        seconds = [pair.second] if pair.second.scored else [Tally(1, 1, 0), Tally(1, 1, 1)]
        ways.append([Pair(tally, two) for tally, two in itertools.product(firsts, seconds)])
    return [list(way) for way in itertools.product(*ways)]


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 25), st.lists(known, max_size=12), st.lists(broken, max_size=4))
def test_a_verdict_holds_however_the_missing_had_ended(
    gained: int, rest: list[Pair], missing: list[Pair]
) -> None:
    pairs = [*table(gained, 1), *rest, *missing]
    decision = stats.decide(pairs)
    tests = [stats.paired_test(way) for way in fillings(pairs)]
    finding = stats.paired_test(pairs)
    if finding.p <= 0.05:
        survives = all(
            finding.p <= 0.05 and finding.direction == finding.direction for finding in tests
        )
        assert (decision.verdict is Verdict.BETTER) == (survives and finding.direction > 0)
        if survives:
            assert decision.p_worst == max(finding.p for finding in tests)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_turning_the_sides_round_turns_the_verdict_round(gained: int, lost: int, same: int) -> None:
    there, back = stats.decide(table(gained, lost, same)), stats.decide(table(lost, gained, same))
    turned = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
    assert back == replace(there, verdict=turned.get(there.verdict, there.verdict))


def test_several_comparisons_pay_for_being_several() -> None:
    marginal = table(12, 3, 100)
    assert stats.decide(marginal).verdict is Verdict.BETTER
    several = stats.decide_all([marginal, table(5, 5, 100), table(6, 5, 100)])
    assert [decision.verdict for decision in several] == [Verdict.NOT_DISTINGUISHABLE] * 3


def test_a_pool_decides_like_one_run_would_where_its_runs_agree() -> None:
    pool = [Pair(Tally(3, 3, 0), Tally(1, 1, 1))] * 12 + [Pair(Tally(3, 3, 3), Tally(1, 1, 1))] * 90
    assert stats.decide(pool).verdict is Verdict.BETTER
    assert stats.decide(pool).method == stats.STRATIFIED
