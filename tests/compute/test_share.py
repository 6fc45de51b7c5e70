"""Clients that share a bucket and do not know of one another, played in virtual time."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from dataclasses import dataclass, field

import pytest

from orchestrator.compute.token_bucket import LONGEST_HOLD_S, Bucket, Share

SIZE, REFILL = 200.0, 10.0
THREADS = 32


@dataclass
class Client:
    share: Share
    todo: int
    unanswered: int = 0
    asleep_until: float = -math.inf


@dataclass
class Play:
    """``clients`` send ``calls`` each, from the seconds in ``starts``, at one bucket.

    A reply takes ``latency_s`` (low, high), and says what is left unless ``mute``.
    """

    starts: list[float]
    calls: int
    latency_s: tuple[float, float]
    mute: bool = False
    level: float = SIZE
    at: float = 0.0
    sent: int = 0
    refused: int = 0
    last: float = 0.0
    _events: list[tuple[float, int, str, int, tuple[float, float | None]]] = field(
        default_factory=list
    )

    def run(self) -> None:
        self.rng = random.Random(1)
        self.numbers = itertools.count()
        bucket = Bucket(SIZE, REFILL)
        self.clients = [Client(Share(bucket, at), self.calls) for at in self.starts]
        for number, at in enumerate(self.starts):
            self._later(at, "try", number)
        while self._events:
            now, _, kind, number, reply = heapq.heappop(self._events)
            if kind == "arrive":
                self._arrive(now, number)
                continue
            if kind == "reply":
                self._answer(now, self.clients[number], *reply)
            self._try(now, number)

    def _later(
        self, at: float, kind: str, number: int, reply: tuple[float, float | None] = (0.0, None)
    ) -> None:
        heapq.heappush(self._events, (at, next(self.numbers), kind, number, reply))

    def _one_way(self) -> float:
        return self.rng.uniform(*self.latency_s) / 2

    def _arrive(self, now: float, number: int) -> None:
        self.level = min(SIZE, self.level + (now - self.at) * REFILL)
        self.at = now
        self.sent += 1
        wait = None
        if self.level >= 1:
            self.level -= 1
            self.last = now
        else:
            self.refused += 1
            wait = float(math.ceil((1 - self.level) / REFILL))
        self._later(now + self._one_way(), "reply", number, (math.floor(self.level), wait))

    def _answer(self, now: float, client: Client, remaining: float, wait: float | None) -> None:
        client.unanswered -= 1
        if not self.mute:
            client.share.record_reply(now, remaining, client.unanswered)
        if wait is not None:
            client.todo += 1
            client.share.refused(now, wait, self.rng.uniform(0, 0.5))

    def _try(self, now: float, number: int) -> None:
        client = self.clients[number]
        room = client.unanswered < min(THREADS, client.share.window(now))
        if not client.todo or not room:
            return
        due = client.share.due(now)
        if due > now + 1e-9:
            if client.asleep_until <= now:
                client.asleep_until = due
                self._later(due, "try", number)
            return
        client.share.take(now)
        client.todo -= 1
        client.unanswered += 1
        self._later(now + self._one_way(), "arrive", number)
        self._later(now, "try", number)

    @property
    def over_bound(self) -> float:
        """The time to the last accepted call over what the bucket allows one client."""
        return (self.last - min(self.starts)) * REFILL / (self.calls * len(self.starts) - SIZE)


@pytest.mark.parametrize("latency_s", [(0.05, 0.2), (0.5, 1.5)])
@pytest.mark.parametrize("clients", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("within_s", [0.0, 20.0])
def test_clients_that_know_nothing_of_each_other_use_the_bucket_and_are_hardly_refused(
    clients: int, latency_s: tuple[float, float], within_s: float
) -> None:
    starts = [random.Random(number).uniform(0.0, within_s) for number in range(clients)]
    play = Play(starts, 1000 // clients, latency_s)
    play.run()
    assert all(client.todo == 0 for client in play.clients)
    assert play.refused / play.sent <= 0.01
    assert play.over_bound <= 1.2


def test_a_client_that_is_told_nothing_goes_by_the_documented_bucket() -> None:
    play = Play([0.0], 400, (0.5, 1.5), mute=True)
    play.run()
    assert play.refused == 0
    assert play.clients[0].todo == 0


def test_after_a_refusal_a_client_waits_as_asked_and_not_all_come_back_at_once() -> None:
    shares = [Share(Bucket(SIZE, REFILL), 0.0) for _ in range(2)]
    for share, late in zip(shares, (0.0, 0.5), strict=True):
        share.refused(100.0, 20.0, late)
    assert [share.due(100.0) for share in shares] == [120.0, 130.0]


def test_nobody_is_held_for_an_hour() -> None:
    share = Share(Bucket(SIZE, REFILL), 0.0)
    share.refused(0.0, 3600.0, late=0.0)
    assert share.due(0.0) == LONGEST_HOLD_S


def test_a_bucket_that_empties_faster_than_i_take_has_other_clients() -> None:
    share = Share(Bucket(SIZE, REFILL), 0.0)
    share.record_reply(0.0, 160.0, 0)
    for number in range(1, 5):
        share.record_reply(number * 0.1, 160.0 - 5 * number, 0)
    # 20 left the bucket and 4 came in again, while 4 were mine
    assert share.rivals == pytest.approx(6.0)
