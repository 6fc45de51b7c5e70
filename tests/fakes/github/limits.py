"""GitHub's rate limits, with its headers and its words."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.clock import Clock

_HOUR_S = 3600.0
_MINUTE_S = 60.0
_SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    message: str
    headers: dict[str, str]


class Limits:
    """One installation's allowance: ``hourly`` calls, ``points`` a minute."""

    def __init__(self, clock: Clock, hourly: int = 5000, points: int = 900) -> None:
        self.hourly = hourly
        self.points = points
        self.counted = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._used = 0
        self._resets_at = clock.now() + _HOUR_S
        self._recent: deque[tuple[float, int]] = deque()

    def admit(self, verb: str) -> Refusal | None:
        """Judge a request before it is looked at."""
        with self._lock:
            self._roll()
            if self._used >= self.hourly:
                message = "API rate limit exceeded for installation ID 7."
                return Refusal(403, message, {})
            cost = 1 if verb == "GET" else 5
            if sum(points for _, points in self._recent) + cost > self.points:
                oldest = self._recent[0][0]
                wait = int(oldest + _MINUTE_S - self._clock.now()) + 1
                return Refusal(403, _SECONDARY, {"Retry-After": str(wait)})
            self._recent.append((self._clock.now(), cost))
            return None

    def count(self, status: int) -> None:
        """Charge an answered request; a 304 is free."""
        if status != 304:
            with self._lock:
                self._used += 1
                self.counted += 1

    def headers(self) -> dict[str, str]:
        with self._lock:
            return {
                "X-RateLimit-Limit": str(self.hourly),
                "X-RateLimit-Remaining": str(max(self.hourly - self._used, 0)),
                "X-RateLimit-Reset": str(int(self._resets_at)),
            }

    def _roll(self) -> None:
        now = self._clock.now()
        if now >= self._resets_at:
            self._used, self._resets_at = 0, now + _HOUR_S
        while self._recent and self._recent[0][0] <= now - _MINUTE_S:
            self._recent.popleft()
