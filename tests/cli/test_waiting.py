"""How long a report waits for its store."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from orchestrator.cli.inputs.waiting import Waiting
from orchestrator.errors import StoreError, StoreRefusedError
from orchestrator.store import REPORT_PATIENCE, FailureStreak


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.store.patience.PAUSE_S", 0.001)


class Blip:
    """A store that fails some times, and then answers."""

    def __init__(self, failures: int, error: type[StoreError] = StoreError) -> None:
        self.failures, self.error, self.asked = failures, error, 0

    def read(self) -> str:
        self.asked += 1
        if self.asked <= self.failures:
            raise self.error("away")
        return "here"


def test_a_blip_is_waited_out_and_said_once() -> None:
    said: list[str] = []
    waiting = Waiting(say=said.append)
    assert waiting.out(Blip(5).read) == "here"
    assert said == ["waiting for the store: away"]
    assert waiting.out(Blip(0).read) == "here"


def test_an_outage_is_not_waited_out_for_ever() -> None:
    blip = Blip(10**9)
    with pytest.raises(StoreError, match="away"):
        Waiting(patience=replace(REPORT_PATIENCE, outage_s=0.05)).out(blip.read)
    assert blip.asked > 1


def test_a_single_refusal_is_a_blip_too() -> None:
    waiting = Waiting(has_answered=True)
    assert waiting.out(Blip(3, StoreRefusedError).read) == "here"


def test_a_refusal_that_lasts_is_believed_long_before_an_outage_is() -> None:
    waiting, blip = (
        Waiting(patience=replace(REPORT_PATIENCE, refused_s=0.05)),
        Blip(10**9, StoreRefusedError),
    )
    waiting.out(Blip(0).read)
    with pytest.raises(StoreRefusedError):
        waiting.out(blip.read)
    assert blip.asked > 1


def test_a_store_that_refuses_and_never_answered_is_believed_at_once() -> None:
    said: list[str] = []
    blip = Blip(1, StoreRefusedError)
    with pytest.raises(StoreRefusedError):
        Waiting(say=said.append).out(blip.read)
    assert (blip.asked, said) == (1, [])


def test_who_was_told_to_stop_does_not_wait() -> None:
    stop, blip = threading.Event(), Blip(10**9)
    stop.set()
    with pytest.raises(StoreError):
        Waiting(stop).out(blip.read)
    assert blip.asked == 1


def test_a_refusal_after_a_long_outage_may_still_be_a_blip() -> None:
    patience = replace(REPORT_PATIENCE, refused_s=10.0)
    streak = FailureStreak(patience, has_answered=True)
    away, refused = StoreError("away"), StoreRefusedError("no")
    assert not any(streak.is_final(away, now) for now in (0.0, 100.0, 170.0))
    assert not streak.is_final(refused, 171.0)
    assert streak.is_final(refused, 182.0)
