"""What a cloud's refusal means for the fleet, whichever cloud it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import MatrixError
from orchestrator.failures import (
    RETRIED,
    STOPS_THE_RUN,
    Action,
    FailureKind,
    Scope,
    action_for,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "RETRIED",
    "STOPS_THE_RUN",
    "Action",
    "CloudError",
    "Failure",
    "FailureKind",
    "Scope",
    "action_for",
]


_ADVICE: Mapping[FailureKind, str] = {
    FailureKind.CAPACITY: "No room for this size here: use another zone, size or region.",
    FailureKind.QUOTA: "Waiting does not help: use another family or region, or fewer machines.",
    FailureKind.UNSUITABLE: "It is refused here whatever is tried: use another size or region.",
    FailureKind.THROTTLED: "Too many calls: wait as long as was asked and try again.",
    FailureKind.TRANSIENT: "Likely to pass: the same call may be made again.",
    FailureKind.BROKEN: "This machine failed: another may well come up.",
    FailureKind.UNKNOWN: "No known code: look it up; another machine may be granted.",
    FailureKind.CONFIGURATION: "The request or set-up is wrong: a retry cannot help, correct it.",
    FailureKind.CREDENTIALS: "The identity was refused: check login, roles and subscription.",
    FailureKind.NOT_FOUND: "It is gone, or the identity may not see it.",
    FailureKind.CONFLICT: "It is in another state than the call needs.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One refusal, classified.

    ``code`` is the cloud's own word for it; ``message`` is the cloud's text, bounded, printable and
    free of encoded payloads. ``retry_after_s`` is what the cloud asked to wait. ``scope`` is the
    narrowest that the code speaks of; nothing wider may be taken from it.
    """

    kind: FailureKind
    code: str
    message: str
    retry_after_s: float | None = None
    scope: Scope = Scope.MACHINE

    def __str__(self) -> str:
        said = f"{self.code}: {self.message}" if self.message else self.code
        return f"{said.rstrip('.')}. {_ADVICE[self.kind]}"

    @property
    def action(self) -> Action:
        """What to do about it."""
        return action_for(self.kind)


class CloudError(MatrixError):
    """A call to the cloud failed, after the retries that its kind allows."""

    def __init__(self, failure: Failure, *, during: str = "") -> None:
        self.failure = failure
        self.during = during
        super().__init__(f"{during}: {failure}" if during else str(failure))

    @property
    def kind(self) -> FailureKind:
        """Why it was refused."""
        return self.failure.kind

    @property
    def stops_the_run(self) -> bool:
        """Whether nothing more may be launched after this."""
        return self.kind in STOPS_THE_RUN
