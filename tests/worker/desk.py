"""Workers at a ledger, driven by hand in virtual time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.ledger.records import Outcome
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import suite_of
from orchestrator.store import Store
from orchestrator.worker.claims import Claimant, Identity
from tests.fakes.virtual_world import SESSION, Line

if TYPE_CHECKING:
    from orchestrator.ledger.causes import Cause, Flag
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit
    from tests.fakes.virtual_world import World

LEASE_S, HEARTBEAT_S = 60.0, 10.0


@dataclass
class Desk:
    """One worker at the ledger, driven by hand."""

    world: World
    line: Line
    claimant: Claimant

    @property
    def name(self) -> str:
        return self.claimant.identity.worker

    def outcome(
        self, unit: Unit, attempt: int, cause: Cause | None = None, flags: tuple[Flag, ...] = ()
    ) -> Outcome:
        score = None if cause else 1.0
        machine = self.claimant.identity.machine
        return Outcome(
            unit, attempt, self.name, SESSION, machine, score, cause, message="", flags=flags
        )

    def free(self, *, deep: bool = True) -> list[tuple[Unit, int]]:
        return [
            (candidate.unit, candidate.attempt) for candidate in self.claimant.look(deep=deep).free
        ]

    def works_on(self, unit: Unit, attempt: int = 1) -> None:
        assert self.claimant.claim(unit, attempt)
        self.claimant.busy("running", unit=unit, attempt=attempt)
        self.claimant.beat()


def plan_of(*units: Unit) -> Plan:
    suite = suite_of(tuple(unit.task for unit in units))
    return make_plan(PlanInputs(suite, heartbeat_s=HEARTBEAT_S, lease_s=LEASE_S))


def sit(world: World, name: str, machine: str = "", line: Line | None = None) -> Desk:
    line = line or Line(world, name, lambda: None)
    identity = Identity(name, SESSION, machine or f"machine-of-{name}")
    claimant = Claimant(Store(line, "virtual://"), world.plan, identity, lambda: world.now)
    claimant.beat()
    return Desk(world, line, claimant)


def pass_time(world: World, seconds: float, *speaking: Desk) -> None:
    until = world.now + seconds
    while world.now < until:
        world.now += HEARTBEAT_S / 2
        for desk in speaking:
            desk.claimant.beat()
