"""How long a worker asks a store that fails: an outage is waited out, a refusal is not.

The other ends of that wait are outside of the worker: an order to stop, the shard's deadline, and
an order to drain, which leaves a write one lease more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from orchestrator.errors import EXIT_INFRASTRUCTURE, StoreError, StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.worker.narrator import Narrator
    from orchestrator.worker.pulse import Orders

T = TypeVar("T")

ROLES_S = 900.0
"""How long a store may refuse that has never answered yet.

Azure: "Role assignment changes can take up to 10 minutes to take effect" (Microsoft Learn,
"Troubleshoot Azure RBAC"); a token that was issued before may hold the old ones a little longer.
"""

_PAUSE_S = 2.0


class Refusal:
    """Whether a store's refusals in a row are for good.

    After a first success one lease is enough: whoever cannot beat for that long has lost its tasks
    to others anyway.
    """

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._has_answered = False
        self._since: float | None = None

    def answered(self) -> None:
        """Note that the store did what it was asked."""
        self._has_answered, self._since = True, None

    def is_final(self, now: float) -> bool:
        """Note a refusal; return whether it is time to believe it."""
        self._since = now if self._since is None else self._since
        return now - self._since > (self._lease_s if self._has_answered else ROLES_S)


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop asking: the shard's end, on the ``monotonic`` clock, and the run's lease."""

    ends_at: float
    lease_s: float
    monotonic: Callable[[], float]


class StoreRetry:
    """Asks the store until it answers."""

    def __init__(self, limits: Limits, orders: Orders, narrator: Narrator) -> None:
        self._limits, self._orders, self._narrator = limits, orders, narrator
        self._refusal = Refusal(limits.lease_s)
        self._drained_since = self._failed_at = float("-inf")

    def ask(self, call: Callable[[], T]) -> T | None:
        """Return what ``call`` returns; None once it is not worth asking any more.

        A store that refuses for good ends the worker: its orders say so, with the cause.
        """
        while True:
            try:
                answer = call()
            except StoreError as error:
                self._narrator.warn(str(error))
                if not self._goes_on(error) or self._orders.stop.wait(_PAUSE_S):
                    return None
            else:
                self._refusal.answered()
                return answer

    def _goes_on(self, error: StoreError) -> bool:
        now = self._limits.monotonic()
        if isinstance(error, StoreRefusedError) and self._refusal.is_final(now):
            end_for_refusal(self._orders, error)
        return now < self._limits.ends_at and not self._has_drained(now)

    def _has_drained(self, now: float) -> bool:
        """Whether a drain has left a failing store a lease's time, whatever it was asked."""
        if not self._orders.drain.is_set():
            return False
        lease_s = self._limits.lease_s
        if now - self._failed_at > lease_s:
            self._drained_since = now  # the first failure of this outage
        self._failed_at = now
        return now - self._drained_since > lease_s


def end_for_refusal(orders: Orders, error: StoreRefusedError) -> None:
    """Order the end of a worker whose store refuses for good."""
    orders.end(f"the store refuses for good: {error}", EXIT_INFRASTRUCTURE)
