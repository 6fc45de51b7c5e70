"""What a run's machines are billed for, by events that anybody with a machine's key may add to."""

from __future__ import annotations

import math

import pytest

from orchestrator.ledger.events import MACHINE_ACTOR, Event, Fact
from orchestrator.ledger.lives import Billed, billed
from orchestrator.planning.costs import Bill

HOUR = 3600.0
BEGAN = 1.7e9
NAME = "waa-7-1-000-ab"
NOW = BEGAN + 10 * HOUR


def happened(
    kind: str, stage: str, hours: float, *, actor: str = "provision-7-1-aa", **facts: Fact
) -> Event:
    return Event(actor, 1, BEGAN + hours * HOUR, kind, stage, NAME, facts=facts)


CREATED = happened("create", "done", 0.0, usd_hour=0.5, expires=BEGAN + 7 * HOUR)


def test_a_machine_is_billed_from_its_create_to_its_delete() -> None:
    bill = billed([CREATED, happened("delete", "done", 2.0)], NOW)
    assert bill == Billed((Bill(NAME, 0.5, BEGAN, BEGAN + 2 * HOUR),))


def test_one_that_nobody_saw_go_is_billed_until_its_expiry_and_counted_as_such() -> None:
    assert billed([CREATED], NOW) == Billed((Bill(NAME, 0.5, BEGAN, BEGAN + 7 * HOUR),), unended=1)
    assert billed([CREATED], BEGAN + HOUR) == Billed((Bill(NAME, 0.5, BEGAN),), unended=1)


def test_what_was_only_meant_or_failed_costs_nothing() -> None:
    events = [happened("create", "intent", 0.0, usd_hour=0.5), happened("create", "failed", 0.1)]
    assert billed(events, NOW) == Billed()


def test_a_machine_ends_no_bill_and_makes_none_by_its_own_word() -> None:
    own = MACHINE_ACTOR + NAME
    lies = [
        happened("delete", "done", 0.01, actor=own),
        happened("gone", "seen", 0.01, actor=own),
        happened("machine", "seen", 0.0, actor=own, usd_hour=0.0),
    ]
    assert billed([*lies, CREATED], NOW) == billed([CREATED], NOW)
    assert billed(lies, NOW) == Billed()


@pytest.mark.parametrize("usd_hour", [None, "0.5", -1.0, math.inf, True])
def test_what_is_no_price_leaves_a_machine_without_a_bill(usd_hour: Fact) -> None:
    assert billed([happened("create", "done", 0.0, usd_hour=usd_hour)], NOW) == Billed(unpriced=1)


def test_a_proof_that_nothing_is_left_ends_every_bill() -> None:
    proof = Event("teardown-7-1-cc", 9, BEGAN + 3 * HOUR, "proof", "seen", facts={"proved": True})
    assert billed([CREATED, proof], NOW) == Billed((Bill(NAME, 0.5, BEGAN, BEGAN + 3 * HOUR),))
