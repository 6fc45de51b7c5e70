"""A supervisor closes the difference between what is and what should be, in virtual time."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.failures import Failure, FailureKind
from orchestrator.fleet.cleanup import PollPolicy
from orchestrator.fleet.provision import launch_wave
from orchestrator.fleet.teardown import tear_down
from orchestrator.ledger import paths
from orchestrator.ledger.records import Heartbeat, parse_left, to_json
from tests.fakes.arm.faults import Fate, Fault
from tests.fakes.github import RunnerFate
from tests.fleet.conftest import MINE, OTHER, Stage

if TYPE_CHECKING:
    from orchestrator.fleet.ending import Ended
    from orchestrator.fleet.launch import LaunchedMachine
    from orchestrator.fleet.supervise import Supervisor
    from tests.fakes.github import JobEntry

N = 4


def provisioned(stage: Stage, count: int = N) -> list[LaunchedMachine]:
    """Bring up the first machines and queue the matrix."""
    stage.insides.work = lambda job, facts: stage.score(job, facts, count)
    wave = launch_wave(stage.launcher(), stage.capacity(), count)
    stage.queue_jobs(count)
    return list(wave.launched)


def supervised(stage: Stage, count: int = N, **changes: object) -> tuple[Ended, Supervisor]:
    supervisor = stage.supervisor(count, count, **changes)
    ended = supervisor.run()
    return ended, supervisor


def taken_down(stage: Stage) -> None:
    """After the report job nothing of the run is left."""
    assert tear_down(MINE, stage.scene.cleaner, PollPolicy(10.0, 900.0)).proved
    assert stage.scene.arm.everything() == []
    assert [name for name in stage.scene.runners if name.startswith(MINE.label)] == []


def test_a_run_without_trouble_launches_nothing_more_and_deletes_each_machine(stage: Stage) -> None:
    launched = provisioned(stage)
    ended, _ = supervised(stage)
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == N
    deleted = {seen.call.rpartition("/")[2] for seen in stage.scene.arm.calls("DELETE virtualM")}
    assert deleted == {machine.name for machine in launched}
    taken_down(stage)


def test_an_evicted_machine_is_buried_and_its_job_is_not_run_again(stage: Stage) -> None:
    first = provisioned(stage)[0].name
    beat = Heartbeat("w-old", stage.attempt.session, first, 0, "running", 3)
    stage.store.create(paths.worker("w-old"), to_json(beat))

    def evict(_round: object) -> None:
        if stage.insides.jobs.get(first) and first in stage.scene.machines:
            machine = stage.scene.arm.world.find("Microsoft.Compute/virtualMachines", first)
            assert machine is not None
            machine.properties["priority"] = "Spot"
            stage.scene.arm.machines.evict(first)

    ended, _ = supervised(stage, on_round=evict)
    assert len(stage.scene.arm.world.ever) == N
    left = parse_left(stage.store.get(paths.left("w-old")) or b"")
    assert left is not None
    assert left.by == "supervisor"
    assert ended.exit_code == 1  # nobody stole its tasks here
    taken_down(stage)


def test_a_machine_that_never_boots_is_replaced_once_its_time_is_up(stage: Stage) -> None:
    stage.scene.arm.faults.machines(Fate(names="waa-500-1-000-*", never_boots=True))
    provisioned(stage)
    ended, _ = supervised(stage, boot_s=900.0)
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == N + 1
    taken_down(stage)


def test_a_runner_that_never_comes_online_is_replaced(stage: Stage) -> None:
    stage.scene.fake.faults.runners(RunnerFate("waa-500-1-001-*", never_online=True))
    provisioned(stage)
    ended, _ = supervised(stage, boot_s=900.0)
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == N + 1
    taken_down(stage)


def test_a_runner_removed_while_idle_is_replaced(stage: Stage) -> None:
    stage.insides.work = lambda job, facts: stage.score(job, facts, N)
    launch_wave(stage.launcher(), stage.capacity(), N)
    stage.scene.fake.faults.idle_limit_s = 60.0

    def queue_late(_round: object) -> None:
        if stage.scene.fake.faults.idle_limit_s and stage.scene.runners == []:
            stage.scene.fake.faults.idle_limit_s = None
            stage.queue_jobs(N)

    ended, _ = supervised(stage, on_round=queue_late)
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == 2 * N
    taken_down(stage)


def test_never_more_than_two_launches_a_job_and_three_bad_boots_stop_the_run(stage: Stage) -> None:
    stage.scene.arm.faults.machines(Fate(never_boots=True))
    provisioned(stage)
    ended, _ = supervised(stage, boot_s=600.0)
    assert ended.exit_code == 4
    assert "boots in a row took no job" in ended.reason
    assert len(stage.scene.arm.world.ever) <= 2 * N
    assert stage.scene.fake.world.runs[500].cancelled
    taken_down(stage)


def test_three_machines_of_a_wave_that_never_boot_do_not_stop_those_that_can(stage: Stage) -> None:
    for number in range(3):
        names = f"waa-500-1-{number:03d}-*"
        stage.scene.arm.faults.machines(Fate(names=names, never_boots=True))
    provisioned(stage, 6)
    ended, _ = supervised(stage, 6, boot_s=600.0)
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == 6 + 3
    taken_down(stage)


def test_a_deprecated_runner_is_not_launched_for_ever(stage: Stage) -> None:
    stage.scene.fake.faults.runners(RunnerFate("waa-500-*", deprecated=True))
    provisioned(stage)
    ended, _ = supervised(stage, boot_s=600.0)
    assert ended.exit_code == 4
    assert "age of its runner" in ended.reason
    assert len(stage.scene.arm.world.ever) <= 2 * N
    taken_down(stage)


def test_a_create_that_fails_late_goes_to_another_zone(stage: Stage) -> None:
    fate = Fate(names="waa-500-1-002-*", fails_with="ZonalAllocationFailed")
    stage.scene.arm.faults.machines(fate)
    provisioned(stage)
    ended, _ = supervised(stage)
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == N + 1
    taken_down(stage)


def test_a_job_that_needs_no_arena_any_more_is_served_by_a_drain_machine(stage: Stage) -> None:
    provisioned(stage)
    # The last machine is lost before it takes its job; the others score everything meanwhile.
    for unit in stage.plan.units:
        stage.record(unit, "w-thief", "elsewhere")
    lost = max(stage.scene.machines)
    item = stage.scene.arm.world.find("Microsoft.Compute/virtualMachines", lost)
    assert item is not None
    with stage.scene.arm.lock:
        stage.scene.arm.world.remove(item)
    ended, _ = supervised(stage)
    assert ended.exit_code == 0, ended
    drains = [name for name in stage.insides.booted if name != lost][N - 1 :]
    assert len(drains) == 1
    creates = stage.scene.arm.calls(f"PUT virtualMachines/{drains[0]}")
    assert len(creates) == 1
    assert stage.insides.jobs[drains[0]].startswith("benchmark")
    taken_down(stage)


def test_a_closing_run_launches_nothing(stage: Stage) -> None:
    stage.store.create(paths.control(stage.attempt.session, "closing"), b"{}\n")
    wave = launch_wave(stage.launcher(), stage.capacity(), N)
    assert wave.launched == ()
    assert wave.fatal == ""
    assert all("torn down" in line for line in wave.why_not)
    assert stage.scene.arm.world.ever == []


def test_a_rerun_brings_up_machines_for_its_queued_jobs_alone(stage: Stage) -> None:
    stage.insides.work = lambda job, facts: stage.score(job, facts, N)
    jobs = stage.queue_jobs(N)
    for job in jobs[1:]:
        stage.scene.fake.finish_job(job.id)
    stage.scene.fake.finish_job(jobs[0].id, "failure")
    stage.scene.fake.rerun_failed(500)
    from dataclasses import replace

    stage.attempt = replace(stage.attempt, number=2)
    for unit in stage.plan.units[1:]:
        stage.record(unit, "w-before", "m")
    supervisor = stage.supervisor(N, 0)
    ended = supervisor.run()
    assert len(stage.scene.arm.world.ever) == 1
    assert stage.scene.arm.world.ever[0].rpartition("/")[2].startswith("waa-500-2-")
    assert ended.exit_code in (0, 1)
    taken_down(stage)


def test_another_runs_machines_and_runners_are_never_touched(stage: Stage) -> None:
    stage.scene.launch(OTHER, 0)
    provisioned(stage)
    supervised(stage)
    assert tear_down(MINE, stage.scene.cleaner, PollPolicy(10.0, 900.0)).proved
    assert stage.scene.machines == ["waa-501-0"]
    assert stage.scene.runners == ["waa-501-0"]


def test_surplus_machines_go_once_every_job_is_known(stage: Stage) -> None:
    stage.insides.work = lambda job, facts: stage.score(job, facts, 2)
    launch_wave(stage.launcher(), stage.capacity(), 4)
    stage.queue_jobs(2)
    supervisor = stage.supervisor(2, 4)
    assert supervisor.run().exit_code == 0
    assert len(stage.insides.jobs) == 2
    surplus = [event for event in stage.journal.events if event.detail == "no job is queued for it"]
    assert {event.kind for event in surplus} == {"delete"}
    taken_down(stage)


def test_listings_that_lag_cause_no_second_launch(stage: Stage) -> None:
    stage.scene.arm.world.listing_lag_s = 45.0
    stage.scene.fake.world.listing_lag_s = 20.0
    provisioned(stage)
    ended, _ = supervised(stage)
    assert ended.exit_code == 0, ended
    assert len(stage.scene.arm.world.ever) == N
    taken_down(stage)


def test_refused_credentials_end_the_run_at_once(stage: Stage) -> None:
    provisioned(stage)
    fault = Fault("GET resources", status=403, code="AuthorizationFailed", times=10_000)
    stage.scene.arm.faults.add(fault)
    ended, _ = supervised(stage)
    assert ended.exit_code == 4
    assert "AuthorizationFailed" in ended.reason


@pytest.mark.parametrize("kind", [FailureKind.CAPACITY, FailureKind.QUOTA])
def test_a_refusal_is_not_asked_for_twice(stage: Stage, kind: FailureKind) -> None:
    capacity = stage.capacity()
    taken = [capacity.take(0)]
    while taken[-1] is not None:
        capacity.refused(taken[-1], Failure(kind, "Code", "said"))
        taken.append(capacity.take(0))
    names = [str(choice) for choice in taken]
    assert len(names) == len(set(names))


def test_a_failed_job_fails_the_supervisor_that_a_rerun_needs(stage: Stage) -> None:
    """GitHub re-runs failed jobs alone: beside a failed shard the supervisor fails, if told to."""

    def work(job: JobEntry, facts: dict[str, str]) -> str:
        stage.score(job, facts, N)
        return "failure" if job.name == "benchmark (1)" else "success"

    provisioned(stage)
    stage.insides.work = work
    supervisor = stage.supervisor(N, N, fail_with_jobs=True)
    ended = supervisor.run()
    assert ended.exit_code == 1
    assert "every task is scored, 1 jobs failed" in ended.reason
    taken_down(stage)

    # Pressed: the shard is queued again, nothing needs an arena, and a drain machine serves it.
    stage.scene.fake.rerun_failed(MINE.github_run)
    stage.attempt = dataclasses.replace(stage.attempt, number=2)
    before = len(stage.scene.arm.world.ever)
    roles: list[str] = []

    def served(_job: JobEntry, facts: dict[str, str]) -> str:
        roles.append(facts["WAA_MATRIX_WORKER_ROLE"])
        return "success"

    stage.insides.work = served
    again = stage.supervisor(N, 0, fail_with_jobs=True).run()
    assert again.exit_code == 0, again
    assert len(stage.scene.arm.world.ever) == before + 1
    assert roles == ["drain"]
    taken_down(stage)
