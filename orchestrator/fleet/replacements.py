"""Launches what a round has decided on, and remembers what may have come of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.compute.failures import CloudError
from orchestrator.fleet.identity import Role
from orchestrator.fleet.launch import LaunchedMachine

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.fleet.capacity import CapacityPool
    from orchestrator.fleet.launch import Launcher
    from orchestrator.fleet.supervisor_state import SupervisorState

_THREADS = 16


@dataclass(frozen=True, slots=True)
class Replacements:
    """Launches in parallel; ``trouble`` is told what could not be had.

    ``before`` is how many machines were launched before this supervisor: their numbers are taken.
    """

    launcher: Launcher
    before: int
    trouble: Callable[[str], None]

    def launch(
        self, count: int, capacity: CapacityPool, role: Role, memory: SupervisorState
    ) -> SupervisorState:
        """Launch ``count`` machines by fresh quotas; return what is to be remembered."""
        if count <= 0 or self.launcher.refusals[role].halt.stopped:
            return memory
        regions = capacity.wish.regions
        try:
            capacity.restock({region: self.launcher.cloud.offers(region) for region in regions})
        except CloudError as error:
            self.trouble(str(error))
            return memory
        first = memory.launched + memory.drains + self.before
        with ThreadPoolExecutor(_THREADS) as pool:
            numbers = range(first, first + count)
            results = list(pool.map(lambda at: self.launcher.launch(at, capacity, role), numbers))
        names: list[str] = []
        for machine in results:
            if isinstance(machine, LaunchedMachine):
                names.append(machine.name)
                continue
            for reason in machine.reasons:
                self.trouble(reason)
            if machine.unclear:
                # A create whose reply was lost for good counts: it may have taken effect.
                names.append(machine.unclear)
        now = self.launcher.clock.now()
        return memory.after_launches(names, now, drains=role is Role.DRAIN)
