"""Costs: what machines cost before, during and after a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.planning.costs import (
    Bill,
    MachineKind,
    Rates,
    affordable,
    ceiling_reached,
    committed,
    final_cost,
    hourly,
    predicted,
    spent,
)

RATES = Rates("Standard_D8s_v5", "eastus", 0.4, 0.1, 0.03, 0.005)
NO_SPOT = Rates("Standard_D8s_v5", "eastus", 0.4)


def test_an_hour_is_the_machine_its_disks_and_its_addresses() -> None:
    assert hourly(RATES, MachineKind()) == pytest.approx(0.43)
    assert hourly(RATES, MachineKind(disks=2, public_ips=1)) == pytest.approx(0.465)
    assert hourly(RATES, MachineKind(spot=True, disks=0)) == pytest.approx(0.1)


def test_an_unknown_spot_price_is_taken_as_the_regular_one() -> None:
    assert hourly(NO_SPOT, MachineKind(spot=True)) == 0.4
    assert NO_SPOT.spot_unknown
    assert not RATES.spot_unknown


def test_a_prediction_is_by_the_second() -> None:
    assert predicted(RATES, MachineKind(disks=0), 90.0) == pytest.approx(0.4 * 90 / 3600)


BILLS = (
    Bill("a", 1.0, created=1000.0, deleted=4600.0),
    Bill("b", 2.0, created=1000.0),
)


def test_the_running_cost_counts_the_living_until_now_and_the_dead_until_their_end() -> None:
    assert spent(BILLS, 1000.0) == 0.0
    assert spent(BILLS, 2800.0) == pytest.approx(0.5 + 1.0)
    assert spent(BILLS, 8200.0) == pytest.approx(1.0 + 4.0)


def test_a_clock_behind_the_creation_never_gives_money_back() -> None:
    assert spent(BILLS, 0.0) == 0.0


def test_the_ceiling_is_reached_while_there_is_still_money_to_drain() -> None:
    assert committed(BILLS, 4600.0, drain_s=1800.0) == pytest.approx(1.0 + 2.0 + 1.0)
    assert ceiling_reached(BILLS, 4600.0, 1800.0, max_usd=4.0)
    assert not ceiling_reached(BILLS, 4600.0, 1800.0, max_usd=4.01)


def test_as_many_machines_are_affordable_as_the_ceiling_has_room_for() -> None:
    assert affordable(BILLS, 4600.0, 1800.0, max_usd=5.6, usd_hour=1.0) == 3
    assert affordable(BILLS, 4600.0, 1800.0, max_usd=3.0, usd_hour=1.0) == 0
    with pytest.raises(ValueError, match="costs nothing"):
        affordable(BILLS, 4600.0, 1800.0, max_usd=3.0, usd_hour=0.0)


money = st.floats(min_value=0.01, max_value=100)


@given(money, money, st.floats(min_value=1, max_value=1e5))
def test_launching_what_is_affordable_stays_within_the_ceiling(
    ceiling: float, usd_hour: float, drain_s: float
) -> None:
    more = min(affordable([], 0.0, drain_s, ceiling, usd_hour), 50)
    bills = [Bill(str(number), usd_hour, created=0.0) for number in range(more)]

    assert committed(bills, 0.0, drain_s) <= ceiling * (1 + 1e-9)


def test_the_final_cost_is_by_task_by_success_and_by_the_minute() -> None:
    final = final_cost(BILLS, 8200.0, task_s=5400.0, scored=10, successes=4)

    assert final.usd == pytest.approx(5.0)
    assert (final.machines, final.open_machines) == (2, 1)
    assert (final.billed_minutes, final.task_minutes) == (180.0, 90.0)
    assert final.usd_per_task == pytest.approx(0.5)
    assert final.usd_per_success == pytest.approx(1.25)
    assert final.overhead == pytest.approx(2.0)


def test_a_run_that_scored_nothing_has_no_cost_per_anything() -> None:
    final = final_cost(BILLS, 8200.0, task_s=0.0, scored=0, successes=0)

    assert (final.usd_per_task, final.usd_per_success, final.overhead) == (None, None, None)
    assert final.usd == pytest.approx(5.0)
