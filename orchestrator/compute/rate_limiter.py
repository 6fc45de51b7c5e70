"""How fast one process calls a cloud: its share of a bucket, taken in turn by all its threads."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.compute.token_bucket import Bucket, Share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.clock import Clock

_LATEST = 0.5
_NAP_S = 1.0


@dataclass(slots=True)
class RateLimitReply:
    """What a reply said of the bucket; nothing, when none came or it said nothing."""

    remaining: float | None = None
    refused: bool = False
    retry_after_s: float | None = None


class RateLimiter:
    """Lets calls go one after the other, no faster than this client's share of ``bucket``."""

    def __init__(self, bucket: Bucket, clock: Clock) -> None:
        self._clock = clock
        self._share = Share(bucket, clock.now())
        self._gate = threading.Lock()  # whoever waits for its turn, waits here
        self._answered = threading.Condition()
        self._unanswered = 0
        # Spreads the clients of one bucket over time; no secret.
        self._random = random.Random()  # noqa: S311

    @contextmanager
    def turn(self) -> Iterator[RateLimitReply]:
        """Wait for a turn and yield what is to be filled in from the reply."""
        with self._gate:
            self._wait_for_room()
            self._wait_until_due()
            with self._answered:
                self._share.take(self._clock.now())
                self._unanswered += 1
        heard = RateLimitReply()
        try:
            yield heard
        finally:
            with self._answered:
                self._unanswered -= 1
                self._learn(heard)
                self._answered.notify_all()

    def _wait_for_room(self) -> None:
        with self._answered:
            self._answered.wait_for(
                lambda: self._unanswered < self._share.window(self._clock.now())
            )

    def _wait_until_due(self) -> None:
        """Sleep in small parts: a reply that comes meanwhile may tell of more, or of less."""
        while True:
            with self._answered:
                now = self._clock.now()
                wait = self._share.due(now) - now
            if wait <= 0:
                return
            self._clock.sleep(min(wait, _NAP_S))

    def _learn(self, heard: RateLimitReply) -> None:
        now = self._clock.now()
        if heard.remaining is not None:
            self._share.record_reply(now, heard.remaining, self._unanswered)
        if heard.refused:
            late = self._random.uniform(0.0, _LATEST)
            self._share.refused(now, heard.retry_after_s, late)
