"""How long a worker asks a store that fails: an outage is waited out, a refusal is not.

The other ends of that wait are outside of the worker: an order to stop, the shard's deadline, and
an order to drain, which leaves a write one lease more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from orchestrator.errors import EXIT_INFRASTRUCTURE, StoreError, StoreRefusedError
from orchestrator.store import FailureStreak, StoreWait, work_patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.worker.heartbeat import WorkerSignals
    from orchestrator.worker.log import WorkerLog

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """When to stop asking: the shard's end, on the ``monotonic`` clock, and the run's lease."""

    ends_at: float
    lease_s: float
    monotonic: Callable[[], float]


class StoreRetry:
    """Asks the store until it answers."""

    def __init__(self, limits: RetryLimits, orders: WorkerSignals, worker_log: WorkerLog) -> None:
        self._limits, self._orders, self._worker_log = limits, orders, worker_log
        streak = FailureStreak(work_patience(limits.lease_s))
        self._wait = StoreWait(streak, orders.stop, self._goes_on, limits.monotonic)
        self._drained_since = self._failed_at = float("-inf")

    def ask(self, call: Callable[[], T]) -> T | None:
        """Return what ``call`` returns; None once it is not worth asking any more.

        A store that refuses for good ends the worker: its orders say so, with the cause.
        """
        try:
            return self._wait.ask(call)
        except StoreError:
            return None

    def _goes_on(self, error: StoreError, final: bool) -> bool:  # noqa: FBT001  # the wait's word
        self._worker_log.warn(str(error))
        now = self._limits.monotonic()
        if final and isinstance(error, StoreRefusedError):
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


def end_for_refusal(orders: WorkerSignals, error: StoreRefusedError) -> None:
    """Order the end of a worker whose store refuses for good."""
    orders.end(f"the store refuses for good: {error}", EXIT_INFRASTRUCTURE)
