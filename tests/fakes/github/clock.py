"""A clock that moves only when told, shared by a fake and the code under test."""

from __future__ import annotations

import threading

START = 1_800_000_000.0  # 2027-01-15, any instant will do


class VirtualClock:
    """Sleeping takes no time: it moves the clock. Safe to share between threads."""

    def __init__(self, start: float = START) -> None:
        self._lock = threading.Lock()
        self._now = start
        self.slept: list[float] = []

    def now(self) -> float:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += max(seconds, 0.0)
            self.slept.append(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass without counting it as somebody's sleep."""
        with self._lock:
            self._now += seconds
