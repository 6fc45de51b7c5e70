"""The fold: what is counted, whatever the order and however often objects are listed."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause, Flag, Status
from orchestrator.ledger.fold import Stored, fold, read_objects
from orchestrator.ledger.records import Outcome, Session
from orchestrator.planning.suite import TaskKey, Unit
from tests.records import claimed, outcome, outcomes, stored

UNITS = tuple(Unit(TaskKey("d", f"t{number}"), 0) for number in range(4))
A, B = UNITS[:2]
S0, S1 = Session("s0", 100.0, "run", 2), Session("s1", 200.0, "run", 2)

RECORDS = st.lists(outcomes(st.sampled_from(UNITS)), max_size=25)
CLAIMS = st.lists(
    st.builds(
        claimed, st.sampled_from(UNITS), st.integers(1, 5), st.sampled_from(["w0", "w1", "w2"])
    ),
    max_size=10,
)


def objects_of(records: list[Outcome], claims: list[Stored]) -> list[Stored]:
    """Return what a store can hold: one object a path."""
    result = {
        entry.path: entry for entry in (stored(S0), stored(S1), *map(stored, records), *claims)
    }
    return list(result.values())


@given(RECORDS, CLAIMS, st.integers(0, 2**32))
def test_order_and_repetition_change_nothing(
    records: list[Outcome], claims: list[Stored], seed: int
) -> None:
    objects = objects_of(records, claims)
    again = [*objects, *objects]
    random.Random(seed).shuffle(again)
    assert fold(UNITS, read_objects(again)) == fold(UNITS, read_objects(objects))


@given(RECORDS, CLAIMS)
def test_the_three_counts_sum_to_what_is_expected(
    records: list[Outcome], claims: list[Stored]
) -> None:
    folded = fold(UNITS, read_objects(objects_of(records, claims)))
    assert [result.unit for result in folded.results] == list(UNITS)
    assert sum(folded.count(status) for status in Status) == len(UNITS)
    for result in folded.results:
        assert (result.score is not None) == (result.status is Status.SCORED)
        assert result.score is None or 0.0 <= result.score <= 1.0


@given(RECORDS, RECORDS)
def test_a_union_of_ledgers_is_the_fold_of_both(entry: list[Outcome], two: list[Outcome]) -> None:
    left = {item.path: item for item in objects_of(entry, [])}
    right = {item.path: item for item in objects_of(two, [])}
    both = [*left.values(), *(item for path, item in right.items() if path not in left)]
    assert fold(UNITS, read_objects(both)) == fold(UNITS, read_objects([*both, *left.values()]))


def test_the_first_score_counts_and_never_the_best() -> None:
    result = fold(
        (A,),
        read_objects(
            [
                stored(S0),
                stored(outcome(A, 1, score=0.0)),
                stored(outcome(A, 2, score=1.0, worker="w1")),
            ]
        ),
    ).results[0]
    assert (result.score, result.counted.attempt if result.counted else 0) == (0.0, 1)


def test_an_earlier_session_comes_before_a_lower_attempt() -> None:
    early = stored(outcome(A, 2, score=0.25, session="s0"))
    late = stored(outcome(A, 1, score=0.75, session="s1"))
    folded = fold((A,), read_objects([late, early, stored(S0), stored(S1)]))
    assert folded.results[0].score == 0.25


def test_a_timeout_scores_zero_and_infrastructure_scores_nothing() -> None:
    folded = fold(
        (A, B),
        read_objects(
            [
                stored(outcome(A, cause=Cause.TIMEOUT)),
                stored(outcome(B, cause=Cause.ARENA)),
            ]
        ),
    )
    first, second = folded.results
    assert (first.status, first.score, first.cause) == (Status.SCORED, 0.0, Cause.TIMEOUT)
    assert (second.status, second.score) == (Status.INFRASTRUCTURE, None)


def test_with_nothing_scored_the_last_cause_counts() -> None:
    folded = fold(
        (A,),
        read_objects(
            [
                stored(outcome(A, 1, cause=Cause.ARENA)),
                stored(outcome(A, 2, cause=Cause.EVALUATOR)),
            ]
        ),
    )
    assert folded.results[0].cause is Cause.EVALUATOR


def test_only_released_is_missing() -> None:
    folded = fold((A,), read_objects([stored(outcome(A, cause=Cause.RELEASED))]))
    assert folded.results[0].status is Status.MISSING


def test_a_claim_without_an_outcome_is_lost_unless_its_worker_lives() -> None:
    objects = read_objects([claimed(A, 1, "w0")])
    assert fold((A,), objects).results[0].cause is Cause.LOST
    assert fold((A,), objects, frozenset({"w0"})).results[0].status is Status.MISSING


def test_an_unreadable_outcome_is_lost_and_named() -> None:
    path = paths.outcome(A, 1, "w0")
    folded = fold((A,), read_objects([Stored(path, 0.0, b"{")]))
    assert folded.results[0].cause is Cause.LOST
    assert folded.damage == (path,)


def test_an_outcome_filed_under_another_name_does_not_count() -> None:
    forged = stored(outcome(A, score=1.0))
    path = paths.outcome(B, 1, "w0")
    folded = fold((A, B), read_objects([Stored(path, 0.0, forged.data)]))
    assert folded.count(Status.SCORED) == 0
    assert folded.damage == (path,)


def test_what_is_no_record_is_named_and_what_is_not_counted_is_passed_over() -> None:
    objects = [
        Stored("claims/stray.json", 0.0, b"{}"),
        Stored("left/../../etc/passwd", 0.0, b""),
        Stored("evidence/d/t0/0/1-w0/traj.jsonl", 0.0, b"anything"),
        Stored("events/supervise/1.json", 0.0, b"anything"),
    ]
    assert fold((A,), read_objects(objects)).damage == (
        "claims/stray.json",
        "left/../../etc/passwd",
    )


def test_an_agent_that_broke_two_arenas_scores_zero() -> None:
    broken = [
        stored(
            outcome(A, number, cause=Cause.ARENA, machine=f"m{number}", flags=(Flag.AFTER_ACTION,))
        )
        for number in (1, 2)
    ]
    result = fold((A,), read_objects(broken)).results[0]
    assert (result.status, result.cause, result.score) == (
        Status.SCORED,
        Cause.AGENT_BROKE_ARENA,
        0.0,
    )


def test_a_unit_that_nobody_expects_changes_nothing() -> None:
    folded = fold((A,), read_objects([stored(outcome(B, score=1.0))]))
    assert len(folded.results) == 1
    assert folded.results[0].status is Status.MISSING
