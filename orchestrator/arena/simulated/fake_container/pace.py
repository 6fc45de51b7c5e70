"""Time as the stand-in lives it: every second of the arena's costs ``1 / speed`` of ours."""

from __future__ import annotations

import os
import select
import time

_ORPHANED = 137
_SLICE_S = 60.0


class ScaledClock:
    """A clock that starts at ``origin`` (monotonic seconds) and runs ``speed`` times as fast.

    With a lifeline, standard input is a pipe whose other end only the worker holds: it reports
    end of file when the worker is gone, however it went, and the process ends at once.
    """

    def __init__(self, speed: float, origin: float, *, lifeline: bool) -> None:
        self._speed = speed
        self._origin = origin
        self._lifeline = lifeline

    def now(self) -> float:
        """Return the arena's seconds since the origin."""
        return (time.monotonic() - self._origin) * self._speed

    def until(self, at: float) -> None:
        """Sleep until the arena's clock shows ``at``; a moment already past does not wait."""
        left = at / self._speed - (time.monotonic() - self._origin)
        while left > 0:
            self._rest(min(left, _SLICE_S))
            left = at / self._speed - (time.monotonic() - self._origin)

    def sleep(self, seconds: float) -> None:
        """Sleep for this many of the arena's seconds."""
        self.until(self.now() + seconds)

    def forever(self) -> None:
        """Never return."""
        while True:
            self._rest(_SLICE_S)

    def _rest(self, seconds: float) -> None:
        if not self._lifeline:
            time.sleep(seconds)
        elif select.select([0], [], [], seconds)[0]:
            os._exit(_ORPHANED)
