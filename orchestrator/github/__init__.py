"""GitHub, as far as a run needs it: runners, runs and jobs, artifacts, comments, checks.

``open_github`` is the door. PyGithub and requests stay behind it, and load with the first call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.clock import Clock, SystemClock
from orchestrator.github.access import AppAccess, TokenAccess
from orchestrator.github.archive import ArchiveError, ArchiveLimits, Unpacked
from orchestrator.github.artifacts import Artifact, Artifacts
from orchestrator.github.checks import Annotation, CheckRun, Checks, Conclusion, Level
from orchestrator.github.clients import PUBLIC_API_URL, ClientPool, Connection
from orchestrator.github.comments import Comment, Comments
from orchestrator.github.failures import FailureKind, GitHubError
from orchestrator.github.rate_limiter import POINTS_PER_MINUTE, PointsLimiter
from orchestrator.github.repository import About, Environment, Repository, SubjectForm
from orchestrator.github.retry import GitHubRetryPolicy
from orchestrator.github.runners import JitRunner, Runner, Runners, runner_problems
from orchestrator.github.runs import Runs, WorkflowJob, WorkflowRun
from orchestrator.github.wire import Usage, Wire
from orchestrator.secret import Secret

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = [
    "PUBLIC_API_URL",
    "About",
    "Annotation",
    "AppAccess",
    "ArchiveError",
    "ArchiveLimits",
    "Artifact",
    "CheckRun",
    "Clock",
    "Comment",
    "Conclusion",
    "Connection",
    "Environment",
    "FailureKind",
    "GitHub",
    "GitHubError",
    "GitHubRetryPolicy",
    "JitRunner",
    "Level",
    "Runner",
    "Secret",
    "SubjectForm",
    "SystemClock",
    "TokenAccess",
    "Unpacked",
    "Usage",
    "WorkflowJob",
    "WorkflowRun",
    "open_github",
    "runner_problems",
]


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository on GitHub. All parts may be used from several threads at once."""

    runners: Runners
    runs: Runs
    artifacts: Artifacts
    comments: Comments
    checks: Checks
    repository: Repository
    wire: Wire

    @property
    def usage(self) -> Usage:
        """Calls sent, and those that count against the hourly limit."""
        return self.wire.usage

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.wire.close()


def open_github(
    connection: Connection,
    *,
    clock: Clock | None = None,
    policy: GitHubRetryPolicy | None = None,
    points_per_minute: int = POINTS_PER_MINUTE,
) -> GitHub:
    """Return the adapter for a repository; nothing is sent yet. Close it, or use ``with``.

    Raises:
        BadInputError: the connection's values cannot work.
    """
    clock = clock or SystemClock()
    wire = Wire(
        ClientPool(connection, clock),
        connection.repository,
        clock,
        PointsLimiter(clock, points_per_minute),
        policy or GitHubRetryPolicy(),
        per_page=connection.per_page,
    )
    return GitHub(
        Runners(wire),
        Runs(wire),
        Artifacts(wire),
        Comments(wire),
        Checks(wire),
        Repository(wire),
        wire,
    )
