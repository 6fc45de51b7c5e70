"""When a run whose machines are refused has to be cancelled: never while a shard is alive. Pure.

Queued jobs cannot be cancelled one by one, and wait for a runner for a day. So a run that can get
no machine for them is ended, but only once nothing works, boots or is on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.fleet.identity import Role
from orchestrator.fleet.view import MachinePhase

if TYPE_CHECKING:
    from orchestrator.fleet.decide import RunState
    from orchestrator.fleet.launch import Launcher
    from orchestrator.fleet.supervisor_state import SupervisorState
    from orchestrator.fleet.view import FleetView

_ALIVE = (MachinePhase.BOOTING, MachinePhase.IDLE, MachinePhase.BUSY)


def last_resort(
    view: FleetView, orders: RunState, launcher: Launcher, memory: SupervisorState, now: float
) -> str:
    """Return why the workflow run has to be cancelled, or nothing. ``now`` is Unix seconds.

    The queued jobs need the machines of one role: with nothing left to do, drain machines.
    """
    role = Role.DRAIN if orders.settled or orders.draining else Role.ARENA
    halt = launcher.refusals[role].halt
    if not halt.fatal or not view.queued or orders.closing:
        return ""
    if view.count(*_ALIVE) or memory.missing(view):
        return ""
    if any(memory.going(member.name, now) for member in view.members):
        return ""  # nobody has said yet that they are gone
    return halt.reason
