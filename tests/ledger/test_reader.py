"""What a reader makes of the ledgers of one run: the shared one, and workers' own copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cli.inputs.load_run import gather
from orchestrator.cli.inputs.waiting import Waiting
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, Unit, suite_of
from orchestrator.store import StoreCredentials, open_store
from tests.records import claimed, outcome, stored

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.ledger.fold import Stored
    from orchestrator.store import Store

A = Unit(TaskKey("d", "a"), 0)


def ledger(directory: Path, *objects: Stored) -> Store:
    store = open_store(
        directory.parent.as_uri(), directory.name, StoreCredentials(), timeout_s=5.0, create=True
    )
    store.create(paths.PLAN, make_plan(PlanInputs(suite_of((A.task,)))).to_json())
    for entry in objects:
        store.create(entry.path, entry.data)
    return store


def test_a_workers_own_copy_never_turns_a_score_into_its_first_verdict(tmp_path: Path) -> None:
    """It timed out while it was cut off; the shared ledger has it humbled, and another's score."""
    shared = ledger(
        tmp_path / "shared",
        claimed(A, 1, "w0"),
        claimed(A, 2, "w1"),
        stored(outcome(A, 1, cause=Cause.LOST)),
        stored(outcome(A, 2, score=1.0, worker="w1")),
    )
    own = ledger(tmp_path / "own", stored(outcome(A, 1, cause=Cause.TIMEOUT)))
    for stores in ([shared, own], [own, shared]):
        folded = gather(stores, "run", Waiting()).folded
        assert (folded.results[0].score, folded.damage) == (1.0, ())
