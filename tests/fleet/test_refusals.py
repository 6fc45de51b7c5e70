"""A refusal has a scope, and none of them hurts a shard that works."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.azure_vm.codes import BY_CODE
from orchestrator.compute.failures import Failure
from orchestrator.fleet.cleanup import PollPolicy
from orchestrator.fleet.identity import Role
from orchestrator.fleet.launch import LaunchedMachine
from orchestrator.fleet.provision import launch_wave
from orchestrator.fleet.teardown import tear_down
from tests.fakes.arm.faults import Fate, Fault
from tests.fakes.arm.world import MACHINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.github import JobEntry
    from tests.fleet.conftest import Stage

N = 4
CREATE = "PUT virtualMachines/waa-500"
ODD = "SomethingNobodyHasSeen"
ALWAYS = 10_000


def refuse(stage: Stage, code: str, times: int = ALWAYS, holding: bytes = b"") -> None:
    stage.scene.arm.faults.add(
        Fault(CREATE, status=409, code=code, message="Said so.", times=times, holding=holding)
    )


def provisioned(stage: Stage, count: int = N) -> Sequence[LaunchedMachine]:
    stage.insides.work = lambda job, facts: stage.score(job, facts, count)
    return launch_wave(stage.launcher(), stage.capacity(), count).launched


def asked(stage: Stage) -> int:
    return len(stage.scene.arm.calls(f"^{CREATE}"))


def jobs(stage: Stage) -> dict[str, str | None]:
    return {
        job.name: job.conclusion
        for job in stage.scene.fake.world.jobs.values()
        if job.name.startswith("benchmark")
    }


def at_of(stage: Stage, kind: str, machine: str = "") -> list[float]:
    return [
        event.at
        for event in stage.journal.events
        if event.kind == kind and event.stage == "done" and machine in (event.machine, "")
    ]


# -- provision ------------------------------------------------------------------------------


def test_an_odd_refusal_of_one_machine_costs_that_machines_try(stage: Stage) -> None:
    refuse(stage, ODD, times=1)
    assert len(provisioned(stage)) == N
    assert asked(stage) == N + 1


def test_an_unknown_code_that_every_machine_meets_in_every_region_stops_the_run(
    stage: Stage,
) -> None:
    refuse(stage, ODD)
    wave = launch_wave(stage.launcher(), stage.capacity(), 8)
    assert "machines were refused alike" in wave.fatal
    assert ODD in wave.fatal
    assert asked(stage) <= 8 * 2 * 2  # once a machine, of each size in each region


def test_an_unknown_code_in_one_region_leads_to_the_next(stage: Stage) -> None:
    refuse(stage, ODD, holding=b'"westeurope"')
    launched = provisioned(stage)
    assert len(launched) == N
    assert {machine.placement.offer.region for machine in launched} == {"northeurope"}


def test_a_wrong_parameter_of_a_machine_is_not_the_runs_once_another_was_accepted(
    stage: Stage,
) -> None:
    launcher, capacity = stage.launcher(), stage.capacity()
    assert isinstance(launcher.launch(0, capacity, Role.ARENA), LaunchedMachine)
    refuse(stage, "InvalidParameter", times=1)
    assert isinstance(launcher.launch(1, capacity, Role.ARENA), LaunchedMachine)
    assert not launcher.halt.stopped


@pytest.mark.parametrize("role", Role)
def test_what_one_role_is_refused_says_nothing_of_the_other(stage: Stage, role: Role) -> None:
    refuse(stage, "InvalidParameter", times=1)
    launcher = stage.launcher()
    other = next(entry for entry in Role if entry is not role)
    assert not isinstance(launcher.launch(0, stage.capacity(), role), LaunchedMachine)
    assert isinstance(launcher.launch(1, stage.capacity(), other), LaunchedMachine)


def test_a_full_zone_is_left_for_the_next_though_the_create_was_accepted(stage: Stage) -> None:
    """The machine says in its tags which zone it was to be in."""
    first = provisioned(stage, 1)[0]
    capacity = stage.capacity()
    made = stage.scene.arm.world.find(MACHINE, first.name)
    assert made is not None
    failure = BY_CODE["zonalallocationfailed"]
    capacity.failed(
        first.placement.offer.size,
        first.placement.offer.region,
        Failure(failure.kind, failure.code, "", scope=failure.scope),
        spot=False,
        zone=made.tags["waa-zone"],
    )
    after = capacity.take(0)
    assert after is not None
    assert after.offer == first.placement.offer
    assert after.zone != first.placement.zone


# -- supervise ------------------------------------------------------------------------------


def test_machines_that_all_fail_alike_after_they_were_accepted_stop_the_run(
    stage: Stage,
) -> None:
    stage.scene.arm.faults.machines(Fate("waa-500-*", fails_with=ODD, fails_message="Said so."))
    provisioned(stage)
    stage.queue_jobs(N)
    ended = stage.supervisor(N, N).run()
    assert ended.exit_code == 4
    assert "machines were refused alike" in ended.reason
    assert ODD in ended.reason
    assert len(stage.scene.arm.world.ever) == N


def test_a_machine_of_which_nobody_knows_why_it_failed_is_replaced(stage: Stage) -> None:
    stage.scene.arm.faults.machines(Fate("waa-500-1-000-*", fails_with=ODD, times=1))
    provisioned(stage)
    stage.queue_jobs(N)
    assert stage.supervisor(N, N).run().exit_code == 0
    assert len(stage.scene.arm.world.ever) == N + 1


@pytest.mark.parametrize("code", ["AuthorizationFailed", "InvalidParameter", "ScopeLocked"])
def test_live_shards_work_on_when_nothing_more_may_be_launched(stage: Stage, code: str) -> None:
    """One machine failed; its replacement is refused for the whole run, and three work on."""
    stage.scene.arm.faults.machines(Fate("waa-500-1-000-*", fails_with="AllocationFailed", times=1))
    provisioned(stage)
    stage.queue_jobs(N)
    refuse(stage, code)
    ended = stage.supervisor(N, N).run()
    assert ended.exit_code == 4
    assert code in ended.reason
    assert sorted(map(str, jobs(stage).values())) == ["cancelled", *["success"] * (N - 1)]
    [cancelled] = at_of(stage, "cancel run")
    assert cancelled >= max(at_of(stage, "delete"))


DRAINS = ["AuthorizationFailed", "InvalidParameter", "SubnetIsFull", "Conflict", ODD]


@pytest.mark.parametrize("code", DRAINS)
def test_a_refused_drain_machine_hurts_no_live_shard_and_the_run_is_complete(
    stage: Stage, code: str
) -> None:
    """All is scored, one shard is still at work, and a job that came late needs a machine."""
    stage.insides.lasts = lambda job: 1000.0 if "(1)" in job.name else 300.0
    launch_wave(stage.launcher(), stage.capacity(), 2)
    stage.insides.work = lambda _job, facts: _score_all(stage, facts)
    stage.queue_jobs(2)
    stage.scene.arm.world.later(700.0, lambda: _queue_one_more(stage))
    refuse(stage, code, holding=b'"drain"')
    ended = stage.supervisor(3, 2, starved_s=120.0, every_s=60.0).run()
    assert ended.exit_code == 0, ended
    assert "every task is scored" in ended.reason
    assert jobs(stage) == {
        "benchmark (0)": "success",
        "benchmark (1)": "success",
        "benchmark (2)": "cancelled",
    }


def _queue_one_more(stage: Stage) -> None:
    fleet = stage.attempt.fleet
    stage.scene.fake.add_job(fleet.github_run, "benchmark (2)", [fleet.label])


def _score_all(stage: Stage, facts: dict[str, str]) -> str:
    name = facts["WAA_MATRIX_WORKER_MACHINE"]
    for unit in stage.plan.units:
        stage.record(unit, f"w-{name}", name)
    return "success"


# -- deletes --------------------------------------------------------------------------------


def _one_long_job(job: JobEntry) -> float:
    return 1500.0 if "(1)" in job.name else 300.0


def test_a_supervisor_submits_a_delete_again_that_does_not_end(stage: Stage) -> None:
    stage.scene.arm.faults.machines(Fate("waa-500-1-00*", deletes_stuck=1, times=1))
    stage.insides.lasts = _one_long_job
    names = [machine.name for machine in provisioned(stage, 2)]
    stage.queue_jobs(2)
    assert stage.supervisor(2, 2).run().exit_code == 0
    deletes = [len(stage.scene.arm.calls(f"DELETE virtualMachines/{name}")) for name in names]
    assert max(deletes) >= 2
    stage.scene.wait(60)
    assert stage.scene.machines == []


def test_what_is_said_of_a_failed_delete_is_no_refusal_of_a_create(stage: Stage) -> None:
    """The machine reads Failed then, with the delete's code; the late job still gets a machine."""
    fate = Fate("waa-500-*", deletes_failing=1, delete_code="AuthorizationFailed", times=1)
    stage.scene.arm.faults.machines(fate)
    stage.insides.lasts = _one_long_job
    launched = launch_wave(stage.launcher(), stage.capacity(), 2).launched
    stage.insides.work = lambda job, facts: stage.score(job, facts, 3)
    stage.queue_jobs(2)
    stage.scene.arm.world.later(900.0, lambda: _queue_one_more(stage))
    ended = stage.supervisor(3, 2).run()
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == len(launched) + 1


def test_a_teardown_waits_before_it_submits_a_delete_again(stage: Stage) -> None:
    stage.scene.arm.faults.machines(Fate("waa-500-*", deletes_stuck=2))
    [launched] = launch_wave(stage.launcher(), stage.capacity(), 1).launched
    stage.scene.wait(180)
    cleared = tear_down(stage.attempt.fleet, stage.scene.cleaner, PollPolicy(10.0, 1800.0))
    assert cleared.proved
    times = [call.at for call in stage.scene.arm.calls(f"DELETE virtualMachines/{launched.name}")]
    assert len(times) == 3
    assert min(after - before for before, after in itertools.pairwise(times)) >= 180.0
