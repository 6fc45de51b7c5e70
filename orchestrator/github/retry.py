"""The one retry policy of every call to GitHub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from orchestrator.github.failures import FailureKind, GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.clock import Clock
    from orchestrator.github.rate_limiter import PointsLimiter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GitHubRetryPolicy:
    """How often and how long a call is tried.

    ``patience_s`` bounds the waiting of one call; a limit that asks for more is raised at once,
    with GitHub's own figure in ``wait_s``. Backoff doubles from ``first_wait_s`` up to
    ``longest_wait_s``.
    """

    tries: int = 6
    patience_s: float = 900.0
    first_wait_s: float = 1.0
    longest_wait_s: float = 30.0

    def backoff(self, failed: int) -> float:
        """Seconds to wait after the ``failed``-th failure in a row (1 is the first)."""
        return min(self.first_wait_s * 2.0 ** (failed - 1), self.longest_wait_s)


def retrying(
    call: Callable[[], T],
    *,
    policy: GitHubRetryPolicy,
    clock: Clock,
    pace: PointsLimiter,
    idempotent: bool,
) -> T:
    """Return what ``call`` returns, trying again where its failure allows it.

    A throttled call was refused before it took effect and is always tried again. A transient
    failure may have taken effect: it is tried again only when the call is ``idempotent``.

    Raises:
        GitHubError: the last failure, or the first that another try cannot help.
    """
    failed, waited = 0, 0.0
    while True:
        try:
            return call()
        except GitHubError as error:
            failed += 1
            wait = _wait(error, failed, policy, idempotent=idempotent)
            if wait is None or failed >= policy.tries or waited + wait > policy.patience_s:
                raise
            waited += wait
            if error.kind is FailureKind.THROTTLED:
                pace.hold(wait)
            clock.sleep(wait)


def _wait(
    error: GitHubError, failed: int, policy: GitHubRetryPolicy, *, idempotent: bool
) -> float | None:
    if error.kind is FailureKind.THROTTLED:
        return max(error.wait_s or 0.0, policy.backoff(failed))
    if error.kind is FailureKind.TRANSIENT and idempotent:
        return policy.backoff(failed)
    return None
