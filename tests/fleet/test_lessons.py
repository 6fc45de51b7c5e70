"""What went wrong with other launchers of runners, and is not told by a test elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.fleet.identity import Role
from orchestrator.fleet.launch import LaunchedMachine
from orchestrator.fleet.provision import launch_wave
from tests.fakes.arm.faults import Fate, Fault
from tests.fakes.arm.world import MACHINE
from tests.fakes.github import Fault as GitHubFault
from tests.fakes.github import Wound
from tests.fleet.conftest import MINE, OTHER, Stage
from tests.fleet.faulting import called
from tests.fleet.stand import standing

if TYPE_CHECKING:
    from pathlib import Path

N = 4


def provisioned(stage: Stage, count: int = N) -> list[LaunchedMachine]:
    stage.insides.work = lambda job, facts: stage.score(job, facts, count)
    wave = launch_wave(stage.launcher(), stage.capacity(), count)
    return list(wave.launched)


def names_of(stage: Stage, kind: str, what: str = "done") -> list[str]:
    return [
        event.machine for event in stage.journal.events if (event.kind, event.stage) == (kind, what)
    ]


def lose(stage: Stage, name: str) -> None:
    """Take a machine away, as an eviction does."""
    arm = stage.scene.arm
    with arm.lock:
        item = arm.world.find(MACHINE, name)
        assert item is not None
        arm.machines._halt(item)
        arm.world.remove(item)


def test_a_partial_fleet_is_a_smaller_matrix(tmp_path: Path) -> None:
    with standing(tmp_path) as stand:
        others = 16  # cores
        stand.arm.catalogue.cores = {"westeurope": others + 8, "northeurope": 0}
        more = ("--workers", "3", "--min-workers", "1", "--every", "10")
        code, said = called(stand, "provision", *more)
        assert code == 0, said
        outputs = (tmp_path / "github-output").read_text().splitlines()
        assert {"matrix=[0]", "shards=1", "machines=1", "label=waa-500"} <= set(outputs)
        assert said.count("warning: machine") == 2


def test_a_runs_runners_take_no_other_runs_job(stage: Stage) -> None:
    theirs = stage.scene.fake.add_job(OTHER.github_run, "benchmark (0)", [OTHER.label])
    plain = stage.scene.fake.add_job(OTHER.github_run, "build", ["self-hosted"])
    launched = provisioned(stage)
    runners = stage.scene.github.runners.all()
    assert {runner.labels for runner in runners} == {frozenset({MINE.label})}
    stage.queue_jobs(N)
    assert stage.supervisor(N, N).run().exit_code == 0
    assert len(stage.insides.jobs) == len(launched)
    for job in (theirs, plain):
        assert stage.scene.fake.world.jobs[job.id].status == "queued"


def test_any_machine_of_the_run_takes_any_shard(stage: Stage) -> None:
    """Jobs are queued in another order than machines come up, and two shards' machines are new."""
    for number in (0, 1):
        fate = Fate(f"waa-500-1-{number:03d}-*", fails_with="AllocationFailed", times=1)
        stage.scene.arm.faults.machines(fate)
    provisioned(stage)
    stage.queue_jobs(N)
    assert stage.supervisor(N, N).run().exit_code == 0
    assert sorted(stage.insides.jobs.values()) == [f"benchmark ({number})" for number in range(N)]


def test_several_machines_lost_at_different_times_are_each_replaced(stage: Stage) -> None:
    launched = provisioned(stage)
    first, second, later = (machine.name for machine in launched[:3])
    rounds: list[object] = []

    def lose_some(done: object) -> None:
        rounds.append(done)
        if len(rounds) == 1:
            lose(stage, first)
            lose(stage, second)
        if len(rounds) == 3:
            lose(stage, later)

    stage.insides.boot_s = 400.0  # nothing is online before the last is lost
    stage.queue_jobs(N)
    ended = stage.supervisor(N, N, on_round=lose_some).run()
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == N + 3


def test_the_ghost_of_a_machine_that_was_lost_is_forgotten_while_the_run_goes_on(
    stage: Stage,
) -> None:
    lost = provisioned(stage)[0].name
    stage.queue_jobs(N)
    seen: list[tuple[bool, bool]] = []

    def lose_first(_done: object) -> None:
        if lost in stage.scene.machines and not seen:
            lose(stage, lost)
        unfinished = any(not job.over for job in stage.scene.fake.world.jobs.values())
        seen.append((unfinished, lost in stage.scene.runners))

    assert stage.supervisor(N, N, on_round=lose_first).run().exit_code == 0
    assert lost in names_of(stage, "forget runner")
    assert (True, False) in seen


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PUT virtualMachines", status=400, code="InvalidParameter", times=10_000),
        GitHubFault(
            "POST /actions/runners/generate",
            Wound.REFUSE,
            status=422,
            message="Invalid runner name.",
            times=10_000,
        ),
    ],
    ids=["cloud", "github"],
)
def test_what_is_wrong_with_the_request_is_asked_once_a_machine_at_most(
    stage: Stage, fault: Fault | GitHubFault
) -> None:
    faults = stage.scene.arm.faults if isinstance(fault, Fault) else stage.scene.fake.faults
    faults.add(fault)  # type: ignore[arg-type]  # each side's own kind
    before = fault.times
    wave = launch_wave(stage.launcher(), stage.capacity(), N)
    assert wave.fatal
    assert wave.launched == ()
    assert before - fault.times <= N
    assert stage.scene.arm.world.ever == []


def test_each_try_has_a_configuration_and_a_name_of_its_own(stage: Stage) -> None:
    stage.scene.arm.faults.add(
        Fault("PUT virtualMachines", status=409, code="AllocationFailed", times=3)
    )
    launched = stage.launcher().launch(0, stage.capacity(), Role.ARENA)
    assert isinstance(launched, LaunchedMachine)
    tried = names_of(stage, "create", "intent")
    assert len(tried) == len(set(tried)) == 4
    assert names_of(stage, "mint") == tried
    assert names_of(stage, "forget runner") == tried[:-1]
    assert stage.scene.runners == [launched.name]


def test_a_machine_that_no_job_comes_for_goes_at_its_deadline(stage: Stage) -> None:
    """The workflow was cancelled, or its jobs were never queued: nothing is picked up."""
    launched = provisioned(stage, 2)
    stage.queue_jobs(1)
    stage.supervisor(2, 2, idle_s=120.0).run()
    waited = [event for event in stage.journal.events if "got no job within 2 min" in event.detail]
    assert {event.kind for event in waited} == {"delete"}
    assert {event.machine for event in waited} < {machine.name for machine in launched}


def test_a_machine_that_stopped_inside_is_deleted_through_the_cloud(stage: Stage) -> None:
    stopped = provisioned(stage)[0].name
    stage.queue_jobs(N)

    def stop(_done: object) -> None:
        if stage.insides.jobs.get(stopped) and stopped in stage.scene.machines:
            with stage.scene.arm.lock:
                stage.scene.arm.machines.stop_inside(stopped)

    stage.supervisor(N, N, on_round=stop).run()
    assert stage.scene.arm.calls(f"DELETE virtualMachines/{stopped}")
    stage.scene.wait(60)
    assert stopped not in stage.scene.machines
