"""Figures beside a verdict, each against a computation that shares no code with the product's."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from scipy.stats import binomtest

from orchestrator.report.comparison import Comparison, compare, to_comparison
from orchestrator.report.comparison.markdown import render_comparison_markdown
from orchestrator.report.comparison.terminal import render_text
from orchestrator.report.comparison_page import render_comparison_html
from tests.report.run_documents import document, side, task, tasks_of


def surfaces(comparison: Comparison) -> list[str]:
    """Return the comparison as terminal, Markdown, page and JSON show it, as plain text."""
    found = to_comparison(comparison)
    page = re.sub(r"<[^>]+>", "", render_comparison_html(found))
    return [
        render_text(comparison),
        render_comparison_markdown(comparison),
        page,
        json.dumps(found, ensure_ascii=False),
    ]


def test_what_the_missing_could_turn_round_is_said_with_its_direction() -> None:
    first = document(tasks_of(range(30), total=60), "a")
    gained = range(28, 42)  # 12 of them the baseline failed; 28 of its successes are missing
    second = document(tasks_of(gained, total=60, missing=range(28)), "b")
    turned = binomtest(12, 12 + 28).pvalue
    said = f"at worst p = {turned:.2g} for worse, had they all gone against it"
    for text in surfaces(compare(side(first), [side(second)])):
        assert said in text
    verdict = to_comparison(compare(side(first), [side(second)]))["candidates"][0]["verdict"]
    assert (verdict["direction"], verdict["direction_worst"]) == ("better", "worse")


def test_what_the_missing_could_merely_weaken_is_said_to_be_still_ahead() -> None:
    first = document(tasks_of(range(30), total=60), "a")
    second = document(tasks_of(range(4, 44), total=60, missing=range(4)), "b")
    weaker = binomtest(14, 14 + 4).pvalue
    assert weaker < 0.05  # it survives
    second = document(tasks_of(range(8, 44), total=60, missing=range(8)), "b")
    weaker = binomtest(14, 14 + 8).pvalue
    assert weaker > 0.05
    said = f"at worst p = {weaker:.2g} for better, had they all gone against it"
    for text in surfaces(compare(side(first), [side(second)])):
        assert said in text


def test_more_trials_never_look_worse() -> None:
    """The reach that is printed is that of the test that decides, with the trials it has."""

    def run(name: str, trials: int) -> dict[str, Any]:
        wins = (range(0, 154, 3), range(0, 154, 4), range(1, 154, 3))
        return document(
            [
                task(f"t{n}", float(n in wins[trial % 3]), domain=f"d{n % 12}", trial=trial)
                for n in range(154)
                for trial in range(trials)
            ],
            name,
        )

    reaches = []
    for first, second in ((1, 1), (5, 1), (3, 3), (8, 8)):
        comparison = compare(side(run("a", first)), [side(run("b", second))])
        found = to_comparison(comparison)["candidates"][0]["paired"]["detectable"]
        reaches.append(100 * found)
        shown = f"A difference below {100 * found:.1f} points would mostly go unseen ({first} "
        assert shown + f"against {second} trials of 154 tasks; power 0.8, " in render_text(
            comparison
        ) or shown in json.dumps(to_comparison(comparison))
    assert reaches == pytest.approx([10.8, 8.5, 6.3, 3.9], rel=0.05)


def test_the_rank_tests_p_is_said_with_the_direction_of_the_ranks() -> None:
    """A few large losses against many small gains: the mean goes down, the ranks go up."""
    scores = [(0.1, 0.2 + n / 100) for n in range(20)] + [(1.0, 0.0)] * 5
    first = document([task(f"t{n}", one) for n, (one, _) in enumerate(scores)], "a")
    second = document([task(f"t{n}", two) for n, (_, two) in enumerate(scores)], "b")
    comparison = compare(side(first), [side(second)])
    found = to_comparison(comparison)["candidates"][0]["paired"]
    assert found["score_difference"] < 0
    assert found["wilcoxon_direction"] == "better"
    for text in surfaces(comparison)[::2]:
        assert re.search(r"Wilcoxon p (=|<)? ?0\.\d+ \(ranks for better\)", text)
