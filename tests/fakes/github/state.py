"""What the fake GitHub remembers. Values are frozen; a change replaces one."""

from __future__ import annotations

import itertools
import math
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.clock import Clock


LOST_AFTER_S = 600.0
"""A job whose runner went silent fails after about ten minutes."""


@dataclass(frozen=True, slots=True)
class RunnerEntry:
    """A registered runner. ``used`` once its configuration has connected."""

    id: int
    name: str
    labels: tuple[str, ...]
    group: int
    blob: str = field(repr=False)
    created_at: float = 0.0
    status: str = "offline"
    busy: bool = False
    used: bool = False
    idle_since: float = 0.0
    offline_since: float = 0.0

    def takes(self, job: JobEntry) -> bool:
        """Whether it is free for this job: a job's labels must all be the runner's."""
        free = self.status == "online" and not self.busy
        return free and set(job.labels) <= set(self.labels)


@dataclass(frozen=True, slots=True)
class JobEntry:
    """A job of one attempt of a run. ``always`` ones run on when their run is cancelled."""

    id: int
    run: int
    attempt: int
    name: str
    labels: tuple[str, ...]
    created_at: float
    status: str = "queued"
    conclusion: str | None = None
    runner: int | None = None
    runner_name: str | None = None
    started_at: float | None = None
    completed_at: float | None = None
    always: bool = False

    @property
    def over(self) -> bool:
        return self.status == "completed"


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A workflow run; its status follows from the jobs of its newest attempt.

    ``workflow`` is its file's name; ``fork`` whether its head is in another repository.
    """

    id: int
    created_at: float
    attempt: int = 1
    event: str = "workflow_dispatch"
    head_sha: str = "a" * 40
    cancelled: bool = False
    workflow: str = ""
    branch: str = "main"
    fork: bool = False
    started_at: float | None = None


@dataclass(frozen=True, slots=True)
class ArtifactEntry:
    id: int
    run: int
    name: str
    data: bytes = field(repr=False)
    created_at: float
    expired: bool = False
    listed_size: int | None = None
    listed_digest: str | None = None


@dataclass(frozen=True, slots=True)
class CommentEntry:
    id: int
    number: int
    body: str
    login: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class CheckEntry:
    id: int
    head_sha: str
    values: dict[str, Any]
    annotations: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The runners and jobs at an instant, for listings that lag."""

    at: float
    runners: tuple[RunnerEntry, ...]
    jobs: tuple[JobEntry, ...]


class World:
    """All state, under one lock; ``changed`` is notified whenever a job or a runner changes.

    Listings of runners and jobs lag by ``listing_lag_s``; reading one by its id is up to date (what
    GitHub promises of neither is not documented; a lag of its reads by id is not known of). Until
    ``down_until`` nobody reaches GitHub: no call is answered, no runner connects, takes a job or
    ends one, and no silent runner is judged.

    ``environments`` tells which have reviewers, ``policies`` which branches (``tag:NAME``: tags) an
    environment admits, None for whatever is protected, absent for all. ``workflows`` are the newest
    successful run of a file, ``runner_groups`` those it may use, ``runner_releases`` when each was
    published (Unix seconds); ``storage_origin`` moves the artifacts' storage to another address.
    With ``ignores_filters`` a listing shows more than its query asked for.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.runners: dict[int, RunnerEntry] = {}
        self.jobs: dict[int, JobEntry] = {}
        self.runs: dict[int, RunEntry] = {}
        self.artifacts: dict[int, ArtifactEntry] = {}
        self.comments: dict[int, CommentEntry] = {}
        self.checks: dict[int, CheckEntry] = {}
        self.environments: dict[str, bool] = {}
        self.policies: dict[str, tuple[str, ...] | None] = {}
        self.default_branch = "trunk"
        self.private = False
        self.full_name = ""  # what it is called now, where that is another name than it was
        self.variables: dict[str, str] = {}
        self.environment_variables: dict[tuple[str, str], str] = {}
        self.subject: dict[str, Any] = {"use_default": True}
        self.workflows: dict[str, int] = {}
        self.ignores_filters = False
        self.runner_groups = {1}
        self.runner_releases = {"2.330.0": clock.now() - 5 * 86400.0}
        self.listing_lag_s = 0.0
        self.down_until = -math.inf
        self.lost_after_s = LOST_AFTER_S
        self.storage_origin: str | None = None
        self._ids: Iterator[int] = itertools.count(1001)
        self._snapshots: list[Snapshot] = []

    def new_id(self) -> int:
        return next(self._ids)

    def set_runner(self, entry: RunnerEntry, **changes: Any) -> RunnerEntry:
        self._remember()
        changed = replace(entry, **changes)
        self.runners[entry.id] = changed
        self._remember()
        return changed

    def drop_runner(self, runner_id: int) -> None:
        self._remember()
        self.runners.pop(runner_id, None)
        self._remember()

    def set_job(self, entry: JobEntry, **changes: Any) -> JobEntry:
        self._remember()
        changed = replace(entry, **changes)
        self.jobs[entry.id] = changed
        self._remember()
        return changed

    def add_job(self, entry: JobEntry) -> None:
        self._remember()
        self.jobs[entry.id] = entry
        self._remember()

    @property
    def down(self) -> bool:
        """Whether nobody reaches GitHub now."""
        return self.clock.now() < self.down_until

    def listed_runners(self) -> list[RunnerEntry]:
        """The runners as a listing shows them now: as they were ``listing_lag_s`` ago."""
        return list(self._shown().runners)

    def listed_jobs(self, run_id: int, attempt: int) -> list[JobEntry]:
        """The jobs of an attempt as a listing shows them now."""
        return [job for job in self._shown().jobs if (job.run, job.attempt) == (run_id, attempt)]

    def jobs_of(self, run_id: int, attempt: int) -> list[JobEntry]:
        result = self.jobs.values()
        return [job for job in result if (job.run, job.attempt) == (run_id, attempt)]

    def run_status(self, run: RunEntry) -> tuple[str, str | None]:
        """Return the run's status and conclusion."""
        jobs = self.jobs_of(run.id, run.attempt)
        if not jobs or not all(job.over for job in jobs):
            started = any(job.status != "queued" for job in jobs)
            return ("in_progress" if started else "queued"), None
        if run.cancelled:
            return "completed", "cancelled"
        failed = any(job.conclusion not in ("success", "skipped") for job in jobs)
        return "completed", "failure" if failed else "success"

    def _shown(self) -> Snapshot:
        """What listings show now."""
        if not self.listing_lag_s:
            return self._shot()
        seen_at = self.clock.now() - self.listing_lag_s
        past = [shot for shot in self._snapshots if shot.at <= seen_at]
        return past[-1] if past else Snapshot(seen_at, (), ())

    def _shot(self) -> Snapshot:
        return Snapshot(self.clock.now(), tuple(self.runners.values()), tuple(self.jobs.values()))

    def _remember(self) -> None:
        if self.listing_lag_s:
            self._snapshots.append(self._shot())
