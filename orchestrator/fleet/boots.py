"""How many boots in a row came to nothing: the image, the network or the runner is broken. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.fleet.view import MachinePhase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.fleet.decide import RunState
    from orchestrator.fleet.deletion import Deletion
    from orchestrator.fleet.supervisor_state import SupervisorState

BAD_BOOTS_LIMIT = 3
"""Boots in a row that took no job.

A runner that was online and was then removed by GitHub while it waited is none of them, and neither
is one that the supervisor removed itself, a machine whose worker spoke in the ledger, or a machine
no newer than one that took a job: of a large wave some never come up.
"""


def count_boots(
    doomed: Iterable[Deletion], orders: RunState, memory: SupervisorState
) -> SupervisorState:
    """Count the boots that took no job; too many in a row halt the run."""
    fine = memory.came_up | memory.took_job | memory.counted | orders.spoke | memory.forgot
    bad = {
        deletion.member.name
        for deletion in doomed
        if deletion.member.phase in (MachinePhase.BOOTING, MachinePhase.RUNNERLESS)
        and deletion.member.name not in fine | memory.accounted
        and (deletion.member.machine.created or math.inf) > memory.served
    }
    count = memory.bad_boots + len(bad)
    halted = memory.halted
    if count >= BAD_BOOTS_LIMIT and not halted:
        halted = (
            f"{count} boots in a row took no job: the image, its network or the age of its runner"
        )
    return replace(memory, bad_boots=count, counted=memory.counted | bad, halted=halted)
