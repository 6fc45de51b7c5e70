"""Workers' own copies beside the shared ledger: which of two texts of one path counts."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ledger.causes import Cause, Status
from orchestrator.ledger.fold import Stored, TaskResult, fold, read_objects
from orchestrator.ledger.records import Heartbeat, Outcome, Session
from orchestrator.planning.suite import TaskKey, Unit
from tests.records import HEARTBEATS, claimed, outcome, outcomes, stored

UNITS = tuple(Unit(TaskKey("d", f"t{number}"), 0) for number in range(3))
A = UNITS[0]
S0 = stored(Session("s0", 100.0, "run", 2))


def copy(record: Stored) -> Stored:
    return replace(record, shared=False)


def result(*objects: Stored) -> TaskResult:
    return fold((A,), read_objects([S0, *objects])).results[0]


def test_the_shared_text_counts_and_not_what_its_worker_thought_first() -> None:
    """The worker timed out, was late, heard that others had gone on, and wrote ``lost``."""
    humbled = stored(outcome(A, 1, cause=Cause.LOST))
    first = copy(stored(outcome(A, 1, cause=Cause.TIMEOUT)))
    scored = stored(outcome(A, 2, score=1.0, worker="w1"))
    for objects in ([humbled, first, scored], [first, humbled, scored]):
        folded = fold((A,), read_objects([S0, *objects]))
        assert folded.results[0].score == 1.0
        assert folded.damage == ()


def test_a_verdict_that_only_a_copy_holds_is_lost_below_another_claim() -> None:
    first = copy(stored(outcome(A, 1, cause=Cause.TIMEOUT)))
    claims = [claimed(A, 1, "w0"), claimed(A, 2, "w1")]
    assert result(first, claims[0]).status is Status.SCORED
    taken_over = result(first, *claims)
    assert taken_over.status is Status.INFRASTRUCTURE
    assert {attempt.cause for attempt in taken_over.attempts} == {Cause.LOST}


def test_a_score_that_only_a_copy_holds_stands() -> None:
    first = copy(stored(outcome(A, 1, score=0.5)))
    assert result(first, claimed(A, 1, "w0"), claimed(A, 2, "w1")).score == 0.5


def test_two_unlike_texts_of_one_rank_are_damage() -> None:
    texts = [stored(outcome(A, 1, score=score)) for score in (0.0, 1.0)]
    for objects in (texts, texts[::-1]):
        folded = fold((A,), read_objects([S0, *objects]))
        assert folded.damage == (texts[0].path,)
        assert folded.results[0].score == 0.0


BEATS = HEARTBEATS.map(lambda beat: replace(beat, worker="w0", beat=beat.beat % 3))


@given(
    st.lists(st.tuples(outcomes(st.sampled_from(UNITS)), st.booleans()), max_size=20),
    st.lists(BEATS, max_size=6),
    st.integers(0, 2**32),
)
def test_unlike_duplicates_in_any_order_fold_alike(
    drawn: list[tuple[Outcome, bool]], beats: list[Heartbeat], seed: int
) -> None:
    records = [replace(stored(record), shared=shared) for record, shared in drawn]
    claims = [claimed(unit, number, "w2") for unit in UNITS for number in (1, 3)]
    objects = [S0, *records, *claims, *map(stored, beats)]
    again = [*objects, *objects]
    random.Random(seed).shuffle(again)
    assert fold(UNITS, read_objects(again)) == fold(UNITS, read_objects(objects))
