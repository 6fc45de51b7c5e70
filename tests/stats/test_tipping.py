"""The tipping point: the fewest missing scores that, ended against a finding, undo it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator import stats
from orchestrator.stats import Pair, Tally
from tests.stats.test_paired import single, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOST = Tally(1, 0, 0)


def by_enumeration(pairs: Sequence[Pair]) -> int | None:
    """Fill what is missing in every way; of those that undo the finding, the fewest against it."""
    finding = stats.paired_test(pairs)
    fewest = None
    for filling in itertools.product(*(list(ways(pair, finding.direction)) for pair in pairs)):
        after = stats.paired_test([pair for pair, _ in filling])
        if after.p > 0.05 or after.direction != finding.direction:
            against = sum(count for _, count in filling)
            fewest = against if fewest is None else min(fewest, against)
    return fewest


def ways(pair: Pair, direction: int) -> Iterator[tuple[Pair, int]]:
    """Yield each way in which a pair's missing trials end, and how many are against the finding."""
    first, second = (side.expected - side.scored for side in (pair.first, pair.second))
    for value, two in itertools.product(range(first + 1), range(second + 1)):
        against = value + (second - two) if direction > 0 else (first - value) + two
        yield (
            Pair(
                Tally(pair.first.expected, pair.first.expected, pair.first.successes + value),
                Tally(pair.second.expected, pair.second.expected, pair.second.successes + two),
            ),
            against,
        )


known = st.tuples(st.integers(0, 1), st.integers(0, 1)).map(lambda pair: single(*pair))
side = st.sampled_from([Tally(1, 1, 0), Tally(1, 1, 1), LOST])
broken = st.builds(Pair, side, side).filter(lambda pair: not pair.complete)


def unscored(gained: int, lost: int, missing: int) -> list[Pair]:
    """Failed in the baseline and without a score now: each is nothing, or one more gained."""
    return [*table(gained, lost, 40), *[Pair(Tally(1, 1, 0), LOST)] * missing]


@pytest.mark.parametrize(("gained", "lost"), [(1, 12), (0, 13), (0, 9), (2, 14), (1, 9)])
def test_the_number_is_the_one_that_counting_gives(gained: int, lost: int) -> None:
    pairs = unscored(gained, lost, 6)
    counted = next(
        more for more in range(7) if stats.paired_test(table(gained + more, lost, 40)).p > 0.05
    )
    assert stats.tipping_point([pairs]) == stats.Tipping(counted, 6)
    turned = [Pair(pair.second, pair.first) for pair in pairs]
    assert stats.tipping_point([turned]) == stats.Tipping(counted, 6)


def test_what_is_not_found_or_holds_anyway_has_none() -> None:
    assert stats.tipping_point([unscored(2, 6, 6)]) is None
    assert stats.tipping_point([unscored(0, 30, 6)]) is None
    assert stats.tipping_point([table(0, 30, 6)]) is None


@settings(max_examples=150, deadline=None)
@given(
    st.integers(6, 14),
    st.booleans(),
    st.lists(known, max_size=6),
    st.lists(broken, min_size=1, max_size=6),
)
def test_with_one_trial_a_side_no_fewer_would_do(
    ahead: int, up: bool, rest: list[Pair], missing: list[Pair]
) -> None:
    pairs = [*(table(ahead, 1) if up else table(1, ahead)), *rest, *missing]
    assume(stats.paired_test(pairs).p <= 0.05)
    tipping = stats.tipping_point([pairs])
    assert (tipping is None) == stats.decide(pairs).survives
    assert (tipping.needed if tipping else None) == by_enumeration(pairs)


def of_two(expected: int) -> st.SearchStrategy[Tally]:
    return st.integers(0, expected).flatmap(
        lambda scored: st.integers(0, scored).map(lambda won: Tally(expected, scored, won))
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(Pair, of_two(3), of_two(2)), min_size=1, max_size=3), st.integers(7, 16))
def test_with_several_trials_as_many_do_undo_it(missing: list[Pair], ahead: int) -> None:
    pairs = [*[Pair(Tally(3, 3, 0), Tally(2, 2, 2))] * ahead, *missing]
    pairs += [Pair(Tally(3, 3, 2), Tally(2, 2, 0))] * 3
    finding = stats.paired_test(pairs)
    assume(finding.p <= 0.05)
    tipping = stats.tipping_point([pairs])
    decision = stats.decide(pairs)
    assert (tipping is not None) == (decision.survives is False)
    if tipping is not None:
        assert tipping.needed == by_enumeration(pairs)


def test_several_comparisons_pay_for_being_several() -> None:
    pairs, other = unscored(0, 13, 6), table(5, 5, 100)
    alone, among = stats.tipping_point([pairs]), stats.tipping_point([pairs, other, other])
    assert alone is not None
    assert among is not None
    # Three share the level: 0.05 / 3 is what the first one's p has to be below.
    assert among.needed == next(
        more for more in range(7) if stats.paired_test(table(more, 13, 40)).p > 0.05 / 3
    )
    assert among.needed < alone.needed


def test_what_others_miss_can_undo_it_alone() -> None:
    # Holm's step lets such a p stand beside a smaller one; alone at the front it is doubled.
    gained, lost = next(
        (gained, lost)
        for gained, lost in itertools.product(range(5), range(6, 16))
        if 0.028 < stats.paired_test(table(gained, lost, 40)).p <= 0.05
    )
    whole, other = table(gained, lost, 40), unscored(0, 12, 12)
    assert stats.decide_all([whole, table(0, 12, 40)])[0].survives is True
    assert stats.decide_all([whole, other])[0].survives is False
    assert stats.tipping_point([whole, other]) == stats.Tipping(0, 0)
