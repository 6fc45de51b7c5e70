"""Partial credit on every surface: described beside the verdict, or deciding where it was asked."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator import stats
from orchestrator.comparison import Comparison, compare
from orchestrator.report.formats.comparison_document import comparison_schema, to_comparison
from orchestrator.report.formats.comparison_markdown import render_comparison_markdown
from orchestrator.report.formats.comparison_terminal import render_text
from orchestrator.report.page.comparison_page import render_comparison_html
from orchestrator.stats import Verdict
from tests.report.run_documents import document, side, task, tasks_of

VALIDATOR = Draft202012Validator(comparison_schema())


def graded(scores: dict[int, float | None], run: str, total: int = 40) -> dict[str, Any]:
    """A run of tasks that score this, and the others 0."""
    return document(
        [task(f"t{n:03d}", scores.get(n, 0.0), domain=f"d{n % 4}") for n in range(total)], run
    )


def surfaces(comparison: Comparison) -> list[str]:
    result = to_comparison(comparison)
    VALIDATOR.validate(result)
    return [
        render_text(comparison),
        render_comparison_markdown(comparison),
        re.sub(r"<[^>]+>", "", render_comparison_html(result)),
        json.dumps(result, ensure_ascii=False),
    ]


def test_a_gain_in_part_is_described_and_does_not_decide() -> None:
    first, second = graded({}, "a"), graded(dict.fromkeys(range(9), 0.5), "b")
    comparison = compare(side(first), [side(second)])
    entry = to_comparison(comparison)["candidates"][0]
    assert entry["verdict"]["value"] == Verdict.UNDERPOWERED.value
    assert entry["verdict"]["on"] == "success"
    paired = entry["paired"]
    assert (paired["score_p"], paired["score_direction"]) == (pytest.approx(2**-8), "better")
    assert (paired["score_test"], paired["score_differing"]) == ("score-permutation-exact", 9)
    assert "exact permutation p = 0.0039 (better)" in surfaces(comparison)[0]
    assert "permutation p = 0.0039 (better)" in surfaces(comparison)[2]


def test_it_decides_where_that_was_fixed_beforehand() -> None:
    first, second = graded({}, "a"), graded(dict.fromkeys(range(9), 0.5), "b")
    comparison = compare(side(first), [side(second)], on="score")
    verdict = to_comparison(comparison)["candidates"][0]["verdict"]
    assert (verdict["value"], verdict["on"]) == ("better", "score")
    assert (verdict["p"], verdict["direction"]) == (pytest.approx(2**-8), "better")
    said = "mean score +11.2 points, 9 of 40 tasks differ (exact permutation p = 0.0039)"
    for text in surfaces(comparison):
        assert said in text
    back = compare(side(second), [side(first)], on="score")
    assert back.candidates[0].verdict is Verdict.WORSE
    assert back.candidates[0].direction == -1


def test_where_all_scores_are_0_or_1_there_is_no_second_verdict() -> None:
    sides = side(document(tasks_of(range(10)), "a")), side(document(tasks_of(range(22)), "b"))
    asked = to_comparison(compare(sides[0], [sides[1]], on="score"))
    assert asked == to_comparison(compare(sides[0], [sides[1]]))
    assert asked["candidates"][0]["verdict"]["on"] == "success"
    assert asked["candidates"][0]["paired"]["score_test"] is None
    assert "permutation" not in "".join(surfaces(compare(sides[0], [sides[1]]))[:3])


def test_missing_scores_count_against_it() -> None:
    gained: dict[int, float | None] = dict.fromkeys(range(9), 0.5)
    base = graded(dict.fromkeys(range(20, 30), 1.0), "a")
    lost = graded({**gained, **dict.fromkeys(range(20, 30))}, "b")
    comparison = compare(side(base), [side(lost)], on="score")
    assert comparison.candidates[0].verdict is Verdict.NOT_DISTINGUISHABLE
    verdict = to_comparison(comparison)["candidates"][0]["verdict"]
    assert (verdict["survives"], verdict["direction_worst"]) == (False, "worse")
    assert "at worst p" in surfaces(comparison)[0]


def test_what_moves_the_other_way_is_said() -> None:
    """Three tasks lose the last part of their score, nine others gain half."""
    first = graded(dict.fromkeys(range(20, 23), 1.0), "a")
    gained: dict[int, float | None] = dict.fromkeys(range(9), 0.5)
    second = graded({**gained, **dict.fromkeys(range(20, 23), 0.9)}, "b")
    comparison = compare(side(first), [side(second)], on="score")
    assert comparison.candidates[0].verdict is Verdict.BETTER
    assert "Full successes move the other way: -7.5 points" in surfaces(comparison)[0]


def test_its_interval_leaves_0_out_only_where_it_decides_so() -> None:
    for gained in range(3, 12):
        first, second = graded({30: 0.5}, "a"), graded(dict.fromkeys(range(gained), 0.25), "b")
        entry = to_comparison(compare(side(first), [side(second)], on="score"))["candidates"][0]
        held = entry["paired"]["score_interval"]
        assert (held["low"] > 0) == (entry["verdict"]["p"] <= stats.ALPHA)


def test_several_trials_of_a_task_are_dealt_anew() -> None:
    first = document(
        [task(f"t{n}", 0.5 * (n % 2), trial=k) for n in range(12) for k in range(3)], "a"
    )
    second = document([task(f"t{n}", 1.0, trial=k) for n in range(12) for k in range(3)], "b")
    comparison = compare(side(first), [side(second)], on="score")
    assert comparison.candidates[0].verdict is Verdict.BETTER
    assert to_comparison(comparison)["candidates"][0]["verdict"]["test"] == stats.PERMUTATION


def test_a_document_of_an_earlier_version_shows_as_before() -> None:
    sides = side(document(tasks_of(range(10)), "a")), side(document(tasks_of(range(22)), "b"))
    result = to_comparison(compare(sides[0], [sides[1]]))
    entry = result["candidates"][0]
    entry["verdict"]["test"] = "mcnemar-exact"
    del entry["verdict"]["on"]
    for key in ("clustered_interval", "clusters", "score_test", "score_p", "score_direction"):
        del entry["paired"][key]
    del entry["paired"]["score_differing"]
    VALIDATOR.validate(result)
    page = render_comparison_html(result)
    assert "mcnemar-exact" in page
    assert "permutation" not in page
    assert "CR2" not in page
