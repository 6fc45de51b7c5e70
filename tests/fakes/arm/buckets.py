"""Azure's token buckets, by the documented sizes and refills.

Sources: "Understand how Azure Resource Manager throttles requests" (200 writes, 200 deletes and 250
reads a region, refilled at 10, 10 and 25 a second) and "Throttling limits for Compute" (12 puts a
machine refilled at 4 a minute; 1,500 a subscription refilled at 500 a minute).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.fakes.arm.reply import RefusalError


@dataclass(slots=True)
class Bucket:
    size: float
    refill_per_s: float
    level: float
    at: float

    def take(self, now: float) -> float | None:
        """Take one token; the seconds until there is one when there is none."""
        self.level = min(self.size, self.level + (now - self.at) * self.refill_per_s)
        self.at = now
        if self.level >= 1:
            self.level -= 1
            return None
        return (1 - self.level) / self.refill_per_s


_ARM = {"PUT": ("writes", 200, 10.0), "DELETE": ("deletes", 200, 10.0), "GET": ("reads", 250, 25.0)}


class Limits:
    """All the buckets of one subscription."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._buckets: dict[str, Bucket] = {}
        self.refused = 0

    def admit(self, verb: str, machine: str | None, now: float) -> None:
        """Take what a request costs.

        Raises:
            RefusalError: 429, with ``Retry-After``, in the words of whichever limit was hit.
        """
        if not self._enabled or verb not in _ARM:
            return
        name, size, refill = _ARM[verb]
        self._take(name, size, refill, now, compute=False)
        if machine is not None and verb != "GET":
            self._take(f"machine {machine}", 12, 4 / 60, now, compute=True)
            self._take("machines", 1500, 500 / 60, now, compute=True)

    def headers(self, verb: str) -> dict[str, str]:
        """The header that says how many requests of this kind are left."""
        if not self._enabled or verb not in _ARM:
            return {}
        name, size, _ = _ARM[verb]
        bucket = self._buckets.get(name)
        left = math.floor(bucket.level) if bucket else size
        return {f"x-ms-ratelimit-remaining-subscription-{name}": str(left)}

    def _take(self, key: str, size: float, refill: float, now: float, *, compute: bool) -> None:
        bucket = self._buckets.setdefault(key, Bucket(size, refill, size, now))
        wait = bucket.take(now)
        if wait is None:
            return
        self.refused += 1
        headers = {"Retry-After": str(math.ceil(wait))}
        raise compute_limit(headers) if compute else arm_limit(headers)


def arm_limit(headers: dict[str, str]) -> RefusalError:
    text = "Number of requests for subscription has exceeded the limit. Please try again later."
    return RefusalError(429, "SubscriptionRequestsThrottled", text, headers=headers)


def compute_limit(headers: dict[str, str]) -> RefusalError:
    text = "The server rejected the request because too many requests have been received for this"
    detail = {"code": "TooManyRequests", "target": "PutVM", "message": '{"operationGroup":"PutVM"}'}
    return RefusalError(429, "OperationNotAllowed", f"{text} subscription.", [detail], headers)
