from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ledger import paths
from orchestrator.ledger.events import Event, parse_event, read_events, to_bytes
from orchestrator.ledger.fold import Stored

EVENT = Event(
    "provision-7-1-ab12",
    3,
    1.5,
    "create",
    "done",
    "waa-7-1-000-ab",
    "Standard_D8s_v5 in westeurope",
    {"usd_hour": 0.4, "spot": True, "zone": None, "left": ("a", "b"), "size": "Standard_D8s_v5"},
)
PATH = paths.event(EVENT.actor, EVENT.seq)


def test_an_event_comes_back_as_it_was_written() -> None:
    assert parse_event(PATH, to_bytes(EVENT)) == EVENT


def test_a_machines_own_event_has_no_facts() -> None:
    reported = {"actor": "machine-m", "seq": 1, "at": 5, "kind": "machine-check", "stage": "done"}
    data = json.dumps({**reported, "machine": "m", "detail": "fit for role arena"}).encode()
    event = parse_event("events/machine-m/000001.json", data)
    assert event == Event("machine-m", 1, 5.0, "machine-check", "done", "m", "fit for role arena")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        to_bytes(EVENT)[:-20],
        to_bytes(EVENT).replace(b"1.5", b"1e999"),
        to_bytes(EVENT).replace(b"1.5", b'"now"'),
        to_bytes(EVENT).replace(b'"seq":3', b'"seq":4'),
        to_bytes(EVENT).replace(b"provision-7", b"provision-8"),
        to_bytes(EVENT).replace(b'"spot":true', b'"spot":{}'),
    ],
    ids=["nothing", "null", "list", "empty", "deep", "cut", "inf", "text", "seq", "actor", "fact"],
)
def test_damage_is_set_aside_and_named(data: bytes) -> None:
    good = Stored(
        PATH.replace("000003", "000002"), 0.0, to_bytes(Event(EVENT.actor, 2, 1.0, "", ""))
    )
    events, damage = read_events([Stored(PATH, 0.0, data), good])
    assert [event.seq for event in events] == [2]
    assert damage == (PATH,)


@given(st.text(), st.binary())
def test_no_object_makes_it_raise(path: str, data: bytes) -> None:
    parse_event(path, data)
    assert parse_event(PATH, data) is None


@given(st.permutations(range(1, 7)))
def test_the_order_of_listing_does_not_matter(order: list[int]) -> None:
    events = [Event("a", seq, float(seq // 2), "k", "seen") for seq in order]
    results, _ = read_events(
        Stored(paths.event("a", event.seq), 0.0, to_bytes(event)) for event in events
    )
    assert [event.seq for event in results] == [1, 2, 3, 4, 5, 6]
