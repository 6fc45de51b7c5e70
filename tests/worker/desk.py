"""Workers at a ledger, driven by hand in virtual time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.ledger.records import Outcome
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import suite_of
from orchestrator.store import Store
from orchestrator.worker.claims import Identity, LedgerClient
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
    ledger_client: LedgerClient

    @property
    def name(self) -> str:
        return self.ledger_client.identity.worker

    def outcome(
        self, unit: Unit, attempt: int, cause: Cause | None = None, flags: tuple[Flag, ...] = ()
    ) -> Outcome:
        score = None if cause else 1.0
        machine = self.ledger_client.identity.machine
        return Outcome(
            unit, attempt, self.name, SESSION, machine, score, cause, message="", flags=flags
        )

    def free(self, *, deep: bool = True) -> list[tuple[Unit, int]]:
        return [
            (candidate.unit, candidate.attempt)
            for candidate in self.ledger_client.look(deep=deep).free
        ]

    def works_on(self, unit: Unit, attempt: int = 1) -> None:
        assert self.ledger_client.claim(unit, attempt)
        self.ledger_client.busy("running", unit=unit, attempt=attempt)
        self.ledger_client.beat()


def plan_of(*units: Unit) -> Plan:
    suite = suite_of(tuple(unit.task for unit in units))
    return make_plan(PlanInputs(suite, heartbeat_s=HEARTBEAT_S, lease_s=LEASE_S))


def sit(world: World, name: str, machine: str = "", line: Line | None = None) -> Desk:
    line = line or Line(world, name, lambda: None)
    identity = Identity(name, SESSION, machine or f"machine-of-{name}")
    ledger_client = LedgerClient(Store(line, "virtual://"), world.plan, identity, lambda: world.now)
    ledger_client.beat()
    return Desk(world, line, ledger_client)


def pass_time(world: World, seconds: float, *speaking: Desk) -> None:
    until = world.now + seconds
    while world.now < until:
        world.now += HEARTBEAT_S / 2
        for desk in speaking:
            desk.ledger_client.beat()
