"""Workflow runs and their jobs, and the two ways to cancel a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from orchestrator.github.failures import FailureKind, GitHubError

if TYPE_CHECKING:
    from orchestrator.github.wire import Wire

_READ: Final = "Actions: read on the repository"
_WRITE: Final = "Actions: write on the repository"
_LISTED: Final = 100
"""The most that GitHub puts on a page."""

_OF_BRANCH: Final = frozenset({"push", "schedule", "workflow_dispatch", "repository_dispatch"})
"""Events whose runs are of the branch's own code."""

_WAITING: Final = frozenset({"queued", "waiting", "pending", "requested"})


@dataclass(frozen=True, slots=True)
class WorkflowJob:
    """One job of one attempt. Times are Unix seconds; ``labels`` are in lower case.

    ``runner_name`` and ``runner_id`` are None until a runner took it.
    """

    id: int
    name: str
    attempt: int
    status: str
    conclusion: str | None
    labels: frozenset[str]
    runner_id: int | None
    runner_name: str | None
    created_at: float | None
    started_at: float | None
    completed_at: float | None

    @property
    def queued(self) -> bool:
        """Whether it waits for a runner (or for an approval or a concurrency group)."""
        return self.status in _WAITING

    @property
    def over(self) -> bool:
        """Whether it has ended, however it did."""
        return self.status == "completed"

    @property
    def failed(self) -> bool:
        """Whether GitHub offers to run it again as one that failed."""
        return self.over and self.conclusion not in ("success", "skipped", "neutral")


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A workflow run's newest attempt. Times are Unix seconds of GitHub's clock.

    ``started_at`` is when that attempt was started.
    """

    id: int
    attempt: int
    status: str
    conclusion: str | None
    event: str
    head_sha: str
    created_at: float | None
    started_at: float | None = None

    @property
    def over(self) -> bool:
        """Whether its newest attempt has ended."""
        return self.status == "completed"


class Runs:
    """The repository's workflow runs."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def find(self, run_id: int) -> WorkflowRun | None:
        """Return the run; None when GitHub does not know it, which does not mean it is over."""
        try:
            return run_of(self._wire.get(f"/actions/runs/{run_id}", needs=_READ))
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None

    def completed(self, workflow: str, branch: str) -> list[WorkflowRun] | None:
        """Return a workflow file's last completed runs of a branch's own code, newest first.

        Of the newest hundred, those that the branch itself started: GitHub lists a pull request's
        runs under its head branch too, and a fork's branch may be named like ours. None when there
        is no such workflow ("List workflow runs for a workflow" takes the file's name).
        """
        path = f"/actions/workflows/{quote(workflow, safe='')}/runs"
        query = {"branch": branch, "status": "completed", "per_page": _LISTED}
        try:
            result = self._wire.get(path, query, needs=_READ)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None
        ours = (run_of(item) for item in result["workflow_runs"] if _is_of_branch(item, branch))
        runs = [run for run in ours if run.over]  # whatever the server made of the question
        return sorted(runs, key=lambda run: (run.created_at or 0.0, run.id), reverse=True)

    def jobs(self, run_id: int, attempt: int) -> list[WorkflowJob]:
        """Return the jobs of one attempt of a run, in GitHub's order."""
        path = f"/actions/runs/{run_id}/attempts/{attempt}/jobs"
        items = self._wire.pages(path, "jobs", needs=_READ)
        return list({item["id"]: _job(item, attempt) for item in items}.values())

    def job(self, job_id: int) -> WorkflowJob | None:
        """Return a job, read by its id; None when GitHub does not know it.

        One that is over is still there, with the name of its runner ("Get a job for a workflow
        run").
        """
        try:
            return _job(self._wire.get(f"/actions/jobs/{job_id}", needs=_READ), 0)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None

    def now(self) -> float:
        """Return GitHub's own time, Unix seconds, as its replies tell it: its dates are in it."""
        return self._wire.server_now()

    def cancel(self, run_id: int, *, force: bool = False) -> bool:
        """Ask a run to end; False when it had ended already or is unknown.

        ``force`` also ends jobs that run whatever happens (``if: always()``).
        """
        verb = "force-cancel" if force else "cancel"
        try:
            self._wire.send("POST", f"/actions/runs/{run_id}/{verb}", needs=_WRITE)
        except GitHubError as error:
            if error.kind not in (FailureKind.CONFLICT, FailureKind.NOT_FOUND):
                raise
            return False
        return True


def _is_of_branch(item: dict[str, Any], branch: str) -> bool:
    head = item.get("head_repository") or {}  # null once a fork is deleted
    own = head.get("id") == item["repository"]["id"]
    return own and item["head_branch"] == branch and item["event"] in _OF_BRANCH


def run_of(item: dict[str, Any]) -> WorkflowRun:
    """Return the run that GitHub describes as ``item``."""
    return WorkflowRun(
        id=item["id"],
        attempt=item.get("run_attempt") or 1,
        status=item["status"] or "",
        conclusion=item["conclusion"],
        event=item["event"],
        head_sha=item["head_sha"],
        created_at=unix_seconds(item["created_at"]),
        started_at=unix_seconds(item.get("run_started_at")),
    )


def _job(item: dict[str, Any], attempt: int) -> WorkflowJob:
    return WorkflowJob(
        id=item["id"],
        name=item["name"],
        attempt=item.get("run_attempt") or attempt,
        status=item["status"],
        conclusion=item["conclusion"],
        labels=frozenset(label.lower() for label in item["labels"]),
        runner_id=item["runner_id"] or None,  # 0 while it is queued
        runner_name=item["runner_name"] or None,
        created_at=unix_seconds(item.get("created_at")),
        started_at=unix_seconds(item.get("started_at")),
        completed_at=unix_seconds(item.get("completed_at")),
    )


def unix_seconds(stamp: str | None) -> float | None:
    """Return an ISO 8601 time of GitHub's as Unix seconds."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else None
