"""What an attempt's supervisor left behind: machines that nobody watches and no job needs. Pure.

A supervisor that is killed, or that had to give up, cannot tidy up. Its own job says that it is
over. Judged by GitHub's and the cloud's own dates: the reaper's clock is compared with neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.fleet.identity import attempt_of_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.compute.base import Instance
    from orchestrator.github import Runner, WorkflowJob, WorkflowRun

SUPERVISE_JOB = "supervise"
FIRST_S = 900.0
"""A new attempt's first minutes: its supervise job may not be listed, or be an older one's."""

WAITS_S = 1800.0
"""How long a machine without a supervisor may boot and wait for a job that is queued."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A run in progress whose newest attempt has no supervisor any more, and its shards.

    ``for_s`` is how long its supervise job has been over.
    """

    run: WorkflowRun
    shards: tuple[WorkflowJob, ...]
    for_s: float

    @property
    def waiting(self) -> tuple[WorkflowJob, ...]:
        """The shards that wait for a machine."""
        return tuple(job for job in self.shards if job.queued)

    @property
    def hopeless(self) -> bool:
        """Whether every shard that is not over waits for a machine, which nobody brings.

        What the supervisor launched last is listed by then, and its time to boot is over.
        """
        unfinished = tuple(job for job in self.shards if not job.over)
        waits = bool(unfinished) and all(job.queued for job in unfinished)
        return waits and self.for_s >= WAITS_S

    def why(self, machine: Instance, runner: Runner | None, now: float) -> str:
        """Return why a machine has to go, or nothing.

        ``runner`` was read by its id, None when it has no entry (any more): then it takes no job.
        ``now`` is Unix seconds of the clock in which the machine's age is told.
        """
        mine = [job for job in self.shards if job.runner_name == machine.name]
        if any(not job.over for job in mine) or (runner is not None and runner.busy):
            return ""
        if mine:
            return "its job is over, and its attempt's supervise job is too"
        older = (attempt_of_tags(machine.labels) or 0) < self.run.attempt
        waits = machine.created is None or now - machine.created < WAITS_S
        if self.waiting and waits and not older:
            return ""
        if self.waiting and runner is not None and runner.online:
            return ""  # it is about to have one of them
        return "it has no job, and its attempt's supervise job is over"


def abandoned(
    run: WorkflowRun, jobs: Sequence[WorkflowJob], label: str, now: float
) -> Abandoned | None:
    """Return a run in progress as one that nobody supervises, or None.

    ``jobs`` are its newest attempt's; a called workflow's are named "caller / supervise". ``now``
    is Unix seconds of GitHub's clock.
    """
    started = run.started_at if run.started_at is not None else run.created_at
    if run.over or started is None or now - started < FIRST_S:
        return None
    supervisors = [job for job in jobs if job.name.rpartition(" / ")[2] == SUPERVISE_JOB]
    if not supervisors or not all(job.over for job in supervisors):
        return None
    ended = max(job.completed_at or now for job in supervisors)
    return Abandoned(run, tuple(job for job in jobs if label in job.labels), now - ended)
