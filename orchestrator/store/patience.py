"""How long a store that fails is asked again: one policy, with settings for each who asks.

An outage may pass, so it is waited out; a refusal stands, but where keys, rules and roles have
just been made some requests are refused for a while and others are not.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from orchestrator.errors import StoreError
from orchestrator.failures import RETRIED

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

ROLES_S = 900.0
"""How long a store may refuse that has never answered yet.

Azure: "Role assignment changes can take up to 10 minutes to take effect" (Microsoft Learn,
"Troubleshoot Azure RBAC"); a token that was issued before may hold the old ones a little longer.
"""

PAUSE_S = 2.0
"""Between two tries."""


@dataclass(frozen=True, slots=True)
class StorePatience:
    """How long failures in a row are asked through, from the first of their kind on.

    ``refused_s`` is for a store that has answered before, ``first_refused_s`` for one that has not.
    None at all is 0: the first failure is believed.
    """

    outage_s: float
    refused_s: float
    first_refused_s: float


PLAN_PATIENCE = StorePatience(outage_s=ROLES_S, refused_s=ROLES_S, first_refused_s=ROLES_S)
"""A worker's for its plan: its machine's role may be younger than it is."""

REPORT_PATIENCE = StorePatience(outage_s=180.0, refused_s=20.0, first_refused_s=0.0)
"""A report's: a single 403 is a blip too, a lasting one is an answer.

Azure's front doors learn of a new key, rule or role one after the other.
"""

WATCH_PATIENCE = replace(REPORT_PATIENCE, outage_s=3600.0)
"""Of who looks on: as a report's, and a store that does not answer may take long."""


def work_patience(lease_s: float) -> StorePatience:
    """Return a working worker's: outages end with its orders or its shard.

    After a first success one lease of refusals is enough: whoever cannot beat for that long has
    lost its tasks to others anyway.
    """
    return StorePatience(outage_s=math.inf, refused_s=lease_s, first_refused_s=ROLES_S)


class FailureStreak:
    """A store's failures in a row, and whether to believe them; many threads may share it."""

    def __init__(self, patience: StorePatience, *, has_answered: bool = False) -> None:
        self._patience, self._has_answered = patience, has_answered
        self._failing_since: float | None = None
        self._refused_since: float | None = None

    def answered(self) -> None:
        """Note that the store did what it was asked."""
        self._has_answered, self._failing_since, self._refused_since = True, None, None

    def is_final(self, error: StoreError, now: float) -> bool:
        """Note a failure; return whether it is time to believe it."""
        self._failing_since = now if self._failing_since is None else self._failing_since
        if error.kind in RETRIED:
            return _is_over(now - self._failing_since, self._patience.outage_s)
        self._refused_since = now if self._refused_since is None else self._refused_since
        refused_s, first_s = self._patience.refused_s, self._patience.first_refused_s
        return _is_over(now - self._refused_since, refused_s if self._has_answered else first_s)


def _is_over(waited_s: float, patience_s: float) -> bool:
    return not patience_s or waited_s > patience_s


class Stop(Protocol):
    """What ends a wait early: an event."""

    def is_set(self) -> bool:
        """Whether it has come."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it; return whether it came."""
        ...


@dataclass(frozen=True, slots=True)
class StoreWait:
    """Asks a store until it answers, or its failures are believed, or ``stop`` comes.

    ``goes_on`` is told each failure, and whether it is believed, and may say that it is enough.
    """

    streak: FailureStreak
    stop: Stop
    goes_on: Callable[[StoreError, bool], bool]
    monotonic: Callable[[], float] = time.monotonic

    def ask(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns.

        Raises:
            StoreError: The last failure, where it is not asked again.
        """
        while True:
            try:
                answer = call()
            except StoreError as error:
                final = self.streak.is_final(error, self.monotonic())
                if not self.goes_on(error, final) or final or self.stop.wait(PAUSE_S):
                    raise
            else:
                self.streak.answered()
                return answer
