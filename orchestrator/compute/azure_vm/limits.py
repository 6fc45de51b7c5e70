"""Azure Resource Manager's limits, and what its replies say of them.

Sources, in Microsoft's documentation: "Understand how Azure Resource Manager throttles requests"
(regional throttling and token bucket algorithm, remaining requests). The buckets are of one
subscription and one service principal: every run that signs in as the same one shares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.compute.azure_vm.calls import retry_after
from orchestrator.compute.rate_limiter import RateLimiter
from orchestrator.compute.token_bucket import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.clock import Clock
    from orchestrator.compute.rate_limiter import RateLimitReply

WRITES = Bucket(200.0, 10.0)
DELETES = Bucket(200.0, 10.0)

_REMAINING = {
    "PUT": "x-ms-ratelimit-remaining-subscription-writes",
    "DELETE": "x-ms-ratelimit-remaining-subscription-deletes",
}


@dataclass(frozen=True, slots=True)
class Paces:
    """How fast creates and deletes are sent."""

    creates: RateLimiter
    deletes: RateLimiter


def paces(clock: Clock) -> Paces:
    """Return the paces of one process."""
    return Paces(RateLimiter(WRITES, clock), RateLimiter(DELETES, clock))


def hearing(heard: RateLimitReply) -> Callable[[Any], None]:
    """Return a ``raw_response_hook`` of the SDK's that fills in ``heard``."""

    def hear(response: Any) -> None:
        reply = response.http_response
        text = reply.headers.get(_REMAINING.get(reply.request.method, ""))
        if text is not None and text.isdecimal():
            heard.remaining = float(text)
        if reply.status_code == 429:
            heard.refused, heard.retry_after_s = True, retry_after(reply.headers)

    return hear
