"""A run beside published numbers: known ones, and a user's own."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from orchestrator.comparison import KNOWN, against, compare, parse_published
from orchestrator.comparison.published import GROUP_TASKS
from orchestrator.errors import BadInputError
from orchestrator.planning.suite import demo_suite
from orchestrator.report.formats.comparison_terminal import render_text
from orchestrator.stats import Verdict
from tests.report.run_documents import document, full_run, side, task


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
    comparison = against(side(full_run(0.45)), KNOWN["navi"])
    assert comparison.verdict is Verdict.BETTER
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
    comparison = against(side(full_run(0.4)), published)
    rows = {row.group: row for row in comparison.rows}
    assert rows["Office"].tasks == 43
    assert rows["Media"].scored == 21
    assert all(0 <= row.p <= 1 for row in comparison.rows)
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


def in_trials(rate: float, trials: int, missing: int = 0) -> dict[str, Any]:
    """Return the full run, each task tried so often with the same end; the last tasks missing."""
    result = full_run(rate, missing)
    tasks = [{**entry, "trial": trial} for entry in result["tasks"] for trial in range(trials)]
    return {**result, "tasks": tasks}


def by_enumeration(wins: int, published: int, tasks: int = 154) -> float:
    """Sum the hypergeometric chances of all tables that are no likelier than this one."""
    both = wins + published
    ways = [
        math.comb(tasks, value) * math.comb(tasks, both - value)
        for value in range(max(0, both - tasks), min(tasks, both) + 1)
    ]
    seen = math.comb(tasks, wins) * math.comb(tasks, published)
    return sum(way for way in ways if way <= seen * (1 + 1e-9)) / sum(ways)


@pytest.mark.parametrize("trials", [1, 3, 10])
@pytest.mark.parametrize("missing", [0, 2, 6, 14])
def test_trials_of_a_task_are_worth_one_task_in_the_gate(trials: int, missing: int) -> None:
    """Navi has 30 of 154. Whether 48 are better, had the missing failed, is a matter of tasks."""
    comparison = against(side(in_trials(48 / 154, trials, missing)), KNOWN["navi"])
    assert comparison.whole is not None
    assert (comparison.whole.tasks_scored, comparison.whole.tasks) == (154 - missing, 154)
    single = against(side(in_trials(48 / 154, 1, missing)), KNOWN["navi"])
    assert comparison.verdict is single.verdict
    assert comparison.whole.p == pytest.approx(single.whole.p if single.whole else None)
    survives = by_enumeration(48, 30) <= 0.05
    assert comparison.verdict is (Verdict.BETTER if survives else Verdict.NOT_DISTINGUISHABLE)


def test_trials_do_not_make_a_difference_that_tasks_do_not() -> None:
    """34 of 154 with ten trials each are no more against 30 than 34 of 154 with one."""
    for wins in range(30, 52):
        single = against(side(in_trials(wins / 154, 1, 1)), KNOWN["navi"])
        tenfold = against(side(in_trials(wins / 154, 10, 1)), KNOWN["navi"])
        assert single.verdict is tenfold.verdict
        shown = by_enumeration(wins, 30) <= 0.05
        assert (tenfold.verdict is Verdict.BETTER) is shown


def test_a_tasks_trials_are_averaged_before_tasks_are() -> None:
    """Half of the tasks were tried four times, and always succeeded; the others once, and failed.

    Of the trials four of five succeed; of the tasks one of two does.
    """
    keys = demo_suite().tasks
    tasks = [
        task(key.name, float(n % 2 == 0), domain=key.domain, trial=trial)
        for n, key in enumerate(keys)
        for trial in range(4 if n % 2 == 0 else 1)
    ]
    comparison = against(side(document(tasks, "run")), KNOWN["navi"])
    assert comparison.whole is not None
    assert (comparison.whole.successes, comparison.whole.scored) == (77 * 4, 77 * 5)
    assert comparison.whole.rate == 0.5
    assert comparison.whole.p == pytest.approx(by_enumeration(77, 30))
    assert comparison.whole.difference == pytest.approx(0.5 - 0.195)
    said = "50.0% of 154 tasks (308/385 trials) against 19.5%"
    assert said in render_text(compare(comparison.side, [], [comparison]))
