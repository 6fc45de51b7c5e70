"""Which machines are of no more use while GitHub cannot be asked: by the ledger alone. Pure.

A worker that has ended says so in the ledger, and its machine has no second job. A machine of which
no worker has spoken although one should have long ago boots into an outage: nobody can give it a
job. Whoever has not left stays, however long it is silent: its own end bounds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.base import InstanceState, Kind
from orchestrator.fleet.deletion import Deletion
from orchestrator.fleet.view import MachinePhase, Member

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.compute.base import Instance
    from orchestrator.fleet.decide import Rules, RunState
    from orchestrator.fleet.supervisor_state import SupervisorState

GRACE_S = 300.0
"""Between a job's begin and the first word of its worker: a checkout, an install."""


def useless(
    resources: Iterable[Instance],
    orders: RunState,
    rules: Rules,
    memory: SupervisorState,
    now: float,
    blind_s: float,
) -> tuple[Deletion, ...]:
    """Return the machines that nobody works on; ``blind_s`` is how long GitHub was not seen."""
    machines = [
        instance
        for instance in resources
        if instance.kind is Kind.MACHINE
        and instance.state is not InstanceState.ENDING
        and not memory.going(instance.name, now)
    ]
    results = (
        (instance, _why(instance, orders, rules, memory, now, blind_s)) for instance in machines
    )
    return tuple(
        Deletion(Member(instance, None, None, MachinePhase.RUNNERLESS), why, certain=True)
        for instance, why in results
        if why
    )


def _why(
    machine: Instance,
    orders: RunState,
    rules: Rules,
    memory: SupervisorState,
    now: float,
    blind_s: float,
) -> str:
    if machine.name in orders.left:
        return "its worker has left, and GitHub cannot be asked"
    if machine.name in orders.spoke or machine.created is None:
        return ""
    # A job that began just before the outage has not said a word yet.
    had = blind_s if machine.name in memory.took_job else now - machine.created
    if had > rules.boot_s + GRACE_S:
        return "no worker of it has spoken, and GitHub cannot be asked"
    return ""
