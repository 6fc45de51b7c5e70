"""The one rule of what may happen next to a task."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ledger.attempts import Attempt, Done, Exhausted, Free, Held, next_step
from orchestrator.ledger.causes import ATTEMPTS_LIMIT, Cause, Flag

NONE: frozenset[int] = frozenset()
S = "s1"


def ended(number: int, cause: Cause | None, session: str = S, **more: object) -> Attempt:
    return Attempt(number, f"w{number}", session, finished=True, cause=cause, **more)  # type: ignore[arg-type]  # shorthand for the other fields


def failures(*causes: Cause, session: str = S) -> list[Attempt]:
    return [ended(number, cause, session) for number, cause in enumerate(causes, 1)]


def test_an_untouched_task_is_free_as_its_first_attempt() -> None:
    assert next_step([], NONE, S) == Free(1)


def test_a_live_attempt_holds_the_task() -> None:
    assert next_step([Attempt(1, "w1", S)], frozenset({1}), S) == Held(1, "w1")


def test_an_unfinished_attempt_of_a_dead_worker_is_lost_and_free() -> None:
    assert next_step([Attempt(1, "w1", S)], NONE, S) == Free(2)


def test_only_the_highest_attempt_can_hold() -> None:
    history = [Attempt(1, "w1", S), ended(2, Cause.ARENA)]
    assert next_step(history, frozenset({1}), S) == Free(3)


def test_a_live_claim_holds_beside_an_outcome_of_the_same_number() -> None:
    history = [ended(2, Cause.ARENA), Attempt(2, "w1", S)]
    for known in (history, history[::-1]):
        assert next_step(known, frozenset({2}), S) == Held(2, "w1")


def test_attempt_numbers_are_integers() -> None:
    history = failures(*[Cause.RELEASED] * 10)
    assert next_step(history, NONE, S) == Free(11)


@pytest.mark.parametrize("cause", [None, Cause.TIMEOUT, Cause.AGENT])
def test_a_score_or_a_final_cause_settles(cause: Cause | None) -> None:
    assert next_step([*failures(Cause.ARENA), ended(2, cause)], NONE, S) == Done()


@pytest.mark.parametrize(
    ("causes", "allowed"),
    [
        ([Cause.ARENA] * 2, True),
        ([Cause.ARENA] * 3, False),
        ([Cause.SETUP] * 3, False),
        ([Cause.ARENA, Cause.SETUP, Cause.ARENA], False),
        ([Cause.EVALUATOR], True),
        ([Cause.EVALUATOR] * 2, False),
        ([Cause.LOST] * 2, True),
        ([Cause.LOST] * 3, False),
        ([Cause.MODEL], False),
        ([Cause.RELEASED] * 20, True),
        ([Cause.ARENA] * 2 + [Cause.LOST] * 2 + [Cause.EVALUATOR], True),
    ],
)
def test_each_cause_has_its_budget(causes: list[Cause], *, allowed: bool) -> None:
    step = next_step(failures(*causes), NONE, S)
    assert isinstance(step, Free if allowed else Exhausted)


def test_no_task_has_more_than_six_attempts_in_a_session() -> None:
    mixed = [Cause.ARENA, Cause.SETUP, Cause.LOST, Cause.LOST, Cause.EVALUATOR]
    assert len(mixed) == ATTEMPTS_LIMIT - 1
    assert isinstance(next_step(failures(*mixed), NONE, S), Free)
    unfinished = [*failures(*mixed), Attempt(6, "w6", "other")]
    assert isinstance(next_step(unfinished, NONE, S), Free)


def test_a_new_session_has_a_new_budget() -> None:
    spent = failures(*[Cause.ARENA] * 3)
    assert isinstance(next_step(spent, NONE, S), Exhausted)
    assert next_step(spent, NONE, "s2") == Free(4)


def broken(number: int, machine: str) -> Attempt:
    return ended(number, Cause.ARENA, machine=machine, flags=(Flag.AFTER_ACTION,))


def test_two_arenas_broken_on_different_machines_settle_the_task() -> None:
    assert next_step([broken(1, "m1"), broken(2, "m2")], NONE, S) == Done()


def test_the_same_machine_twice_proves_nothing() -> None:
    assert next_step([broken(1, "m1"), broken(2, "m1")], NONE, S) == Free(3)


def test_an_arena_lost_without_an_action_proves_nothing() -> None:
    idle = ended(2, Cause.ARENA, machine="m2")
    assert next_step([broken(1, "m1"), idle], NONE, S) == Free(3)


@given(
    st.lists(
        st.builds(
            Attempt,
            number=st.integers(1, 9),
            worker=st.sampled_from(["", "w1", "w2"]),
            session=st.sampled_from(["", S, "s2"]),
            finished=st.booleans(),
            cause=st.none() | st.sampled_from(Cause),
        ),
        max_size=8,
    ),
    st.frozensets(st.integers(1, 9)),
    st.randoms(),
)
def test_the_order_of_a_history_does_not_matter(
    history: list[Attempt], live: frozenset[int], rng: object
) -> None:
    shuffled = sorted(history, key=lambda _: rng.random())  # type: ignore[attr-defined]  # hypothesis' Random
    free, other = next_step(history, live, S), next_step(shuffled, live, S)
    assert type(free) is type(other)
    if not isinstance(free, Exhausted):
        assert free == other
    if isinstance(free, Free):
        assert all(attempt.number < free.attempt for attempt in history)
