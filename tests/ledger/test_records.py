from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.encoding import canonical
from orchestrator.ledger import paths, records
from orchestrator.ledger.causes import Cause, Flag, Status
from orchestrator.planning.suite import TaskKey, Unit
from tests.records import CLAIMS, HEARTBEATS, LEFT, MARKS, SESSIONS, outcome, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.ledger.records import Claim, Heartbeat, Left, Mark, Outcome, Session

PARSERS = [
    records.parse_claim,
    records.parse_outcome,
    records.parse_mark,
    records.parse_heartbeat,
    records.parse_left,
    records.parse_session,
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["unit", "task", "score", "cause", "worker", "flags", "phases", "beat"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(CLAIMS)
def test_a_claim_round_trips(record: Claim) -> None:
    assert records.parse_claim(records.to_json(record)) == record


@given(outcomes())
def test_an_outcome_round_trips(record: Outcome) -> None:
    assert records.parse_outcome(records.to_json(record)) == record


@given(MARKS)
def test_a_mark_round_trips(record: Mark) -> None:
    assert records.parse_mark(records.to_json(record)) == record


@given(HEARTBEATS)
def test_a_heartbeat_round_trips(record: Heartbeat) -> None:
    assert records.parse_heartbeat(records.to_json(record)) == record


@given(LEFT)
def test_an_end_round_trips(record: Left) -> None:
    assert records.parse_left(records.to_json(record)) == record


@given(SESSIONS)
def test_a_session_round_trips(record: Session) -> None:
    assert records.parse_session(records.to_json(record)) == record


@pytest.mark.parametrize("parse", PARSERS)
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_are_damage_and_never_raise(
    parse: Callable[[bytes], object], data: bytes
) -> None:
    assert parse(data) is None


@pytest.mark.parametrize("parse", PARSERS)
@given(document=JSON)
def test_foreign_documents_never_raise(parse: Callable[[bytes], object], document: Any) -> None:
    parsed = parse(json.dumps(document).encode())
    assert parsed is None or document


@pytest.mark.parametrize("parse", PARSERS)
def test_a_bottomless_document_is_damage(parse: Callable[[bytes], object]) -> None:
    assert parse(b"[" * 100_000) is None


@given(outcomes(), st.data())
def test_a_truncated_outcome_is_damage(record: Outcome, data: st.DataObject) -> None:
    text = records.to_json(record).rstrip()
    cut = data.draw(st.integers(0, len(text) - 1))
    assert records.parse_outcome(text[:cut]) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score", 1.5),
        ("score", -0.1),
        ("score", "1"),
        ("score", True),
        ("cause", "unheard-of"),
        ("attempt", -1),
        ("attempt", 1.5),
        ("steps", True),
        ("seconds", "NaN"),
        ("flags", [7]),
        ("unit", None),
        ("fingerprint", {"cpu": 3}),
    ],
)
def test_an_outcome_with_a_wrong_field_is_damage(field: str, value: object) -> None:
    good = {
        "unit": {"task": {"domain": "d", "name": "n"}, "trial": 0},
        "attempt": 1,
        "worker": "w",
        "session": "s",
        "machine": "m",
        "score": 1.0,
        "cause": None,
        "message": "",
        "flags": [],
        "steps": 1,
        "seconds": 1.0,
        "started": 0.0,
        "ended": 0.0,
        "phases": {},
        "fingerprint": {},
    }
    assert records.parse_outcome(json.dumps(good).encode()) is not None
    assert records.parse_outcome(json.dumps(good | {field: value}).encode()) is None


def test_what_a_later_version_wrote_is_no_damage() -> None:
    mine = outcome(Unit(TaskKey("d", "n"), 0), cause=Cause.AGENT)
    later = json.loads(records.to_json(mine)) | {"cause": "unheard-of", "flags": ["unheard-of"]}
    scored = later | {"cause": None, "score": 0.5, "flags": ["unheard-of", "evaluator"]}

    read = records.parse_outcome(json.dumps(later).encode())
    kept = records.parse_outcome(json.dumps(scored).encode())

    assert read is not None
    assert (read.cause, read.status, read.flags) == (Cause.UNKNOWN, Status.INFRASTRUCTURE, ())
    assert kept is not None
    assert (kept.score, kept.flags) == (0.5, (Flag.EVALUATOR,))
    mark = paths.parse_unscored("unscored/d/n/0/1/w/s/unheard-of.json")
    assert mark is not None
    assert mark.cause is Cause.UNKNOWN


def test_an_outcome_is_scored_or_has_a_cause_and_never_both_or_neither() -> None:
    text = records.to_json(records.Outcome(Unit(TaskKey("d", "n"), 0), 1, "w", "s", "m", 1.0, None))
    document = json.loads(text)
    assert records.parse_outcome(json.dumps(document | {"cause": "arena"}).encode()) is None
    assert records.parse_outcome(json.dumps(document | {"score": None}).encode()) is None


def test_equal_records_are_equal_bytes() -> None:
    data = canonical({"b": 1, "a": {"d": 2, "c": 3}})
    assert data == canonical({"a": {"c": 3, "d": 2}, "b": 1})
