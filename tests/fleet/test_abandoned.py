"""What a lost supervisor left is taken by the sweeper, which ends a run that waits for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.fleet.abandoned import FIRST_S, WAITS_S
from orchestrator.fleet.cleanup import PollPolicy
from orchestrator.fleet.provision import launch_wave
from orchestrator.fleet.reap import Reaper
from tests.fakes.github import Fault, Wound
from tests.fleet.conftest import MINE, REPOSITORY, Stage

if TYPE_CHECKING:
    from orchestrator.fleet.reap import Reaped
    from tests.fakes.github import JobEntry

N = 2
PATIENCE = PollPolicy(every_s=10.0, total_s=900.0)


@pytest.fixture
def left(stage: Stage) -> Stage:
    """A fleet whose machines boot, with a supervise job that is in progress."""
    stage.insides.work = lambda job, facts: stage.score(job, facts, N)
    stage.insides.job_s = 4 * 3600.0
    launch_wave(stage.launcher(), stage.capacity(), N)
    return stage


def supervise(stage: Stage, name: str = "supervise") -> JobEntry:
    return stage.scene.fake.add_job(MINE.github_run, name, ["ubuntu-latest"], hosted=True)


def reap(stage: Stage) -> Reaped:
    scene = stage.scene
    return Reaper(REPOSITORY, scene.cleaner, scene.github.runs).reap(PATIENCE)


def lose_supervisor(stage: Stage, name: str = "supervise", how: str = "failure") -> None:
    stage.scene.fake.finish_job(supervise(stage, name).id, how)


@pytest.mark.parametrize("name", ["supervise", "benchmark / supervise"])
def test_a_machine_whose_job_is_over_goes_when_its_supervisor_is_gone(
    left: Stage, name: str
) -> None:
    left.insides.lasts = lambda job: 300.0 if job.name == "benchmark (0)" else 4 * 3600.0
    left.queue_jobs(N)
    lose_supervisor(left, name)
    left.scene.wait(1200.0)
    working = [name for name, job in left.insides.jobs.items() if job != "benchmark (0)"]
    reaped = reap(left)
    assert left.scene.machines == working
    assert any("its job is over" in reason.why for reason in reaped.removable.reasons.values())
    assert not left.scene.fake.world.runs[500].cancelled


def test_while_its_supervisor_lives_nothing_is_taken(left: Stage) -> None:
    left.insides.lasts = lambda _job: 300.0
    left.queue_jobs(N)
    supervise(left)
    left.scene.wait(4000.0)
    assert reap(left).removable.remains.empty
    assert len(left.scene.machines) == N


def test_machines_that_boot_for_queued_jobs_are_left_alone(left: Stage) -> None:
    left.insides.boot_s = 1700.0
    left.queue_jobs(N)
    lose_supervisor(left)
    left.scene.wait(FIRST_S + 60.0)
    assert reap(left).removable.remains.empty
    assert len(left.scene.machines) == N


def test_a_reruns_first_minutes_are_left_alone(left: Stage) -> None:
    """One job was run again by itself: its attempt shows the earlier one's supervise job."""
    left.insides.lasts = lambda _job: 300.0
    jobs = left.queue_jobs(N)
    lose_supervisor(left, how="success")
    left.scene.wait(1200.0)
    for job in jobs:
        assert left.scene.fake.world.jobs[job.id].over
    left.scene.fake.add_job(MINE.github_run, "benchmark (9)", [MINE.label])
    left.scene.fake.rerun_failed(MINE.github_run)
    assert reap(left).removable.remains.empty
    left.scene.wait(FIRST_S)
    assert not reap(left).removable.remains.empty


def test_a_run_that_waits_for_machines_nobody_brings_is_ended_and_said(left: Stage) -> None:
    left.scene.arm.catalogue.cores = {}
    for name in left.scene.machines:
        left.scene.arm.machines.delete(name)
    left.scene.wait(60.0)
    left.queue_jobs(N)
    lose_supervisor(left)
    left.scene.wait(FIRST_S + 60.0)
    assert "run/500" not in reap(left).removable.reasons
    left.scene.wait(WAITS_S)
    reaped = reap(left)
    assert left.scene.fake.world.runs[500].cancelled
    assert "nobody brings" in reaped.removable.reasons["run/500"].why


def test_an_end_that_is_not_granted_is_said(left: Stage) -> None:
    for name in left.scene.machines:
        left.scene.arm.machines.delete(name)
    left.queue_jobs(N)
    lose_supervisor(left)
    left.scene.wait(WAITS_S + 60.0)
    text = "Resource not accessible by integration"
    left.scene.fake.faults.add(
        Fault("POST .*/cancel", Wound.REFUSE, status=403, message=text, times=9)
    )
    reaped = reap(left)
    assert not left.scene.fake.world.runs[500].cancelled
    assert any("Actions: write" in line for line in reaped.removable.unjudged)


def test_a_machine_at_work_whose_job_no_list_shows_yet_stays(left: Stage) -> None:
    """The supervise job is listed as over, no shard is listed, and the runners say what they do."""
    world, clock = left.scene.fake.world, left.scene.clock
    world.listing_lag_s = 1.0
    lose_supervisor(left)
    left.scene.wait(300.0)
    listed_until = clock.now()
    left.scene.wait(300.0)
    left.queue_jobs(N)
    left.scene.wait(WAITS_S + 200.0)
    assert len(left.insides.jobs) == N
    world.listing_lag_s = clock.now() - listed_until
    assert [job.name for job in world.listed_jobs(MINE.github_run, 1)] == ["supervise"]
    assert reap(left).removable.remains.empty
    assert len(left.scene.machines) == N
