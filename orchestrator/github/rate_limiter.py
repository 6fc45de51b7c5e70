"""How fast calls may go: GitHub's points a minute, and the waits it asks for.

GitHub allows 900 points a minute; a read costs 1 and a write 5 ("Rate limits for the REST API",
calculating points for the secondary rate limit). The window slides, so that a hundred runners can
be minted at once, and every thread shares it.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.clock import Clock

POINTS_PER_MINUTE = 800
"""Below GitHub's 900, because other users of the same installation count too."""

READ_POINTS = 1
WRITE_POINTS = 5
_WINDOW_S = 60.0


class PointsLimiter:
    """Admits calls of all threads in order, never above ``points_per_minute``."""

    def __init__(self, clock: Clock, points_per_minute: int = POINTS_PER_MINUTE) -> None:
        self._clock = clock
        self._limit = points_per_minute
        self._lock = threading.Lock()
        self._admitted: deque[tuple[float, int]] = deque()
        self._spent = 0
        self._held_until = 0.0

    def admit(self, points: int) -> None:
        """Return when a call that costs ``points`` may be sent."""
        at = self._reserve(points)
        while (wait := max(at, self._held_until) - self._clock.now()) > 0:
            self._clock.sleep(wait)

    def hold(self, seconds: float) -> None:
        """Let nobody send for ``seconds``: a limit that one thread met concerns all of them."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.now() + seconds)

    def _reserve(self, points: int) -> float:
        with self._lock:
            at = max(self._clock.now(), self._held_until)
            if self._admitted:
                at = max(at, self._admitted[-1][0])
            while self._admitted and (
                self._admitted[0][0] <= at - _WINDOW_S or self._spent + points > self._limit
            ):
                sent, freed = self._admitted.popleft()
                self._spent -= freed
                at = max(at, sent + _WINDOW_S)
            self._admitted.append((at, points))
            self._spent += points
            return at
