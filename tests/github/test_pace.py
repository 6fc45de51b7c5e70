from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.github.clients import ClientPool
from orchestrator.github.rate_limiter import PointsLimiter
from tests.fakes.github import FakeGitHub, VirtualClock

LIMIT = 20


@given(st.lists(st.tuples(st.sampled_from([1, 5]), st.floats(0, 40)), max_size=60))
def test_no_minute_holds_more_points_than_allowed(calls: list[tuple[int, float]]) -> None:
    clock = VirtualClock()
    pace = PointsLimiter(clock, LIMIT)
    sent: list[tuple[float, int]] = []
    for points, idle in calls:
        clock.advance(idle)
        pace.admit(points)
        sent.append((clock.now(), points))

    for at, _ in sent:
        # a hair inside the minute: the clock's floats are this coarse
        minute = [points for when, points in sent if at <= when < at + 60.0 - 1e-3]
        assert sum(minute) <= LIMIT


def test_what_is_allowed_goes_at_once() -> None:
    clock = VirtualClock()
    pace = PointsLimiter(clock, LIMIT)

    for _ in range(LIMIT // 5):
        pace.admit(5)

    assert clock.slept == []


def test_a_hold_concerns_every_caller_and_the_longest_wins() -> None:
    clock = VirtualClock()
    began = clock.now()
    pace = PointsLimiter(clock, LIMIT)

    pace.hold(30.0)
    pace.hold(10.0)
    pace.admit(1)

    assert clock.now() - began == pytest.approx(30.0)


def test_a_client_is_never_lent_twice_at_once(fake: FakeGitHub) -> None:
    clients = ClientPool(fake.connection(), fake.clock)

    with clients.lend() as first, clients.lend() as second:
        assert first is not second
    with clients.lend() as again:
        assert again in (first, second)
    clients.close()
