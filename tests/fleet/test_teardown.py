"""A run's machines are found by tag and proved gone, whatever the outputs of a job say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.failures import CloudError
from orchestrator.fleet.cleanup import QUIET_LOOKS, PollPolicy
from orchestrator.fleet.teardown import tear_down
from tests.compute.requests import machine
from tests.fakes.arm.faults import Fate, Fault, Wound
from tests.fleet.conftest import MINE, OTHER, Scene

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = PollPolicy(every_s=10.0, total_s=900.0)


def test_a_fleet_goes_with_every_part_and_runner_and_another_stays(scene: Scene) -> None:
    for number in range(3):
        scene.launch(MINE, number)
    scene.launch(OTHER, 0)
    scene.clock.advance(120)
    cleared = tear_down(MINE, scene.cleaner, PATIENCE)
    assert cleared.proved
    assert cleared.left == ()
    assert scene.machines == ["waa-501-0"]
    assert scene.runners == ["waa-501-0"]
    assert all("waa-501" in name for name in scene.arm.everything())
    assert len([line for line in scene.said if "machine" in line]) == 3


def test_nothing_to_do_is_proved_by_two_looks(scene: Scene) -> None:
    cleared = tear_down(MINE, scene.cleaner, PATIENCE)
    assert (cleared.proved, cleared.looks, cleared.deleted) == (True, QUIET_LOOKS, ())


def test_machines_of_every_attempt_go(scene: Scene) -> None:
    for attempt in (1, 2):
        tags = {**MINE.tags, "waa-attempt": str(attempt), "waa-machine": f"m{attempt}"}
        scene.cloud.create(machine(f"m{attempt}", tags=tags))
    scene.clock.advance(120)
    assert tear_down(MINE, scene.cleaner, PATIENCE).proved
    assert scene.arm.everything() == []


def test_a_machine_still_being_made_goes_too(scene: Scene) -> None:
    scene.arm.faults.machines(Fate(create_s=300.0))
    scene.launch(MINE, 0)
    assert tear_down(MINE, scene.cleaner, PATIENCE).proved
    assert scene.arm.everything() == []


def test_a_listing_that_lags_is_looked_at_until_it_shows(scene: Scene) -> None:
    scene.arm.world.listing_lag_s = 15.0
    scene.launch(MINE, 0)
    scene.clock.advance(1)
    cleared = tear_down(MINE, scene.cleaner, PollPolicy(every_s=20.0, total_s=900.0))
    assert cleared.proved
    scene.clock.advance(60)
    assert scene.arm.everything() == []


def test_what_a_failed_create_left_goes_too(scene: Scene) -> None:
    scene.arm.faults.add(
        Fault("PUT", status=409, code="AllocationFailed", message="No room.", leaves_nic=True)
    )
    with pytest.raises(CloudError):
        scene.launch(MINE, 0)
    assert scene.arm.everything() != []
    assert tear_down(MINE, scene.cleaner, PATIENCE).proved
    assert scene.arm.everything() == []
    assert scene.runners == []


BLOWS: dict[str, Callable[[Scene], None]] = {
    "a delete that is refused once": lambda scene: scene.arm.faults.add(
        Fault("DELETE virtualMachines", status=500, code="InternalServerError", times=4)
    ),
    "a delete whose reply is lost": lambda scene: scene.arm.faults.add(
        Fault("DELETE virtualMachines", Wound.DROP_AFTER)
    ),
    "a delete that is throttled": lambda scene: scene.arm.faults.add(
        Fault(
            "DELETE virtualMachines",
            status=429,
            code="TooManyRequests",
            headers={"Retry-After": "20"},
            times=4,
        )
    ),
    "a listing that fails": lambda scene: scene.arm.faults.add(
        Fault("GET", status=503, code="ServiceUnavailable", times=4)
    ),
}


@pytest.mark.parametrize("blow", BLOWS, ids=lambda blow: blow.replace(" ", "-"))
def test_one_failure_keeps_nothing_from_going(scene: Scene, blow: str) -> None:
    for number in range(2):
        scene.launch(MINE, number)
    scene.clock.advance(120)
    BLOWS[blow](scene)
    cleared = tear_down(MINE, scene.cleaner, PATIENCE)
    assert cleared.proved, cleared
    assert scene.arm.everything() == []
    assert scene.runners == []


def test_what_will_not_go_is_named_when_patience_ends(scene: Scene) -> None:
    for number in range(2):
        scene.launch(MINE, number)
    scene.clock.advance(120)
    scene.arm.faults.add(
        Fault("DELETE virtualMachines/waa-500-1", status=409, code="ScopeLocked", times=10_000)
    )
    cleared = tear_down(MINE, scene.cleaner, PollPolicy(every_s=10.0, total_s=300.0))
    assert not cleared.proved
    assert any("machine waa-500-1" in name for name in cleared.left)
    assert not any("waa-500-0" in name for name in cleared.left)
    assert any("ScopeLocked" in trouble for trouble in cleared.troubles)
    assert scene.machines == ["waa-500-1"]


def test_without_waiting_every_delete_is_submitted_at_once(scene: Scene) -> None:
    for number in range(4):
        scene.launch(MINE, number)
    scene.clock.advance(120)
    before = scene.clock.now()
    cleared = tear_down(MINE, scene.cleaner, wait=False)
    assert scene.clock.now() - before < 60
    assert not cleared.proved
    assert len([entry for entry in cleared.deleted if entry.startswith("machine")]) == 4
    assert cleared.left == ()
    assert scene.runners == []
    scene.clock.advance(300)
    assert scene.arm.everything() == []


def test_a_side_that_cannot_be_seen_is_no_proof(scene: Scene) -> None:
    scene.arm.faults.add(Fault("GET", status=403, code="AuthorizationFailed", times=10_000))
    cleared = tear_down(MINE, scene.cleaner, PollPolicy(every_s=10.0, total_s=60.0))
    assert not cleared.proved
    assert any("could not be listed" in line for line in cleared.left)


def test_without_waiting_what_was_refused_is_named(scene: Scene) -> None:
    for number in range(2):
        scene.launch(MINE, number)
    scene.clock.advance(120)
    scene.arm.faults.add(
        Fault("DELETE virtualMachines/waa-500-1", status=409, code="ScopeLocked", times=10_000)
    )
    left = tear_down(MINE, scene.cleaner, wait=False).left
    assert any("machine waa-500-1" in name for name in left)
    assert not any("waa-500-0" in name for name in left)
