"""How long a supervisor has not seen its fleet, and when to give up looking. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.cloud.failures import STOPS_THE_RUN
from orchestrator.github import FailureKind as GitHubKind

if TYPE_CHECKING:
    from orchestrator.cloud.failures import CloudError
    from orchestrator.github import GitHubError

_BLIND_LIMIT_S = 900.0
_REFUSED_LIMIT = 3
_REFUSALS = (GitHubKind.CREDENTIALS, GitHubKind.CONFIGURATION, GitHubKind.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Blindness:
    """Looks that failed one after the other: since when (Unix seconds), and how many were refused.

    A look that succeeds ends it.
    """

    since: float | None = None
    refused: int = 0
    why: str = ""

    def after(self, error: CloudError | GitHubError, now: float) -> Blindness:
        """Return it once a look failed at ``now``."""
        since = now if self.since is None else self.since
        stops = error.kind in STOPS_THE_RUN or error.kind in _REFUSALS
        return Blindness(since, self.refused + 1 if stops else 0, str(error))

    @property
    def fatal(self) -> str:
        """Why no further look will succeed, or "".

        An identity that is refused once may be a token that was renewed too late.
        """
        return self.why if self.refused >= _REFUSED_LIMIT else ""

    def too_long(self, now: float) -> str:
        """Return why it has lasted too long by ``now``, or ""."""
        if self.since is None or now - self.since < _BLIND_LIMIT_S:
            return ""
        return f"nothing could be seen for {_BLIND_LIMIT_S / 60:.0f} min: {self.why}"
