"""``run --rerun-undecided``: exactly the trials without a score, with a budget that is fresh."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Cause, Status
from tests.e2e.command import RunDirectory, call, quick

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.ledger.fold import Folded

AGAIN = ("run", "--resume", "--rerun-undecided")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "out")


def faults(tasks: list[str]) -> str:
    """Three set-ups and two evaluations that fail exhaust their budgets; one task never ends."""
    return json.dumps(
        [
            {"kind": "reset-error", "task": tasks[0], "attempt": [1, 2, 3]},
            {"kind": "evaluate-error", "task": tasks[1], "attempt": [1, 2]},
            {"kind": "chatter", "task": tasks[2]},
        ]
    )


def attempts(folded: Folded) -> dict[str, int]:
    return {str(result.unit.task): len(result.attempts) for result in folded.results}


def test_what_has_no_score_runs_again_and_no_scored_trial_nor_timeout(
    run: RunDirectory, tmp_path: Path
) -> None:
    assert call(*quick(tmp_path / "scout", "--min-free", str(2**40), tasks=6)).returncode == 4
    named = [str(task.task) for task in RunDirectory(tmp_path / "scout").plan.tasks]
    first = call(
        *quick(run.path, "--faults", faults(named), "--task-deadline", "3000", tasks=6, workers=2)
    )
    assert first.returncode == 1, first.stdout + first.stderr
    before = run.fold()
    causes = {str(result.unit.task): result.cause for result in before.results}
    assert [causes[name] for name in named[:3]] == [Cause.SETUP, Cause.EVALUATOR, Cause.TIMEOUT]

    again = call(*AGAIN, "--out", str(run.path), "--workers", "2")

    assert again.returncode == 0, again.stdout + again.stderr
    assert (
        "Undecided: 2 of 6 trials have no score (evaluator 1, setup 1), and run again with a fresh "
        "budget; the 4 scored ones stay, 1 of them scored 0 for a timeout"
    ) in again.stdout
    assert "Decided by running again: 2 of 2" in again.stdout
    after = run.fold()
    assert after.complete
    counted = attempts(before)
    assert attempts(after) == {name: count + (name in named[:2]) for name, count in counted.items()}
    kept = [result for result in before.results if result.status is Status.SCORED]
    later = {result.unit: result for result in after.results}
    assert [later[result.unit] for result in kept] == kept

    sessions = len(after.sessions)
    none = call(*AGAIN, "--out", str(run.path))
    assert none.returncode == 0, none.stdout + none.stderr
    assert "Undecided: none of 6 trials, so nothing runs again" in none.stdout
    assert attempts(run.fold()) == attempts(after)
    assert len(run.fold().sessions) == sessions


def test_it_works_in_a_store_and_says_what_is_still_undecided(
    run: RunDirectory, tmp_path: Path
) -> None:
    at = ("--store", (tmp_path / "kept").as_uri(), "--run", "nightly")
    fault = json.dumps([{"kind": "evaluate-error"}])
    assert call(*quick(run.path, *at, "--faults", fault, tasks=2)).returncode == 1
    done = call(*AGAIN, *at, "--out", str(run.path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Undecided: 2 of 2 trials have no score (evaluator 2)" in done.stdout
    assert "Decided by running again: 0 of 2" in done.stdout


def test_it_is_for_a_run_that_was_started(run: RunDirectory) -> None:
    done = call(*quick(run.path, "--rerun-undecided", tasks=2))
    assert done.returncode == 2
    assert "--rerun-undecided: is for a run that was started" in done.stderr
    assert not run.path.exists()
