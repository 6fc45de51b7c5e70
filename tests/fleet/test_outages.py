"""An outage leaves no machine billed without an owner, and takes none that works.

Each pair of side, phase and length; ``scripts/reliability.py --only outages`` plays them all.
"""

from __future__ import annotations

from dataclasses import astuple

import pytest

from tests.fleet.outages import ROWS as EVERY
from tests.fleet.outages import Phase, Row, Side, covering, played

ROWS = covering()
_BOOTED = (Phase.BOOT, Phase.WORK, Phase.END)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(map(str, astuple(row))))
def test_an_outage_is_paid_for_half_an_hour_a_machine_at_most(row: Row) -> None:
    outcome = played(row)
    assert list(outcome.wrongs()) == [], outcome


def test_in_the_part_that_is_played_each_side_phase_and_length_meet() -> None:
    for axes in (("side", "phase"), ("side", "minutes"), ("phase", "minutes")):
        every = {tuple(getattr(row, axis) for axis in axes) for row in EVERY}
        assert {tuple(getattr(row, axis) for axis in axes) for row in ROWS} == every
    assert {Row(Side.GITHUB, 120, phase) for phase in _BOOTED} <= set(ROWS)
    assert len(EVERY) == 4 * 4 * 5
