"""The one retry policy of calls to a cloud.

The clients' own retries are switched off: they sleep for whatever a reply asks, without a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import stamina

from orchestrator.compute.failures import RETRIED, CloudError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long one call is tried.

    A ``Retry-After`` of up to ``longest_wait_s`` is slept; a longer one is raised at once, with the
    cloud's figure in the failure, for the caller to plan with. ``attempts=1`` never sleeps.
    """

    attempts: int = 4
    total_s: float = 90.0
    longest_wait_s: float = 30.0

    def call(self, action: Callable[[], T]) -> T:
        """Return what ``action`` returns, trying again after throttled and transient failures.

        Raises:
            CloudError: The last failure, or the first that another try cannot help.
        """
        for attempt in stamina.retry_context(
            on=self._wait,
            attempts=self.attempts,
            timeout=self.total_s,
            wait_initial=1.0,
            wait_max=self.longest_wait_s,
            wait_jitter=1.0,
        ):
            with attempt:
                return action()
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _wait(self, error: Exception) -> bool | float:
        """Say whether to try again: no, after the usual backoff, or after what was asked."""
        if not isinstance(error, CloudError) or error.kind not in RETRIED:
            return False
        asked = error.failure.retry_after_s
        if asked is None:
            return True
        return asked if asked <= self.longest_wait_s else False


def silence_retry_logs() -> None:
    """Keep the library's own line a retry off the terminal: it does not say of what, or why."""
    stamina.instrumentation.set_on_retry_hooks([])
