"""GitHub, as far as a run needs it: runners, runs and jobs, artifacts, comments, checks.

``open_github`` is the door. PyGithub and requests stay behind it, and load with the first call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.clock import Clock, SystemClock
from orchestrator.github.access import AppAccess, TokenAccess
from orchestrator.github.archive import ArchiveError, Limits, Unpacked
from orchestrator.github.artifacts import Artifact, Artifacts
from orchestrator.github.checks import Annotation, Check, Checks, Conclusion, Level
from orchestrator.github.clients import PUBLIC_API_URL, Clients, Connection
from orchestrator.github.comments import Comment, Comments
from orchestrator.github.failures import FailureKind, GitHubError
from orchestrator.github.rate_limiter import POINTS_PER_MINUTE, Pace
from orchestrator.github.repository import About, Environment, Repository, SubjectForm
from orchestrator.github.retry import RetryPolicy
from orchestrator.github.runners import JitRunner, Runner, Runners, runner_problems
from orchestrator.github.runs import Job, Run, Runs
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
    "Artifact",
    "Check",
    "Clock",
    "Comment",
    "Conclusion",
    "Connection",
    "Environment",
    "FailureKind",
    "GitHub",
    "GitHubError",
    "JitRunner",
    "Job",
    "Level",
    "Limits",
    "RetryPolicy",
    "Run",
    "Runner",
    "Secret",
    "SubjectForm",
    "SystemClock",
    "TokenAccess",
    "Unpacked",
    "Usage",
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
    policy: RetryPolicy | None = None,
    points_per_minute: int = POINTS_PER_MINUTE,
) -> GitHub:
    """Return the adapter for a repository; nothing is sent yet. Close it, or use ``with``.

    Raises:
        BadInputError: the connection's values cannot work.
    """
    clock = clock or SystemClock()
    wire = Wire(
        Clients(connection, clock),
        connection.repository,
        clock,
        Pace(clock, points_per_minute),
        policy or RetryPolicy(),
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
