"""Takes away what a supervisor has decided on: machines, runners' entries, parts left alone.

One failure keeps nothing else from going: what did not go is told, and tried
again at the next look.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.compute.failures import CloudError, FailureKind
from orchestrator.fleet.cleanup import STUCK_S
from orchestrator.fleet.identity import SIZE_TAG, SPOT_TAG, ZONE_TAG
from orchestrator.fleet.view import MachinePhase
from orchestrator.github import FailureKind as GitHubKind
from orchestrator.github import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orchestrator.compute.base import Instance
    from orchestrator.compute.failures import Failure
    from orchestrator.fleet.capacity import CapacityPool
    from orchestrator.fleet.cleanup import RunnerStore
    from orchestrator.fleet.decide import Actions
    from orchestrator.fleet.deletion import Deletion
    from orchestrator.fleet.identity import Role
    from orchestrator.fleet.launch import Launcher
    from orchestrator.fleet.view import Member
    from orchestrator.github import Runner

_THREADS = 16


@dataclass(frozen=True, slots=True)
class Remover:
    """Deletes in parallel; ``trouble`` is told what did not go.

    ``supplies`` learn of full zones. ``submitted`` says when the delete of each machine was last
    submitted, or first seen under way (Unix seconds), and is added to: what the cloud says of such
    a machine is said of its delete, not of its create. ``accepted`` names the machines whose delete
    was accepted, ``forgotten`` those whose runner's entry was removed.
    """

    launcher: Launcher
    runners: RunnerStore
    supplies: Mapping[Role, CapacityPool]
    submitted: dict[str, float]
    trouble: Callable[[str], None]
    accepted: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def remove(self, actions: Actions) -> None:
        """Submit every delete of a round: machines, then ghosts, then parts."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._machine, actions.delete))
            list(pool.map(self._runner, actions.forget))
            list(pool.map(self._part, actions.sweep))

    def again(self, members: Iterable[Member]) -> None:
        """Submit the deletes anew that were accepted and do not end."""
        now = self.launcher.clock.now()
        deleting = [member for member in members if member.phase is MachinePhase.DELETING]
        stuck = [
            member
            for member in deleting
            if now - self.submitted.setdefault(member.name, now) >= STUCK_S
        ]
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda entry: self._delete(entry, "its delete does not end"), stuck))

    def _machine(self, doomed: Deletion) -> None:
        member = doomed.member
        if doomed.failure is not None and member.name not in self.submitted:
            self._learn(member, doomed.failure)
        if not self._without_runner(doomed):
            return
        self._delete(member, doomed.why)

    def _delete(self, member: Member, why: str) -> None:
        # Whatever the reply: it may have taken effect.
        self.submitted[member.name] = self.launcher.clock.now()
        try:
            with self.launcher.journal.step("delete", member.name, why):
                self.launcher.cloud.terminate(member.machine)
        except CloudError as error:
            self.trouble(str(error))
            return
        self.accepted.append(member.name)

    def _learn(self, member: Member, failure: Failure) -> None:
        """Leave alone, or stop for, what an accepted create that failed speaks of."""
        tags, region, capacity = (
            member.machine.labels,
            member.machine.region,
            self.supplies[member.role],
        )
        capacity.failed(
            tags.get(SIZE_TAG, ""),
            region,
            failure,
            spot=tags.get(SPOT_TAG) == "true",
            zone=tags.get(ZONE_TAG),
        )
        refusals = self.launcher.refusals[member.role]
        reason = f"{member.name}: {failure}"
        refusals.met(failure, reason, member.name, region, (), hope=refusals.up)

    def _without_runner(self, doomed: Deletion) -> bool:
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

    def _part(self, part: Instance) -> None:
        try:
            with self.launcher.journal.step("sweep", part.name, "its machine is not there"):
                self.launcher.cloud.terminate(part)
        except CloudError as error:
            if error.kind is not FailureKind.TRANSIENT:
                self.trouble(str(error))
