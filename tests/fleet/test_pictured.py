"""The runs that the README pictures: what is scripted of them can happen."""

from __future__ import annotations

import json

import pytest

from orchestrator.arena.simulated.arena import check_faults
from orchestrator.planning.suite import demo_suite
from tests.fleet.pictured import BASELINE, CANDIDATE, SHOWN, Shown


@pytest.mark.parametrize("shown", [BASELINE, CANDIDATE])
def test_every_scripted_fault_is_of_a_task_that_there_is_and_of_no_other(shown: Shown) -> None:
    assert check_faults(json.dumps(shown.faults)) == []
    struck = [fault["task"] for fault in shown.faults]
    assert len(struck) == len(set(struck)) > 0
    assert {*struck, SHOWN} <= {str(task) for task in demo_suite().tasks}
