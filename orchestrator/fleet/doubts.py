"""What a decision takes for granted because a listing lacked something or said it. Pure.

Each destructive or costly action names here what has to be read by id before it is done. A job that
is listed as over, and an end that has passed, are facts: they need no proof. Where a runner's entry
is removed first, GitHub's refusal is the proof: it removes none that has a job.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.fleet.facts import Doubts
from orchestrator.fleet.identity import MACHINE_TAG
from orchestrator.fleet.supervisor_state import AGAIN_S, LAG_S
from orchestrator.fleet.view import MachinePhase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.fleet.decide import Actions, RunState
    from orchestrator.fleet.deletion import Deletion
    from orchestrator.fleet.facts import Facts
    from orchestrator.fleet.supervisor_state import SupervisorState
    from orchestrator.fleet.view import FleetView

_UNSURE = (MachinePhase.BOOTING, MachinePhase.RUNNERLESS, MachinePhase.FAILED)


def doubts(
    actions: Actions, view: FleetView, orders: RunState, memory: SupervisorState, now: float
) -> Doubts:
    """Return what has to be read by id before ``actions`` are done, and what is missing."""
    result = Doubts(machines=_absent(view, memory, now))
    for doomed in actions.delete:
        result |= of_machine(doomed, view, orders)
    if actions.cancel:
        result |= Doubts(jobs=frozenset(job.id for job in view.queued))
    return result | of_launches(actions, view, memory, now)


def of_machine(doomed: Deletion, view: FleetView, orders: RunState) -> Doubts:
    """Return what has to be read by id before a machine is deleted."""
    member = doomed.member
    if doomed.certain or member.phase not in _UNSURE:
        return Doubts()
    name = frozenset({member.name})
    tells = member.phase is MachinePhase.RUNNERLESS and member.name not in orders.spoke
    # Which job it had, if any: a short one may be over before a listing shows it begun.
    jobs = frozenset(job.id for job in view.queued) if tells else frozenset[int]()
    return Doubts(name, name, jobs)


def of_launches(actions: Actions, view: FleetView, memory: SupervisorState, now: float) -> Doubts:
    """Return the jobs for which machines are launched: as many as they are.

    While no machine can be had they are not asked about each round: GitHub limits reads, too.
    """
    count = actions.launch + actions.drains
    jobs = [job.id for job in view.queued[:count]]
    asked = {job for job in jobs if now - memory.waiting.get(job, -math.inf) < AGAIN_S}
    return Doubts(jobs=frozenset(jobs) - asked)


def proved(
    actions: Actions,
    view: FleetView,
    orders: RunState,
    memory: SupervisorState,
    now: float,
    facts: Facts,
) -> Actions:
    """Return what of ``actions`` may be done: that of which every doubt has its answer."""
    if not facts.left_open(doubts(actions, view, orders, memory, now)):
        return actions
    launches = not facts.left_open(of_launches(actions, view, memory, now))
    return replace(
        actions,
        delete=tuple(
            deletion
            for deletion in actions.delete
            if not facts.left_open(of_machine(deletion, view, orders))
        ),
        launch=actions.launch if launches else 0,
        drains=actions.drains if launches else 0,
        cancel="",
    )


def _absent(view: FleetView, memory: SupervisorState, now: float) -> frozenset[str]:
    """Return the machines that are believed to be gone, and for which nobody has said so yet."""
    names = {
        name
        for name in memory.missing(view)
        if memory.sure(f"missing {name}", now)
        and now - memory.pending.get(name, now - LAG_S) >= LAG_S
    }
    names |= {
        runner.name for runner in view.ghosts if memory.sure(f"ghost {runner.id}", now, LAG_S)
    }
    names |= _named(
        instance.labels.get(MACHINE_TAG)
        for instance in view.orphans
        if memory.sure(f"part {instance.id}", now)
    )
    names |= _named(
        job.runner_name for job in view.orphaned if memory.sure(f"orphaned {job.id}", now)
    )
    return frozenset(names) - memory.accounted


def _named(names: Iterable[str | None]) -> set[str]:
    return {name for name in names if name}
