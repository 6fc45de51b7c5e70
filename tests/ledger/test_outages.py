"""Whose a bad request is, and when a provider is out: the same in any order of the objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ledger import outages, paths
from orchestrator.ledger.attempts import Exhausted, Free, next_step
from orchestrator.ledger.causes import Cause, Flag, Status
from orchestrator.ledger.fold import as_history, fold, read_objects
from orchestrator.ledger.outages import Hold, standing_hold
from orchestrator.ledger.paths import OutcomePath, UnscoredPath
from orchestrator.planning.suite import TaskKey, Unit
from tests.records import outcome, stored

if TYPE_CHECKING:
    import random

    from orchestrator.ledger.records import Outcome

UNITS = tuple(Unit(TaskKey("d", f"t{number}"), 0) for number in range(6))


def bad(number: int, at: float, attempt: int = 1) -> Outcome:
    made = outcome(UNITS[number], attempt, cause=Cause.AGENT, flags=(Flag.BAD_REQUEST,))
    return replace(made, ended=at)


def scored(number: int, at: float) -> Outcome:
    return replace(outcome(UNITS[number], score=1.0), ended=at)


def causes(*outcomes: Outcome) -> list[Cause | None]:
    folded = fold(UNITS, read_objects([stored(entry) for entry in outcomes]))
    return [result.cause for result in folded.results if result.attempts]


@given(st.randoms(use_true_random=False))
def test_three_tasks_in_a_row_are_the_models_in_any_order(shuffle: random.Random) -> None:
    made = [scored(0, 1.0), bad(1, 2.0), bad(2, 3.0), bad(3, 4.0), scored(4, 5.0), bad(5, 6.0)]
    shuffle.shuffle(made)

    folded = fold(UNITS, read_objects([stored(entry) for entry in (*made, *made[:2])]))

    assert [result.cause for result in folded.results] == [
        None,
        Cause.MODEL,
        Cause.MODEL,
        Cause.MODEL,
        None,
        Cause.AGENT,
    ]
    assert folded.count(Status.INFRASTRUCTURE) == 3


@pytest.mark.parametrize(
    "made",
    [
        (bad(0, 1.0), bad(1, 2.0)),
        (bad(0, 1.0), bad(1, 2.0), scored(3, 2.5), bad(2, 3.0)),
        (bad(0, 1.0), bad(0, 2.0, attempt=2), bad(0, 3.0, attempt=3)),
    ],
)
def test_fewer_or_with_a_success_between_are_their_tasks_own(made: tuple[Outcome, ...]) -> None:
    assert set(causes(*made)) <= {Cause.AGENT, None}


def test_a_plain_failure_of_the_agent_is_never_judged_again() -> None:
    made = [replace(outcome(UNITS[n], cause=Cause.AGENT), ended=float(n)) for n in range(4)]

    assert causes(*made) == [Cause.AGENT] * 4


def test_without_a_time_of_its_own_the_stores_tells() -> None:
    made = [replace(entry, ended=0.0) for entry in (bad(0, 0), bad(1, 0), scored(2, 0), bad(3, 0))]
    between = [
        stored(entry, at=at) for entry, at in zip(made, (10.0, 11.0, 12.0, 13.0), strict=True)
    ]
    after = [stored(entry, at=at) for entry, at in zip(made, (10.0, 11.0, 14.0, 13.0), strict=True)]

    assert fold(UNITS, read_objects(between)).count(Status.INFRASTRUCTURE) == 0
    assert fold(UNITS, read_objects(after)).count(Status.INFRASTRUCTURE) == 3


def test_what_was_the_models_is_tried_again_by_a_resume_alone() -> None:
    snapshot = read_objects([stored(bad(n, float(n))) for n in range(3)])
    result = fold(UNITS, snapshot).results[0]
    history = as_history(result.attempts, snapshot)

    assert next_step(history, frozenset(), "s0") == Exhausted(Cause.MODEL)
    assert next_step(history, frozenset(), "s1") == Free(2)


def mark(number: int, cause: Cause, session: str = "s0") -> UnscoredPath:
    return UnscoredPath(UNITS[number], 1, "w", session, cause)


def test_a_success_is_a_score_an_evaluators_failure_or_an_answer() -> None:
    path = [OutcomePath(UNITS[number], 1, "w") for number in range(4)]
    marks = {mark(0, Cause.PROVIDER): 9.0, mark(1, Cause.EVALUATOR): 4.0, mark(2, Cause.AGENT): 7.0}

    assert outages.last_success({path[0]: 9.0, path[2]: 7.0}, marks, {}) == 0.0
    assert outages.last_success({path[0]: 9.0, path[1]: 4.0}, marks, {}) == 4.0
    assert outages.last_success({path[3]: 5.0}, marks, {"resume-1": 3.0}) == 5.0
    assert outages.last_success({}, marks, {"resume-1": 3.0, "hold-2": 8.0}) == 3.0
    assert outages.unanswered(marks, "s0", 8.0) == {UNITS[0].task}
    assert outages.unanswered(marks, "other", 0.0) == set()


@pytest.mark.parametrize(
    ("controls", "hold"),
    [
        ({}, None),
        ({"drain": 1.0, "hold-x": 1.0, "hold-": 1.0}, None),
        ({"hold-1": 1.0}, Hold(1, 1.0)),
        ({"hold-1": 1.0, "resume-1": 2.0}, None),
        ({"hold-1": 1.0, "resume-1": 2.0, "hold-2": 3.0}, Hold(2, 3.0)),
        ({"hold-1": 1.0, "probe-1-1": 2.0}, Hold(1, 1.0, 1, 2.0)),
        (
            {"hold-1": 1.0, "probe-1-9": 2.0, "probe-1-10": 4.0, "probed-1-9": 3.0},
            Hold(1, 1.0, 10, 4.0),
        ),
        ({"hold-1": 1.0, "probe-1-1": 2.0, "probed-1-1": 3.0}, Hold(1, 1.0, 1, 2.0, 3.0)),
    ],
)
def test_the_hold_that_stands(controls: dict[str, float], hold: Hold | None) -> None:
    assert standing_hold(controls) == hold


def test_orders_are_read_back_from_their_paths() -> None:
    for order in ("drain", paths.hold(3), paths.resume(3), paths.probe(3, 2), paths.probed(3, 2)):
        assert paths.parse_control(paths.control("s-1", order)) == ("s-1", order)
    assert paths.parse_control("control/../x.json") is None
