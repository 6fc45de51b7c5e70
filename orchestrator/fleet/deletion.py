"""Which machines have to go, and why: one at a time, by one look. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.fleet.view import MachinePhase

if TYPE_CHECKING:
    from orchestrator.compute.failures import Failure
    from orchestrator.fleet.decide import Rules, RunState
    from orchestrator.fleet.supervisor_state import SupervisorState
    from orchestrator.fleet.view import FleetView, Member


@dataclass(frozen=True, slots=True)
class Deletion:
    """A machine to delete, and why. ``failure`` is the cloud's, when it could not make it.

    Where it ``may_take_job`` its runner's entry goes first: GitHub refuses that while it has one.
    ``certain`` reasons need no proof.
    """

    member: Member
    why: str
    failure: Failure | None = None
    may_take_job: bool = False
    certain: bool = False


def everything(view: FleetView) -> tuple[Deletion, ...]:
    """Return every machine, once every job is over; one that has a job after all stays."""
    why = "every job is over"
    there = [member for member in view.members if member.phase is not MachinePhase.DELETING]
    done = [member.phase is MachinePhase.OVER for member in there]
    return tuple(
        Deletion(member, why, may_take_job=not over, certain=over)
        for member, over in zip(there, done, strict=True)
    )


def doom(
    view: FleetView, orders: RunState, rules: Rules, memory: SupervisorState, now: float
) -> tuple[Deletion, ...]:
    """Return the machines that have to go. ``now`` is Unix seconds."""
    results = (
        Deletion(member, "it is past its expires-at", certain=True)
        if _expired(member, view, memory, now)
        else _doomed(member, orders, rules, memory, now)
        for member in view.members
    )
    return tuple(deletion for deletion in results if deletion is not None)


def _expired(member: Member, view: FleetView, memory: SupervisorState, now: float) -> bool:
    still = member.phase is not MachinePhase.DELETING and not memory.going(member.name, now)
    return still and member.expired(now + view.ahead_s)


def _doomed(
    member: Member, orders: RunState, rules: Rules, memory: SupervisorState, now: float
) -> Deletion | None:
    """Return why a machine has to go, or None."""
    if memory.going(member.name, now):
        return None
    match member.phase:
        case MachinePhase.OVER:
            return Deletion(member, "its job is over", certain=True)
        case MachinePhase.FAILED if not _came(member, orders, memory):
            failure = member.machine.failure
            return Deletion(member, f"the cloud could not make it ({failure})", failure)
        case MachinePhase.RUNNERLESS if memory.sure(
            f"{MachinePhase.RUNNERLESS} {member.name}", now
        ):
            return _runnerless(member, rules, memory, now)
        case MachinePhase.BOOTING | MachinePhase.FAILED:
            return _offline(member, orders, rules, memory, now)
        case MachinePhase.IDLE if memory.sure(f"idle {member.name}", now, rules.idle_s):
            why = f"its runner got no job within {in_words(rules.idle_s)}"
            return Deletion(member, why, may_take_job=True)
    return None


def _came(member: Member, orders: RunState, memory: SupervisorState) -> bool:
    """Whether its runner was ever online, or had a job, or its worker spoke."""
    return member.name in memory.came_up | memory.took_job | orders.spoke


def _runnerless(
    member: Member, rules: Rules, memory: SupervisorState, now: float
) -> Deletion | None:
    """An entry that nobody has seen yet may be one that listings do not show yet."""
    seen = member.name in memory.runner_ids
    if seen or _age(member, memory, now) > rules.boot_s:
        return Deletion(member, "its runner is gone and took no job")
    return None


def _offline(
    member: Member, orders: RunState, rules: Rules, memory: SupervisorState, now: float
) -> Deletion | None:
    if not _came(member, orders, memory):
        if _age(member, memory, now) <= rules.boot_s:
            return None
        why = f"its runner was not online within {in_words(rules.boot_s)}"
        return Deletion(member, why, may_take_job=True)
    if memory.sure(f"{member.phase} {member.name}", now, rules.idle_s):
        why = f"its runner went offline, and stayed so for {in_words(rules.idle_s)}"
        return Deletion(member, why, may_take_job=True)
    return None


def _age(member: Member, memory: SupervisorState, now: float) -> float:
    """Return for how long it could have come up: an outage's time does not count."""
    created = now if member.machine.created is None else member.machine.created
    return now - max(created, memory.sighted)


def in_words(seconds: float) -> str:
    """Return a duration as a reason says it."""
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
