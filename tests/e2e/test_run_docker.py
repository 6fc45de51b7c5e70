"""A whole run with ``--arena winarena``, against the stand-in's container under a real engine."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from orchestrator.arena.winarena.docker_cli import Docker
from orchestrator.arena.winarena.sweep import started_by_workers
from orchestrator.ledger.causes import Cause, Status
from orchestrator.planning.suite import Selection, demo_suite, select
from tests.e2e.base_image import simulated_image
from tests.e2e.command import RunDirectory, call

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.docker

SEED, TASKS = 5, 20
KEY = "sk-a-key-that-must-stay-inside"


def test_a_hang_a_crash_a_dead_qemu_and_a_machine_that_never_boots(tmp_path: Path) -> None:
    chosen = select(demo_suite(), Selection(sample=TASKS, seed=SEED)).tasks
    hung, crashed, dead = (str(task) for task in chosen[:3])
    faults = [
        {"kind": "hang", "task": hung, "attempt": 1, "step": 2},
        {"kind": "die", "task": crashed, "attempt": 1},
        {"kind": "qemu-dead", "task": dead, "attempt": 1},
        {"kind": "never-ready", "worker": "w001-*"},
    ]
    script = {"speed": 600, "boot_s": 600, "faults": faults}
    run = RunDirectory(tmp_path / "out")
    done = call(
        *("run", "--arena", "winarena", "--image", simulated_image(), "--out", str(run.path)),
        *("--suite", "demo", "--sample", str(TASKS), "--seed", str(SEED), "--workers", "2"),
        *("--faults", json.dumps(script), "--env", "OPENAI_API_KEY"),
        *("--stall-deadline", "4", "--arena-start-deadline", "12", "--task-deadline", "60"),
        *("--heartbeat", "1", "--lease", "6"),
        OPENAI_API_KEY=KEY,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Simulated" in done.stdout
    folded = run.fold()
    assert folded.count(Status.SCORED) == TASKS
    results = {str(result.unit.task): result for result in folded.results}
    for task, words in ((hung, "nothing grew"), (crashed, "without a result"), (dead, "")):
        first, *rest = results[task].attempts
        assert first.cause is Cause.ARENA, (task, first)
        assert words in first.message
        assert rest[-1].score is not None
    others = [result for task, result in results.items() if task not in (hung, crashed, dead)]
    assert [len(result.attempts) for result in others] == [1] * len(others)
    never = [left for name, left in folded.left.items() if name.startswith("w001-")]
    assert {left.exit_code for left in never} == {4}
    assert all("not up within 12 s" in left.reason for left in never)
    assert started_by_workers(Docker(dict(os.environ))) == []
    assert all(
        KEY.encode() not in file.read_bytes() for file in run.path.rglob("*") if file.is_file()
    )
