"""Azure's time beside this process's, learned from replies: two clocks are never compared.

A hosted runner's clock may be minutes off. What Azure dates (a machine's creation) is told in this
process's own time, and what Azure will judge (a key's end) is reckoned in Azure's.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.clock import Clock


class Hours:
    """Azure's clock beside ``clock``: ``ahead_s`` is 0 until a reply tells. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead_s = 0.0

    def hear(self, response: Any) -> None:
        """Learn from the ``Date`` of one reply of the SDK's pipeline."""
        try:
            said = parsedate_to_datetime(response.http_response.headers["Date"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return
        self.ahead_s = said - self._clock.now()

    def now(self) -> float:
        """Return Azure's time, Unix seconds."""
        return self._clock.now() + self.ahead_s

    def own(self, at: float | None) -> float | None:
        """Return an instant of Azure's in this process's time."""
        return None if at is None else at - self.ahead_s
