from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator.errors import BadInputError
from orchestrator.ledger.causes import Cause, Flag, Status
from orchestrator.planning.schedule import learn
from orchestrator.report import observations, parse_document, schema, summarize, to_document
from tests.report.fake_run import FakeRun, demo_run, facts, outcome, plan_of, suite_named
from tests.report.hostile import hostile_run

_NOT_A_NUMBER = (
    b'{"schema": "waa-matrix/results/1", "tasks": '
    b'[{"domain": "a", "name": "b", "status": "scored", "seconds": NaN}]}'
)
VALIDATOR = Draft202012Validator(schema())


def document_of(run: FakeRun, /, **changes: object) -> dict[str, Any]:
    return to_document(summarize(run.plan, run.fold(), facts(**changes)))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    "run",
    [demo_run(), demo_run(complete=True), hostile_run(), FakeRun(plan_of(suite_named(1)))],
    ids=["demo", "complete", "hostile", "nothing began"],
)
def test_every_document_is_valid_and_strict_json(run: FakeRun) -> None:
    document = document_of(run, started=0.0, ended=0.0, predicted_s=None, exit_code=None)
    text = json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
    VALIDATOR.validate(json.loads(text))


def test_the_schema_knows_every_cause_status_and_flag() -> None:
    defs = schema()["$defs"]
    for kind in (Cause, Status, Flag):
        assert defs[kind.__name__]["enum"] == sorted(member.value for member in kind)


def test_the_schema_refuses_what_is_not_a_result() -> None:
    document = document_of(demo_run())
    wrong: dict[str, object] = {"counts": {}, "run": None, "schema": "other/1", "extra": 1}
    for path, value in wrong.items():
        assert not VALIDATOR.is_valid(document | {path: value})
    document["tasks"][0]["score"] = 1.5
    assert not VALIDATOR.is_valid(document)


def test_the_document_says_what_it_must() -> None:
    document = document_of(demo_run())
    counts = document["counts"]
    assert document["run"]["simulated"] is True
    assert counts["expected"] == 154 == len(document["tasks"])
    assert counts["expected"] == counts["scored"] + counts["infrastructure"] + counts["missing"]
    assert {"mean", "successes", "rate", "interval", "worst_case", "best_case"} <= document[
        "score"
    ].keys()
    assert {worker["id"] for worker in document["workers"]} == {"w0", "w1", "w2", "w2b", "w3"}


def test_no_key_of_the_store_is_in_it() -> None:
    assert "SECRET" not in json.dumps(document_of(demo_run()))


def test_its_durations_feed_the_next_plan() -> None:
    run = FakeRun(plan_of(suite_named(4)))
    done, late, broke, raised = run.plan.units
    run.end(outcome(done, 0.0, seconds=120.0))
    run.end(outcome(late, None, Cause.TIMEOUT, seconds=3600.0))
    run.end(outcome(broke, None, Cause.ARENA, seconds=5.0))
    run.end(outcome(raised, None, Cause.AGENT, seconds=7.0))
    document = parse_document(json.dumps(document_of(run)).encode(), "results.json")
    assert learn(observations(document)).by_task == {done.task: 120.0, late.task: 3600.0}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "is not of the format"),
        (b'{"schema": "waa-matrix/results/1"}', "tasks: is not a list"),
        (b'{"schema": "waa-matrix/results/1", "tasks": [{}]}', "tasks[0]"),
        (_NOT_A_NUMBER, "tasks[0]"),
    ],
)
def test_what_is_no_document_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(BadInputError) as refused:
        parse_document(data, "old.json")
    assert "old.json" in str(refused.value)
    assert said in str(refused.value)
