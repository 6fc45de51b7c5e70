"""A client's share of a token bucket that clients it does not know take from as well. Pure.

A cloud that limits by buckets says with each reply how many tokens are left. Of those a client
takes a part: what is left, over the number of clients that seem to be taking, over ``DRAW_S``. So
all of them together slow down as the bucket empties, settle at its refill with some tokens left,
and hardly ever meet an empty one. How many take is seen from how much faster the bucket empties
than this client alone would explain.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DRAW_S = 2.0
"""In how many seconds all clients together would take what is left, were nothing refilled."""

RIVALS_AT_FIRST = 16.0
"""How many clients are assumed, this one included, until replies tell."""

_REPLIES_TO_JUDGE = 4
_HOLD_S = 5.0

LONGEST_HOLD_S = 300.0
"""How long a client holds at most, however long it is asked to.

A bucket refills within minutes. Whoever asks for an hour is asked again long before, so that no
limit keeps a teardown from its end, or its machines billed meanwhile.
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A documented limit: ``size`` calls at once, and ``refill_per_s`` from then on."""

    size: float
    refill_per_s: float


@dataclass(slots=True)
class Share:
    """What one client may take of ``bucket``. Times are seconds of any one clock."""

    bucket: Bucket
    started: float
    rivals: float = RIVALS_AT_FIRST
    _left: float = field(init=False)
    _at: float = field(init=False)
    _last: float = -float("inf")
    _held_until: float = -float("inf")
    _judged: bool = False
    _since: tuple[float, float] | None = None
    _replies: int = 0

    def __post_init__(self) -> None:
        self._left, self._at = self.bucket.size, self.started

    def left(self, now: float) -> float:
        """Return how many tokens the bucket seems to hold."""
        return min(self.bucket.size, self._left + (now - self._at) * self.bucket.refill_per_s)

    def window(self, now: float) -> int:
        """Return how many calls may be unanswered at once: what is told is as old as a reply."""
        return max(1, int(self.left(now) / (DRAW_S * self.rivals)))

    def due(self, now: float) -> float:
        """Return when the next call may be sent."""
        pause = DRAW_S * self.rivals / max(self.left(now), 1.0)
        return max(self._held_until, self._last + pause)

    def take(self, now: float) -> None:
        """Count a call that is sent."""
        self._left, self._at = max(self.left(now) - 1.0, 0.0), now
        self._last = now

    def record_reply(self, now: float, remaining: float, unanswered: int) -> None:
        """Hear how many tokens were left after a call; ``unanswered`` others are under way."""
        self._judge(now, remaining)
        self._left, self._at = max(remaining - unanswered, 0.0), now

    def refused(self, now: float, retry_after_s: float | None, late: float) -> None:
        """Hear that the bucket was empty: hold for what was asked, and the part ``late`` of it.

        Never for longer than ``LONGEST_HOLD_S`` and that part.

        ``late`` differs from client to client, so that not all of them come back at once.
        """
        asked = _HOLD_S if retry_after_s is None else min(retry_after_s, LONGEST_HOLD_S)
        self._left, self._at = 0.0, now
        self._held_until = max(self._held_until, now + asked * (1.0 + late))

    def _judge(self, now: float, remaining: float) -> None:
        """See from some replies how many clients are taking."""
        if self._since is None:
            self._since, self._replies = (now, remaining), 0
            return
        self._replies += 1
        if self._replies < _REPLIES_TO_JUDGE:
            return
        at, before = self._since
        refilled = min(before + (now - at) * self.bucket.refill_per_s, self.bucket.size)
        seen = max((refilled - remaining) / self._replies, 1.0)
        self.rivals = (self.rivals + seen) / 2.0 if self._judged else seen
        self._judged, self._since, self._replies = True, (now, remaining), 0
