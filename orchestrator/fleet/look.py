"""One look at both sides of a fleet: a side that cannot be seen hides no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from orchestrator.compute.failures import CloudError
from orchestrator.fleet.facts import Listings
from orchestrator.fleet.outage import LONG_S, ObservationOutage
from orchestrator.github import GitHubError

if TYPE_CHECKING:
    from orchestrator.compute.base import Instance, MachineEngine
    from orchestrator.fleet.cleanup import RunnerStore
    from orchestrator.fleet.identity import WorkflowAttempt
    from orchestrator.github import WorkflowJob


class JobLister(Protocol):
    """What is needed of GitHub's runs here."""

    def jobs(self, run_id: int, attempt: int) -> list[WorkflowJob]:
        """Return the jobs of one attempt."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen; ``listings`` is None unless both sides were."""

    resources: tuple[Instance, ...] | None
    listings: Listings | None
    cloud_error: CloudError | None = None
    github_error: GitHubError | None = None

    @property
    def errors(self) -> tuple[CloudError | GitHubError, ...]:
        """Why a side could not be seen."""
        return tuple(error for error in (self.cloud_error, self.github_error) if error is not None)


def look_at(
    cloud: MachineEngine, runners: RunnerStore, runs: JobLister, attempt: WorkflowAttempt
) -> Look:
    """Look at both sides."""
    resources, cloud_error, github_error = None, None, None
    try:
        resources = tuple(cloud.status(attempt.fleet.tags))
    except CloudError as error:
        cloud_error = error
    listings = None
    try:
        registered = tuple(runners.all())
        jobs = tuple(runs.jobs(attempt.fleet.github_run, attempt.number))
        if resources is not None:
            listings = Listings(resources, registered, jobs, cloud.ahead_s())
    except GitHubError as error:
        github_error = error
    return Look(resources, listings, cloud_error, github_error)


@dataclass(frozen=True, slots=True)
class Outage:
    """Which side has not been seen, and since when."""

    cloud: ObservationOutage = field(default_factory=ObservationOutage)
    github: ObservationOutage = field(default_factory=ObservationOutage)

    def after(self, look: Look, now: float) -> Outage:
        """Return it after a look at ``now`` (Unix seconds)."""
        return Outage(
            _after(self.cloud, look.cloud_error, now), _after(self.github, look.github_error, now)
        )

    def long(self, now: float) -> bool:
        """Whether a side has not been seen for long."""
        return self.for_s(now) >= LONG_S

    def for_s(self, now: float) -> float:
        """Return for how long the side that was seen last was not."""
        return max(self.cloud.for_s(now), self.github.for_s(now))

    @property
    def fatal(self) -> str:
        """Why a side will not be seen again, or nothing."""
        return self.cloud.fatal or self.github.fatal

    def describe(self, now: float) -> str:
        """Return it in words: the side that has not been seen for longest."""
        return max((self.cloud, self.github), key=lambda blindness: blindness.for_s(now)).describe(
            now
        )


def _after(
    before: ObservationOutage, error: CloudError | GitHubError | None, now: float
) -> ObservationOutage:
    return ObservationOutage() if error is None else before.after(error, now)
