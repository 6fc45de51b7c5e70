"""An outage leaves no machine billed without an owner, and takes none that works.

Each side in each phase; ``scripts/reliability.py --only outages`` plays every length.
"""

from __future__ import annotations

from dataclasses import astuple

import pytest

from tests.fleet.outages import LENGTHS_MIN, Phase, Row, Side, covering, played

ROWS = covering()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(map(str, astuple(row))))
def test_an_outage_is_paid_for_half_an_hour_a_machine_at_most(row: Row) -> None:
    found = played(row)
    assert list(found.wrongs()) == [], found


def test_the_part_that_is_played_has_each_side_phase_and_length() -> None:
    assert {row.side for row in ROWS} == set(Side)
    assert {row.phase for row in ROWS} == set(Phase)
    assert {row.minutes for row in ROWS} == set(LENGTHS_MIN)
    assert {Row(Side.GITHUB, 120, phase) for phase in (Phase.BOOT, Phase.END)} <= set(ROWS)
