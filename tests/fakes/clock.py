"""Clocks of the fakes: one that moves only when told, and one that runs ahead of the wall."""

from __future__ import annotations

import threading
import time
from typing import Protocol

START = 1_800_000_000.0  # 2027-01-15, any instant will do


class Clock(Protocol):
    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class VirtualClock:
    """Sleeping takes no time: it moves the clock. Safe to share between threads.

    ``slept`` is what somebody slept; time that a test lets pass is not in it.
    """

    def __init__(self, start: float = START) -> None:
        self._lock = threading.Lock()
        self._now = start
        self.slept: list[float] = []

    def now(self) -> float:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        with self._lock:
            self.slept.append(seconds)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += max(seconds, 0.0)


class ScaledClock:
    """Wall time, ``speed`` times as fast: for tests in which real processes take part."""

    def __init__(self, speed: float, start: float = START) -> None:
        self._speed = speed
        self._start = start
        self._began = time.monotonic()

    def now(self) -> float:
        return self._start + (time.monotonic() - self._began) * self._speed

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0.0) / self._speed)


class SkewedClock:
    """The clock of a machine that is ``ahead_s`` off; sleeping passes the true clock's time."""

    def __init__(self, clock: Clock, ahead_s: float) -> None:
        self._clock = clock
        self._ahead_s = ahead_s

    def now(self) -> float:
        return self._clock.now() + self._ahead_s

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
