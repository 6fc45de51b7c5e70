"""Whatever goes wrong: the right exit code, the right words, nothing left, two launches a job."""

from __future__ import annotations

import re

import pytest

from tests.fleet.faulting import Phase, Row, calls_without_fault, outcome, wrongs
from tests.fleet.rows import ROWS

MET = [(row, phase) for row in ROWS for phase in Phase if phase in row.ends]


@pytest.mark.parametrize(
    ("row", "phase"), MET, ids=[f"{row.name}-{phase}".replace(" ", "_") for row, phase in MET]
)
def test_a_fault_ends_as_the_table_says_and_leaves_nothing(row: Row, phase: Phase) -> None:
    result = outcome(row, phase)
    assert list(wrongs(row, phase, result)) == [], result.said


@pytest.mark.parametrize("phase", Phase)
def test_a_phase_that_the_table_leaves_out_makes_no_such_request(phase: Phase) -> None:
    calls = calls_without_fault(phase)
    assert calls
    met = {
        row.name
        for row in ROWS
        for fault in row.faults()
        if phase not in row.ends and any(re.search(fault.pattern, call) for call in calls)
    }
    assert met == set()


def test_every_row_is_met_by_a_phase() -> None:
    assert [row.name for row in ROWS if not row.ends] == []
    assert len({row.name for row in ROWS}) == len(ROWS)
