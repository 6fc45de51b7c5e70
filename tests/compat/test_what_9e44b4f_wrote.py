"""What commit 9e44b4f wrote is read as it was: a ledger, its plan, and the results of it.

``written_at_9e44b4f`` holds the objects of a run of that commit's own code (``ledger.json``: path,
moment, text) and the ``results.json`` that it made of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.comparison.record import read_record
from orchestrator.comparison.schema import SCHEMA
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause, Status
from orchestrator.ledger.fold import Stored, fold, read_objects
from orchestrator.ledger.records import Session, to_json
from orchestrator.planning.plan_file import parse_plan
from orchestrator.report.formats.document import parse_document, task_document, to_document
from orchestrator.report.model.facts import RunFacts
from orchestrator.report.model.summary import summarize
from orchestrator.results.verdict import AttemptVerdict
from orchestrator.worker.attempt import Seen
from tests.fakes.virtual import Actor
from tests.fakes.virtual_world import EPOCH, World
from tests.worker.test_loop import run_out

if TYPE_CHECKING:
    from orchestrator.planning.plan import Plan

WRITTEN = Path(__file__).with_name("written_at_9e44b4f")
DIGEST = "214a991c0d38c0e536271ade32522ca5fc66db3dc33b7a798fb8b0bedd7e4c69"


@pytest.fixture
def objects() -> list[Stored]:
    result: dict[str, tuple[float, str]] = json.loads((WRITTEN / "ledger.json").read_text())
    return [Stored(path, at, text.encode()) for path, (at, text) in result.items()]


@pytest.fixture
def plan(objects: list[Stored]) -> Plan:
    return parse_plan(
        next(stored.data for stored in objects if stored.path == paths.PLAN), "plan.json"
    )


@pytest.fixture
def document() -> dict[str, Any]:
    return parse_document((WRITTEN / "results.json").read_bytes(), "results.json")


def test_its_plan_is_the_same_plan(plan: Plan, document: dict[str, Any]) -> None:
    assert plan.digest == DIGEST
    assert plan.digest == document["run"]["plan_digest"]


def domains(*documents: dict[str, Any]) -> tuple[list[dict[str, Any]], ...]:
    return tuple(document["domains"] for document in documents)


def test_its_ledger_folds_as_it_did(
    plan: Plan, objects: list[Stored], document: dict[str, Any]
) -> None:
    folded = fold(plan.units, read_objects(objects))
    results = summarize(plan, folded, RunFacts(run="run", simulated=True))

    assert folded.damage == ()
    assert [task_document(task) for task in results.tasks] == document["tasks"]
    now = to_document(results)
    assert now["schema"] == SCHEMA != document["schema"]
    for key in ("counts", "causes", "trials", "workers"):
        assert now[key] == document[key]
    # What a timeout may still become, and how wide an interval is, was said another way then.
    for then, read in [
        (document["score"], now["score"]),
        *zip(*domains(document, now), strict=True),
    ]:
        kept = then.keys() - {"best_case", "mean_interval", "clustered_interval"}
        assert {key: read[key] for key in kept} == {key: then[key] for key in kept}


def test_its_results_are_compared_as_they_were(document: dict[str, Any]) -> None:
    record = read_record(document, "results.json")

    trials = record.all_trials
    assert len(trials) == 9
    assert sum(trial.score or 0.0 for trial in trials) == document["score"]["mean"] * 7
    assert {trial.cause for trial in trials if trial.status is Status.INFRASTRUCTURE} == {
        "setup",
        "evaluator",
    }


def test_its_run_is_resumed_with_what_is_not_scored(
    plan: Plan, objects: list[Stored], tmp_path: Path
) -> None:
    world = World(plan, now=EPOCH * 1.2)
    world.objects = {stored.path: (stored.data, stored.modified) for stored in objects}
    again = Session("again", world.now, "test", 1)
    world.objects[paths.session("again")] = (to_json(again), world.now)
    scored = Seen(AttemptVerdict(1.0, None, (), ""), 3, 20.0, {}, None)
    before = fold(plan.units, read_objects(objects))

    actor = Actor(world, "x0", (0, 1), tmp_path, lambda _u, _a: scored, session="again")
    run_out(world, actor)

    now = [Stored(path, at, data) for path, (data, at) in world.objects.items()]
    after = fold(plan.units, read_objects(now))
    assert after.complete
    for old, new in zip(before.results, after.results, strict=True):
        made = len(new.attempts) - len(old.attempts)
        assert made == (0 if old.status is Status.SCORED else 1)
        if old.status is Status.SCORED:
            assert (new.score, new.cause) == (old.score, old.cause)
    assert Cause.AGENT in {result.cause for result in after.results}
