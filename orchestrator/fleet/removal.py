"""Takes away what a supervisor has decided on: machines, runners' entries, parts left alone.

One failure keeps nothing else from going: what did not go is told, and tried
again at the next look.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.cloud.failures import STOPS_THE_RUN, CloudError, FailureKind
from orchestrator.fleet.identity import SIZE_TAG, SPOT_TAG
from orchestrator.github import FailureKind as GitHubKind
from orchestrator.github import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.cloud.port import Resource
    from orchestrator.fleet.clear import RunnerStore
    from orchestrator.fleet.decide import Actions
    from orchestrator.fleet.doom import Doomed
    from orchestrator.fleet.launch import Launcher
    from orchestrator.fleet.supply import Supply
    from orchestrator.github import Runner

_THREADS = 16


@dataclass(frozen=True, slots=True)
class Remover:
    """Deletes in parallel; ``trouble`` is told what did not go. ``supply`` learns of full zones.

    ``accepted`` names the machines whose delete was accepted, ``forgotten`` those whose runner's
    entry was removed.
    """

    launcher: Launcher
    runners: RunnerStore
    supply: Supply
    trouble: Callable[[str], None]
    accepted: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def remove(self, actions: Actions) -> None:
        """Submit every delete of a round: machines, then ghosts, then parts."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._machine, actions.delete))
            list(pool.map(self._runner, actions.forget))
            list(pool.map(self._part, actions.sweep))

    def _machine(self, doomed: Doomed) -> None:
        member = doomed.member
        if doomed.failure is not None:
            tags = member.machine.tags
            spot = tags.get(SPOT_TAG) == "true"
            size, region = tags.get(SIZE_TAG, ""), member.machine.region
            self.supply.failed(size, region, doomed.failure, spot=spot)
            if doomed.failure.kind in STOPS_THE_RUN:
                self.launcher.halt.stop(str(doomed.failure), fatal=True)
        if not self._without_runner(doomed):
            return
        try:
            with self.launcher.journal.step("delete", member.name, doomed.why):
                self.launcher.cloud.delete(member.machine)
        except CloudError as error:
            self.trouble(str(error))
            return
        self.accepted.append(member.name)

    def _without_runner(self, doomed: Doomed) -> bool:
        """Delete a machine's runner before it; False when it has a job after all."""
        runner = doomed.member.runner
        return runner is None or self._runner(runner) or not doomed.may_take_job

    def _runner(self, runner: Runner) -> bool:
        try:
            with self.launcher.journal.step("forget runner", runner.name):
                self.runners.delete(runner.id)
        except GitHubError as error:
            if error.kind is not GitHubKind.CONFLICT:
                self.trouble(str(error))
            return False
        self.forgotten.append(runner.name)
        return True

    def _part(self, part: Resource) -> None:
        try:
            with self.launcher.journal.step("sweep", part.name, "its machine is not there"):
                self.launcher.cloud.delete(part)
        except CloudError as error:
            if error.kind is not FailureKind.TRANSIENT:
                self.trouble(str(error))
