"""Wherever the orchestrator is killed, the sweeper leaves nothing of its run, and all of others'.

All points of every phase at two machines; ``scripts/reliability.py`` prints them for more.
"""

from __future__ import annotations

import pytest

from tests.fleet.killing import PHASES, Phase, kill_points, summary

MACHINES = 2
LANES = 2


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name.replace(" ", "-"))
def test_a_kill_at_any_request_leaves_nothing_and_touches_nobody_elses(phase: Phase) -> None:
    points = kill_points(phase, MACHINES, LANES)
    assert [point for point in points if point.call and not point.clean] == []
    assert {point.code for point in points if not point.call} == {phase.code}
    figures = summary(phase, points)
    assert figures.gaps == 0
    assert figures.before > 0
    assert figures.after > 0
    assert figures.orphaned > 0  # there was something for the sweeper to find
