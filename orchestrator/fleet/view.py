"""A fleet as one look shows it: each machine with its runner and its job. Pure.

A machine and its runner have one name, and GitHub says which runner took a job; that joins the
three. Nothing that was remembered is needed, and nothing that was not listed is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.compute.base import InstanceState, Kind
from orchestrator.fleet.identity import MACHINE_TAG, ROLE_TAG, Role, expiry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.compute.base import Instance
    from orchestrator.fleet.identity import Fleet
    from orchestrator.github import Runner, WorkflowJob


class MachinePhase(StrEnum):
    """Where a machine of the fleet stands, from the outside."""

    BOOTING = "booting"  # its runner never connected, as far as this look shows
    IDLE = "idle"  # its runner is online and has no job
    BUSY = "busy"
    OVER = "over"  # its one job has ended: it is of no more use
    RUNNERLESS = "runnerless"  # there is no entry for it: it was removed, or it has ended
    FAILED = "failed"  # the cloud says that it could not make it, and no runner has come
    DELETING = "deleting"


@dataclass(frozen=True, slots=True)
class Member:
    """One machine with its runner and its job."""

    machine: Instance
    runner: Runner | None
    job: WorkflowJob | None
    phase: MachinePhase

    @property
    def name(self) -> str:
        """The machine's name, which is its runner's."""
        return self.machine.name

    @property
    def role(self) -> Role:
        """What it is for."""
        drain = self.machine.labels.get(ROLE_TAG) == Role.DRAIN
        return Role.DRAIN if drain else Role.ARENA

    def expired(self, now: float) -> bool:
        """Whether it outlived its own end. ``now`` is Unix seconds of the cloud's clock."""
        until = expiry(self.machine.labels)
        return until is not None and until <= now


@dataclass(frozen=True, slots=True)
class FleetView:
    """One look.

    ``jobs`` are the attempt's that ask for this run's label, ``ghosts`` the runners whose machine
    is not there, ``orphans`` the NICs, disks and addresses whose machine is not there. ``ahead_s``
    is how far the cloud's clock, in which machines' ends are told, is ahead of ours.
    """

    members: tuple[Member, ...]
    jobs: tuple[WorkflowJob, ...]
    ghosts: tuple[Runner, ...]
    orphans: tuple[Instance, ...]
    ahead_s: float = 0.0

    @property
    def queued(self) -> tuple[WorkflowJob, ...]:
        """The jobs that wait for a runner."""
        return tuple(job for job in self.jobs if job.queued)

    @property
    def unfinished(self) -> tuple[WorkflowJob, ...]:
        """The jobs that have not ended."""
        return tuple(job for job in self.jobs if not job.over)

    @property
    def orphaned(self) -> tuple[WorkflowJob, ...]:
        """The running jobs whose machine is not there: evicted, or deleted."""
        there = {member.name for member in self.members}
        running = (job for job in self.unfinished if job.runner_name)
        return tuple(job for job in running if job.runner_name not in there)

    def count(self, *phases: MachinePhase) -> int:
        """Return how many machines are in one of these phases."""
        return sum(member.phase in phases for member in self.members)


def join(
    fleet: Fleet,
    resources: Iterable[Instance],
    runners: Iterable[Runner],
    jobs: Iterable[WorkflowJob],
) -> FleetView:
    """Return the fleet that three listings show."""
    things = list(resources)
    wanted = tuple(job for job in jobs if fleet.label in job.labels)
    ours = {runner.name: runner for runner in runners if fleet.label in runner.labels}
    by_runner = {job.runner_name: job for job in wanted if job.runner_name}
    machines = [instance for instance in things if instance.kind is Kind.MACHINE]
    members = tuple(
        _member(machine, ours.get(machine.name), by_runner.get(machine.name))
        for machine in sorted(machines, key=lambda instance: instance.name)
    )
    there = {member.name for member in members}
    return FleetView(
        members,
        wanted,
        tuple(runner for name, runner in sorted(ours.items()) if name not in there),
        tuple(
            instance
            for instance in things
            if instance.kind is not Kind.MACHINE and instance.labels.get(MACHINE_TAG) not in there
        ),
    )


def _member(machine: Instance, runner: Runner | None, job: WorkflowJob | None) -> Member:
    return Member(machine, runner, job, _phase(machine, runner, job))


def _phase(machine: Instance, runner: Runner | None, job: WorkflowJob | None) -> MachinePhase:
    """Return where a machine stands: by its job and its runner, and only then by the cloud's word.

    A machine that Azure calls failed may run on and be well (OSProvisioningTimedOut:
    Azure/aks-engine#3694, taskcluster/taskcluster#3347).
    """
    if machine.state is InstanceState.ENDING:
        return MachinePhase.DELETING
    if job is not None:
        return MachinePhase.OVER if job.over else MachinePhase.BUSY
    if runner is not None and (runner.busy or runner.online):
        return MachinePhase.BUSY if runner.busy else MachinePhase.IDLE
    if machine.state is InstanceState.ENDED:
        return MachinePhase.FAILED
    return MachinePhase.RUNNERLESS if runner is None else MachinePhase.BOOTING
