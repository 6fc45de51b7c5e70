"""A run beside published numbers: known ones, and a user's own."""

from __future__ import annotations

import json

import pytest

from orchestrator.errors import BadInputError
from orchestrator.report.comparison import KNOWN, against, parse_published
from orchestrator.report.comparison.published import GROUP_TASKS
from orchestrator.stats import Verdict
from tests.report.run_documents import full_run, side


def test_groups_are_those_in_which_results_are_published() -> None:
    assert GROUP_TASKS == {
        "Office": 43,
        "Web": 30,
        "System": 24,
        "Coding": 24,
        "Media": 21,
        "Utilities": 12,
        "All": 154,
    }


def test_a_run_beside_published_numbers() -> None:
    found = against(side(full_run(0.45)), KNOWN["navi"])
    assert found.verdict is Verdict.BETTER
    assert against(side(full_run(0.45)), KNOWN["human"]).verdict is Verdict.WORSE
    assert against(side(full_run(0.21)), KNOWN["navi"]).verdict is Verdict.NOT_DISTINGUISHABLE
    # However much better over what is scored: most of it is not.
    assert against(side(full_run(0.45, missing=80)), KNOWN["human"]).verdict in (
        Verdict.NOT_DISTINGUISHABLE,
        Verdict.WORSE,
    )
    played = {**full_run(0.45), "run": {"id": "x", "simulated": True}}
    assert against(side(played), KNOWN["navi"]).verdict is Verdict.NONE


def test_published_groups_are_read_and_adjusted() -> None:
    published = parse_published(
        json.dumps({"name": "Them", "rates": {"Office": 0.0, "Media": 0.3, "All": 0.195}}), "f"
    )
    found = against(side(full_run(0.4)), published)
    rows = {row.group: row for row in found.rows}
    assert rows["Office"].tasks == 43
    assert rows["Media"].scored == 21
    assert all(0 <= row.p <= 1 for row in found.rows)
    assert published.name == "Them"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"rates": {}}',
        '{"rates": {"Games": 0.1}}',
        '{"rates": {"All": 1.1}}',
        '{"rates": {"All": true}}',
        '{"rates": {"All": NaN}}',
        '{"rates": {"All": "0.1"}}',
    ],
)
def test_published_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        parse_published(text, "numbers.json")
