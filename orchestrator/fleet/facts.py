"""Three listings of a fleet, and what was read by id since: the one lags, the other does not. Pure.

A listing lacks what is there and shows what is gone. Before anything follows from that, what it is
about is read by its id, and the look is corrected.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from orchestrator.compute.base import Kind
from orchestrator.fleet.view import join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.compute.base import Instance
    from orchestrator.fleet.identity import Fleet
    from orchestrator.fleet.view import FleetView
    from orchestrator.github import Runner, WorkflowJob

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Doubts:
    """What has to be read by id: machines and runners by the machine's name, jobs by id."""

    machines: frozenset[str] = frozenset()
    runners: frozenset[str] = frozenset()
    jobs: frozenset[int] = frozenset()

    def __or__(self, other: Doubts) -> Doubts:
        """Return both."""
        return Doubts(
            self.machines | other.machines, self.runners | other.runners, self.jobs | other.jobs
        )

    def __bool__(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self.machines or self.runners or self.jobs)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read by id; None: it does not exist."""

    machines: Mapping[str, Instance | None] = field(default_factory=dict)
    runners: Mapping[str, Runner | None] = field(default_factory=dict)
    jobs: Mapping[int, WorkflowJob | None] = field(default_factory=dict)

    def __or__(self, other: Facts) -> Facts:
        """Return both; the other's are newer."""
        return Facts(
            {**self.machines, **other.machines},
            {**self.runners, **other.runners},
            {**self.jobs, **other.jobs},
        )

    def __bool__(self) -> bool:
        """Whether anything was read."""
        return bool(self.machines or self.runners or self.jobs)

    def left_open(self, doubts: Doubts) -> Doubts:
        """Return what of ``doubts`` has no answer."""
        return Doubts(
            doubts.machines - self.machines.keys(),
            doubts.runners - self.runners.keys(),
            doubts.jobs - self.jobs.keys(),
        )

    @property
    def gone(self) -> frozenset[str]:
        """The machines that do not exist."""
        return frozenset(name for name, there in self.machines.items() if there is None)


@dataclass(frozen=True, slots=True)
class Listings:
    """What one look listed. ``ahead_s`` is how far the cloud's clock is ahead of ours."""

    resources: tuple[Instance, ...]
    runners: tuple[Runner, ...]
    jobs: tuple[WorkflowJob, ...]
    ahead_s: float = 0.0

    def view(self, fleet: Fleet, facts: Facts, gone: frozenset[str]) -> FleetView:
        """Return the fleet as these listings show it, corrected by ``facts``.

        ``gone`` are machines that were proved gone earlier: a listing may show them still.
        """
        machines = {
            instance.name: instance
            for instance in self.resources
            if instance.kind is Kind.MACHINE and instance.name not in gone
        }
        parts = [instance for instance in self.resources if instance.kind is not Kind.MACHINE]
        machines = _corrected(machines, facts.machines)
        runners = _corrected({runner.name: runner for runner in self.runners}, facts.runners)
        known = {job.id: job for job in self.jobs}
        jobs = {**known, **{number: job for number, job in facts.jobs.items() if job is not None}}
        view = join(fleet, [*machines.values(), *parts], runners.values(), jobs.values())
        return replace(view, ahead_s=self.ahead_s)


def _corrected(listed: Mapping[str, T], read: Mapping[str, T | None]) -> dict[str, T]:
    """Return what is listed with what was read in its place."""
    both = {**listed, **read}
    return {name: there for name, there in both.items() if there is not None}
