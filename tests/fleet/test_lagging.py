"""Listings that lag and a clock that is off cost no healthy machine, and no run.

A covering part of the sweep; ``scripts/reliability.py --only lags`` plays all of it.
"""

from __future__ import annotations

import itertools
from dataclasses import astuple

import pytest

from tests.fleet.lagging import CLOCKS_MIN, EVERY, LAGS_S, Cell, Death, covering, played

CELLS = covering()


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: "-".join(map(str, astuple(cell))))
def test_late_listings_and_a_wrong_clock_take_no_healthy_machine(cell: Cell) -> None:
    outcome = played(cell)
    assert list(outcome.wrongs(cell)) == [], outcome


def test_the_part_that_is_played_has_each_pair_of_lags_and_clocks_and_each_death() -> None:
    pairs = {(cell.azure_s, cell.github_s) for cell in CELLS}
    assert pairs == set(itertools.product(LAGS_S, LAGS_S))
    for lag in ("azure_s", "github_s"):
        clocks = {(getattr(cell, lag), cell.clock_min) for cell in CELLS}
        assert clocks == set(itertools.product(LAGS_S, CLOCKS_MIN))
    assert {cell.death for cell in CELLS} == set(Death)
    assert set(CELLS) < set(EVERY)
    assert len(EVERY) == 5 * 5 * 5 * 3
