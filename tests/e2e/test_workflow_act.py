"""The workflows themselves, run by act from their files against the fake cloud and GitHub.

act runs a job whose label it does not know as skipped, with exit code 0: what ran is asserted from
its own account, step by step.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.act.checks import assert_nothing_is_left, failed, kill_everything
from tests.e2e.act.runs import Act
from tests.e2e.act.stage import RUN, staged
from tests.e2e.act.trees import named_steps
from tests.e2e.command import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.act.runs import Played

pytestmark = pytest.mark.act

SHARDS = 4
ALL_TASKS = 154
FEW = "40"
JOBS = {"provision": 1, "benchmark": SHARDS, "supervise": 1, "report": 1}
SKIPPED = {"Check out the client", "Refuse to run an unknown tree", "Fetch why provision failed"}
"""The only steps that these runs have no use for: no client, a known tree, nothing that failed."""


@pytest.fixture
def act(tmp_path: Path) -> Iterator[Act]:
    with staged(tmp_path) as stage:
        played = Act(tmp_path, stage)
        try:
            yield played
        finally:
            kill_everything(played)


def inputs(act: Act, **changes: str) -> dict[str, str]:
    return {
        "suite": "demo",
        "workers": str(SHARDS),
        "arena": "simulated",
        "store": act.store.as_uri(),
        **changes,
    }


def assert_each_step_ran(played: Played, workflow: str, jobs: dict[str, int]) -> None:
    """Each job ran as often as it should, and each of its steps as often as the job."""
    assert played.jobs == jobs, played.tail
    ran = [(step.job, step.name) for step in played.steps]
    for job, times in jobs.items():
        for name in named_steps(workflow, job):
            wanted = 0 if name in SKIPPED else times
            assert ran.count((job, name)) == wanted, f"{job}: {name}\n{played.tail}"


def counts(act: Act, run: int = RUN, attempt: int = 1) -> tuple[int, int]:
    """How many tasks the report has as scored, and how many it expected."""
    text = (act.artifacts_of(run) / f"report-proved-{attempt}" / "results.json").read_text()
    score = json.loads(text)["counts"]
    return score["scored"], score["expected"]


def worker_of(act: Act, shard: int) -> int | None:
    """The process of a shard's worker, once it has recorded something."""
    if not any((act.store / f"waa-{RUN}" / "outcomes").rglob("*.json")):
        return None
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            reported = (entry / "environ").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue  # it ended meanwhile, or is no process
        ours = f"ACT_STAGE={act.stage.url}".encode() in reported
        home = f"WAA_MATRIX_WORKER_SHARD={shard}".encode() in reported
        if entry.name.isdigit() and ours and home and command[-2:-1] == [b"worker"]:
            return int(entry.name)
    return None


def job_of(process: int) -> int:
    """The fake GitHub's number of the job that a process works for."""
    reported = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    return int(next(data for data in reported if data.startswith(b"ACT_JOB=")).partition(b"=")[2])


def test_a_run_from_the_button_to_the_report(act: Act) -> None:
    played = act.start("benchmark.yml", inputs(act)).played()
    assert_each_step_ran(played, "benchmark.yml", JOBS)
    assert failed(played) == []
    assert counts(act) == (ALL_TASKS, ALL_TASKS)
    # The supervisor deleted each machine when its job was over: none was left for the report's job.
    assert act.stage.machines_at["report"] == []
    assert len(act.stage.insides.booted) == SHARDS
    files = (act.artifacts_of() / "events-supervise-1").rglob("*.json")
    events = [json.loads(file.read_text()) for file in files]
    deleted = [
        event["machine"]
        for event in events
        if (event["kind"], event["stage"]) == ("delete", "done")
    ]
    assert sorted(deleted) == sorted(act.stage.insides.booted)
    assert_nothing_is_left(act)
    assert len(list(act.artifacts_of().glob("ledger-1-*"))) == SHARDS
    shown = (act.artifacts_of() / "report-proved-1" / "screenshots").glob("*/*/*/*/*.webp")
    assert len({path.parents[2] for path in shown}) == ALL_TASKS, "the page shows every task"
    for secret in (*act.stage.insides.secrets, *act.stage.arm.identity.issued):
        assert not secret or secret not in played.text

    # "Re-run all jobs" of a complete run launches nothing, and reports again.
    machines = len(act.stage.arm.world.ever)
    act.stage.rerun_all()
    again = act.start("benchmark.yml", inputs(act), attempt=2).played()
    assert_each_step_ran(again, "benchmark.yml", {"provision": 1, "report": 1})
    assert failed(again) == []
    assert counts(act, attempt=2) == (ALL_TASKS, ALL_TASKS)
    assert len(act.stage.arm.world.ever) == machines


def test_a_shard_that_fails_costs_no_task(act: Act) -> None:
    running = act.start("benchmark.yml", inputs(act, sample=FEW))
    process = until(lambda: worker_of(act, 2), "shard 2 works")
    act.stage.fails(job_of(process))
    os.kill(process, signal.SIGKILL)
    played = running.played()
    assert_each_step_ran(played, "benchmark.yml", JOBS)
    # The supervisor fails beside the shard, so that re-running failed jobs brings it along.
    assert sorted(failed(played)) == [
        ("benchmark", "Work"),
        ("supervise", "Watch the machines until no job is left"),
    ]
    assert counts(act) == (int(FEW), int(FEW))
    assert act.stage.machines_at["report"] == []
    assert_nothing_is_left(act)


def test_what_a_killed_run_leaves_is_reaped_and_the_run_goes_on_elsewhere(act: Act) -> None:
    act.start("benchmark.yml", inputs(act, sample=FEW))
    until(lambda: worker_of(act, 1), "shard 1 works")
    kill_everything(act)
    assert act.stage.arm.everything() != []
    act.stage.abandon()

    reaped = act.start("reaper.yml", {}, run=RUN + 1).played()
    assert_each_step_ran(reaped, "reaper.yml", {"reap": 1})
    assert failed(reaped) == []
    assert_nothing_is_left(act)

    scored = sum(1 for _ in (act.store / f"waa-{RUN}" / "outcomes").rglob("*.json"))
    assert scored < int(FEW)
    resumed = act.start(
        "benchmark.yml", inputs(act, sample=FEW, resume=str(RUN)), run=RUN + 2
    ).played()
    assert_each_step_ran(resumed, "benchmark.yml", JOBS)
    assert failed(resumed) == []
    assert counts(act, RUN + 2) == (int(FEW), int(FEW))
    assert_nothing_is_left(act)
