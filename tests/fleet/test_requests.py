"""What a fleet asks of Azure and of GitHub, counted in virtual time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from orchestrator.fleet.provision import launch_wave
from orchestrator.fleet.teardown import tear_down
from tests.fakes.clock import VirtualClock
from tests.fleet.staging import sky, staged
from tests.fleet.traffic import Ear

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fleet.conftest import Stage

N = 12
LOOK_S = 30.0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Stage]:
    """A run that calls GitHub as an App."""
    clock = VirtualClock()
    with sky(tmp_path, clock) as over, staged(over, tmp_path, clock) as stage:
        stage.insides.work = lambda job, facts: stage.score(job, facts, N)
        yield stage


def test_a_machine_costs_at_most_four_requests_in_its_life_and_looks_are_apart(run: Stage) -> None:
    ear = Ear(run)
    launch_wave(run.launcher(), run.capacity(), N)
    run.queue_jobs(N)
    assert run.supervisor(N, N).run().exit_code == 0
    supervised = run.scene.clock.now()
    assert tear_down(run.attempt.fleet, run.scene.cleaner).proved
    heard = ear.heard()
    machines = {name: count for name, count in heard.kinds.items() if count >= N}
    assert machines == {
        "GitHub POST actions/runners/generate-jitconfig": N,
        "Azure PUT virtualMachines": N,
        "Azure DELETE virtualMachines": N,
    }
    assert heard.part(0.0, supervised).smallest_gap_s >= 5.0
    assert heard.part(supervised, math.inf).smallest_gap_s >= 5.0


def test_supervising_a_fleet_in_which_nothing_happens_counts_nothing(run: Stage) -> None:
    run.insides.job_s = 3000.0
    launch_wave(run.launcher(), run.capacity(), N)
    run.queue_jobs(N)
    limits = run.scene.fake.limits
    counted: list[int] = []
    supervisor = run.supervisor(N, N, on_round=lambda _round: counted.append(limits.counted))
    assert supervisor.run().exit_code == 0
    quiet = counted[20:90]  # all have a job by then, and none has ended
    assert len(quiet) == 70
    assert quiet[-1] == quiet[0]


def test_supervision_counts_no_more_than_what_changed(run: Stage) -> None:
    """Each job's begin and end changes one page of jobs and every page of runners, here one."""
    run.insides.lasts = lambda job: 300.0 + 150.0 * int(job.name.split("(")[1].rstrip(")"))
    launch_wave(run.launcher(), run.capacity(), N)
    run.queue_jobs(N)
    before = run.scene.fake.limits.counted
    assert run.supervisor(N, N).run().exit_code == 0
    tokens = sum("access_tokens" in request.path for request in run.scene.fake.seen)
    # a new token changes every ETag, and the runner comes online before it has its job
    assert run.scene.fake.limits.counted - before <= 2 * (2 * N + 1) + 3 * tokens
