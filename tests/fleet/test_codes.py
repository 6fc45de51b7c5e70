"""Every code of Azure's table at every moment: it costs what its scope says, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.azure_vm.codes import CODES, Code
from orchestrator.compute.base import Kind
from orchestrator.compute.failures import Action, FailureKind, Scope
from orchestrator.fleet.capacity import CapacityPool, MachineRequirements
from orchestrator.fleet.identity import Role
from orchestrator.fleet.launch import LaunchedMachine
from tests.compute.requests import RUN, machine
from tests.fakes.arm.catalogue import REGIONS
from tests.fakes.arm.faults import Fate, Fault
from tests.fleet.coded import UNKNOWN, Moment, met, wrongs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fleet.conftest import Scene, Stage

EACH_KIND = [*{(row.kind, row.scope): row for row in CODES}.values(), UNKNOWN]
"""One code for each thing that a code can mean; ``scripts/reliability.py`` runs all of them."""


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("code", EACH_KIND, ids=lambda row: row.code)
def test_a_code_costs_what_its_scope_says_at_every_moment(code: Code, moment: Moment) -> None:
    result = met(code, moment)
    assert list(wrongs(code, moment, result)) == [], result.said


@pytest.mark.parametrize("role", Role)
def test_every_code_is_met_by_one_create_and_the_next_is_made_as_it_says(
    stage: Stage, role: Role
) -> None:
    markets = stage.markets()

    def capacity() -> CapacityPool:
        wish = MachineRequirements(("Standard_D8s_v5", "Standard_D8s_v3"), REGIONS)
        return CapacityPool(wish, markets, stage.scene.clock)

    wrong = [line for code in (*CODES, UNKNOWN) for line in _created(stage, code, role, capacity)]
    assert wrong == []


def _created(
    stage: Stage, code: Code, role: Role, capacity: Callable[[], CapacityPool]
) -> Iterator[str]:
    """Yield what is wrong with the one machine that is launched when its first create meets it."""
    stage.scene.arm.faults.add(
        Fault("PUT virtualMachines/waa-500", status=409, code=code.code, message="Said so.")
    )
    launcher, at = stage.launcher(token=_fresh(stage)), len(stage.scene.arm.seen)
    launched_machine = launcher.launch(0, capacity(), role)
    asked = len(stage.scene.arm.calls("^PUT")[_puts_before(stage, at) :])
    fatal = launcher.refusals[role].halt.fatal
    others = [entry for entry in Role if entry is not role]
    if any(launcher.refusals[role].halt.stopped for role in others):
        yield f"{code.code}: it stopped the other role's launches too"
    if code.action is Action.STOP:
        if isinstance(launched_machine, LaunchedMachine) or not fatal or asked != 1:
            yield f"{code.code}: {launched_machine}, {asked} creates, fatal {fatal}"
        return
    if not isinstance(launched_machine, LaunchedMachine) or fatal or asked != 2:
        yield f"{code.code}: {launched_machine}, {asked} creates, fatal {fatal}"
        return
    first = capacity().take(0)
    assert first is not None
    there = launched_machine.placement.offer.region == first.offer.region
    if code.scope is Scope.REGION and there:
        yield f"{code.code}: again in {launched_machine.placement}"
    if (
        code.scope in (Scope.SIZE, Scope.FAMILY)
        and launched_machine.placement.offer.size == first.offer.size
    ):
        yield f"{code.code}: again {launched_machine.placement}"
    if code.scope is Scope.ZONE and launched_machine.placement.zone == first.zone:
        yield f"{code.code}: again in {launched_machine.placement}"
    if code.scope is Scope.MACHINE and launched_machine.placement != first:
        yield f"{code.code}: {launched_machine.placement} and not {first}"


def _puts_before(stage: Stage, at: int) -> int:
    return sum(request.call.startswith("PUT") for request in stage.scene.arm.seen[:at])


def _fresh(stage: Stage) -> Callable[[], str]:
    """Return what makes names that no launch of this stage has had."""
    return lambda: f"{len(stage.scene.arm.seen):04x}"


def test_every_code_of_a_machine_that_was_accepted_is_its_own_or_the_identitys(
    scene: Scene,
) -> None:
    for number, code in enumerate(CODES):
        name = f"waa-42-{number}"
        scene.arm.faults.machines(Fate(name, fails_with=code.code, fails_message="Said so."))
        scene.cloud.create(machine(name))
    scene.wait(60)
    reported = {
        instance.name: instance.failure
        for instance in scene.cloud.status(RUN)
        if instance.kind is Kind.MACHINE
    }
    for number, code in enumerate(CODES):
        failure = reported[f"waa-42-{number}"]
        assert failure is not None
        assert failure.code == code.code
        stops = code.kind is FailureKind.CREDENTIALS
        assert (failure.action is Action.STOP) == stops, code
