"""How long a side of the fleet has not been seen, and what follows from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.compute.failures import STOPS_THE_RUN
from orchestrator.github import FailureKind as GitHubKind

if TYPE_CHECKING:
    from orchestrator.compute.failures import CloudError
    from orchestrator.github import GitHubError

LONG_S = 900.0
"""An outage that lasts so long is more than a hiccup: what it leaves idle is looked after, and an
identity that was refused for as long is taken for refused."""

_REFUSED_LIMIT = 3
_REFUSALS = (GitHubKind.CREDENTIALS, GitHubKind.CONFIGURATION, GitHubKind.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class ObservationOutage:
    """Looks at one side that failed one after the other: since when, and how many were refused.

    A look that succeeds ends it. ``refused_s`` is how long all of the newest ones were refused.
    Times are Unix seconds.
    """

    since: float | None = None
    refused: int = 0
    why: str = ""
    refused_s: float = 0.0
    at: float = 0.0

    def after(self, error: CloudError | GitHubError, now: float) -> ObservationOutage:
        """Return it once a look failed at ``now``."""
        since = now if self.since is None else self.since
        stops = error.kind in STOPS_THE_RUN or error.kind in _REFUSALS
        refused_s = self.refused_s + now - self.at if stops and self.refused else 0.0
        return ObservationOutage(
            since, self.refused + 1 if stops else 0, str(error), refused_s, now
        )

    @property
    def fatal(self) -> str:
        """Why no further look will succeed, or "".

        An identity that is refused once may be a token that was renewed too late, and both sides
        were seen to refuse for minutes whom they know (actions/actions-runner-controller#3519,
        octokit/octokit.net#2786; a role's change takes up to ten: "Troubleshoot Azure RBAC").
        """
        lasts = self.refused >= _REFUSED_LIMIT and self.refused_s >= LONG_S
        return self.why if lasts else ""

    def for_s(self, now: float) -> float:
        """Return how long it has lasted."""
        return 0.0 if self.since is None else now - self.since

    def describe(self, now: float) -> str:
        """Return it in words."""
        return f"nothing could be seen for {self.for_s(now) / 60:.0f} min: {self.why}"
