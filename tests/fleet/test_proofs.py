"""Absence in a list, and a label, are no facts: what they are about is read by id first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.failures import CloudError
from orchestrator.fleet.cleanup import PollPolicy
from orchestrator.fleet.decide import Rules, RunState, decide
from orchestrator.fleet.doubts import doubts
from orchestrator.fleet.facts import Facts, Listings
from orchestrator.fleet.provision import launch_wave
from orchestrator.fleet.supervisor_state import LAG_S, SupervisorState
from orchestrator.fleet.teardown import tear_down
from tests.fakes.arm.faults import Fate, Fault, Wound
from tests.fakes.arm.world import MACHINE
from tests.fakes.clock import SkewedClock
from tests.fleet.conftest import MINE, Stage

if TYPE_CHECKING:
    from orchestrator.fleet.launch import LaunchedMachine
    from tests.fleet.conftest import Scene

N = 2
PATIENCE = PollPolicy(10.0, 900.0)


def provisioned(stage: Stage, count: int = N) -> list[LaunchedMachine]:
    stage.insides.work = lambda job, facts: stage.score(job, facts, count)
    wave = launch_wave(stage.launcher(), stage.capacity(), count)
    stage.queue_jobs(count)
    return list(wave.launched)


def deletes(stage: Stage) -> list[str]:
    return [seen.call.rpartition("/")[2] for seen in stage.scene.arm.calls("DELETE virtualM")]


def test_a_machine_that_azure_calls_failed_works_on(stage: Stage) -> None:
    """OSProvisioningTimedOut: the machine runs on, its runner comes, and it takes its job."""
    fate = Fate("waa-500-1-000-*", create_s=30.0, fails_with="OSProvisioningTimedOut", runs_on=True)
    stage.scene.arm.faults.machines(fate)
    provisioned(stage)
    stage.scene.wait(300.0)  # it failed, and came up all the same
    assert stage.supervisor(N, N).run().exit_code == 0
    assert len(stage.scene.arm.world.ever) == N
    assert len(deletes(stage)) == N  # each when its job was over


def test_a_failed_machine_whose_runner_no_list_shows_yet_works_on(stage: Stage) -> None:
    fate = Fate("waa-500-1-000-*", fails_with="OSProvisioningTimedOut", runs_on=True)
    stage.scene.arm.faults.machines(fate)
    stage.scene.fake.world.listing_lag_s = 200.0
    provisioned(stage)
    stage.scene.wait(180.0)
    assert stage.supervisor(N, N).run().exit_code == 0
    assert len(stage.scene.arm.world.ever) == N


def test_what_the_supervisor_removed_is_no_bad_boot(stage: Stage) -> None:
    """Deletes are refused for a while after the runners are gone: nothing is wrong with boots."""
    stage.insides.work = lambda job, facts: stage.score(job, facts, 3)
    stage.insides.boot_s = 900.0
    launch_wave(stage.launcher(), stage.capacity(), 6)
    fault = Fault("DELETE virtualMachines", status=409, code="ScopeLocked", times=20)
    stage.scene.arm.faults.add(fault)
    stage.queue_jobs(3)
    halts: set[str] = set()
    ended = stage.supervisor(3, 6, on_round=lambda done: halts.add(done.halted)).run()
    assert ended.exit_code == 0, ended
    assert halts == {""}
    assert not stage.scene.fake.world.runs[500].cancelled


def test_a_young_machine_is_not_runnerless(stage: Stage) -> None:
    """Three looks without an entry are a lag while it could still boot."""
    memory, rules, orders = SupervisorState(0.0), Rules(N), RunState()
    stage.scene.fake.world.listing_lag_s = 3600.0
    launch_wave(stage.launcher(), stage.capacity(), N)
    stage.scene.wait(60.0)
    for _ in range(3):
        now = stage.scene.clock.now()
        view = Listings(tuple(stage.scene.cloud.status(MINE.tags)), (), ()).view(
            MINE, Facts(), frozenset()
        )
        actions, memory = decide(view, orders, rules, memory, now)
        assert actions.delete == ()
        stage.scene.wait(60.0)
    stage.queue_jobs(N)
    stage.scene.wait(rules.boot_s)
    now = stage.scene.clock.now()
    actions, memory = decide(view, orders, rules, memory, now)
    asked = doubts(actions, view, orders, memory, now)
    assert {deletion.member.name for deletion in actions.delete} == asked.runners == asked.machines


def test_launches_known_by_events_are_not_launched_again(stage: Stage) -> None:
    """Azure lists nothing for ten minutes: each machine is there, and none is replaced."""
    stage.scene.arm.world.listing_lag_s = 600.0
    stage.insides.job_s = 1500.0
    provisioned(stage)
    assert stage.supervisor(N, 0).run().exit_code == 0  # the number of launches is not known either
    assert len(stage.scene.arm.world.ever) == N


def test_a_machine_that_is_gone_before_it_was_ever_listed_is_replaced_once_that_is_proved(
    stage: Stage,
) -> None:
    """Its create is told by events alone: nobody waits out the boot of a machine that is not."""
    lost = provisioned(stage)[0].name
    item = stage.scene.arm.world.find(MACHINE, lost)
    assert item is not None
    stage.scene.arm.world.remove(item)
    began = stage.scene.clock.now()
    assert stage.supervisor(N, N).run().exit_code == 0
    (third,) = sorted(stage.scene.arm.world.begun.values())[N:]
    assert third - began < 2 * LAG_S


def test_a_clock_that_is_off_changes_no_age(scene: Scene) -> None:
    scene.launch(MINE, 0)
    scene.clock.advance(300.0)
    skewed = SkewedClock(scene.clock, 1200.0)
    scene.cloud._hours._clock = skewed
    [listed] = [
        instance for instance in scene.cloud.status(MINE.tags) if instance.kind == "machine"
    ]
    read = scene.cloud.get("waa-500-0")
    assert read is not None
    for instance in (listed, read):
        assert instance.created is not None
        assert skewed.now() - instance.created == pytest.approx(300.0, abs=2.0)
    assert scene.cloud.now() == pytest.approx(scene.clock.now(), abs=2.0)


def test_a_machine_is_gone_when_its_id_says_so_and_never_when_its_group_is_missing(
    scene: Scene,
) -> None:
    scene.launch(MINE, 0)
    assert scene.cloud.get("waa-500-0") is not None
    assert scene.cloud.get("waa-500-7") is None
    fault = Fault("GET virtualMachines", status=404, code="ResourceGroupNotFound")
    scene.arm.faults.add(fault)
    with pytest.raises(CloudError, match="ResourceGroupNotFound"):
        scene.cloud.get("waa-500-0")


def test_a_teardown_asks_by_id_for_what_no_list_shows(scene: Scene) -> None:
    scene.arm.world.listing_lag_s = 600.0
    scene.launch(MINE, 0)
    launched = frozenset({"waa-500-0", "waa-500-1"})
    cleared = tear_down(MINE, scene.cleaner, PATIENCE, launched=lambda: launched)
    assert cleared.proved
    assert scene.arm.names(MACHINE) == []


def test_a_create_whose_reply_was_lost_for_good_is_launched(stage: Stage) -> None:
    fault = Fault("PUT virtualMachines", Wound.DROP_AFTER, times=10_000)
    stage.scene.arm.faults.add(fault)
    wave = launch_wave(stage.launcher(), stage.capacity(), N)
    assert len(wave.launched) == N
    assert wave.refused == ()


def test_a_machine_has_its_time_anew_after_an_outage(stage: Stage) -> None:
    """GitHub was away while they booted: what could not register is no machine that cannot boot."""
    stage.insides.boot_s = 860.0
    provisioned(stage)
    world = stage.scene.fake.world

    def cut(_done: object) -> None:
        if world.down_until < 0 and len(stage.scene.machines) == N:
            stage.scene.wait(90.0)
            world.down_until = stage.scene.clock.now() + 720.0

    assert stage.supervisor(N, N, boot_s=300.0, on_round=cut).run().exit_code == 0
    assert len(stage.scene.arm.world.ever) == N
