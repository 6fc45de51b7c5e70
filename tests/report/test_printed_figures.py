"""Figures beside a verdict, each against a computation that shares no code with the product's."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from scipy.stats import ttest_1samp

from orchestrator.comparison import Comparison, compare
from orchestrator.report.formats.comparison_document import to_comparison
from orchestrator.report.formats.comparison_markdown import render_comparison_markdown
from orchestrator.report.formats.comparison_terminal import render_text
from orchestrator.report.page.comparison_page import render_comparison_html
from tests.report.run_documents import document, side, task, tasks_of
from tests.stats.oracles import unconditional_p


def surfaces(comparison: Comparison) -> list[str]:
    """Return the comparison as terminal, Markdown, page and JSON show it, as plain text."""
    result = to_comparison(comparison)
    page = re.sub(r"<[^>]+>", "", render_comparison_html(result))
    return [
        render_text(comparison),
        render_comparison_markdown(comparison),
        page,
        json.dumps(result, ensure_ascii=False),
    ]


def test_what_the_missing_could_turn_round_is_said_with_its_direction() -> None:
    first = document(tasks_of(range(30), total=60), "a")
    gained = range(28, 42)  # 12 of them the baseline failed; 28 of its successes are missing
    second = document(tasks_of(gained, total=60, missing=range(28)), "b")
    turned = unconditional_p(12, 28, 60)
    said = f"at worst p = {turned:.2g} for worse, had they all gone against it"
    for text in surfaces(compare(side(first), [side(second)])):
        assert said in text
    verdict = to_comparison(compare(side(first), [side(second)]))["candidates"][0]["verdict"]
    assert (verdict["direction"], verdict["direction_worst"]) == ("better", "worse")


def test_what_the_missing_could_merely_weaken_is_said_to_be_still_ahead() -> None:
    first = document(tasks_of(range(30), total=60), "a")
    second = document(tasks_of(range(4, 44), total=60, missing=range(4)), "b")
    weaker = unconditional_p(14, 4, 60)
    assert weaker < 0.05  # it survives
    second = document(tasks_of(range(8, 44), total=60, missing=range(8)), "b")
    weaker = unconditional_p(14, 8, 60)
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
        result = to_comparison(comparison)["candidates"][0]["paired"]["detectable"]
        reaches.append(100 * result)
        shown = f"A difference below {100 * result:.1f} points would mostly go unseen ({first} "
        assert shown + f"against {second} trials of 154 tasks; power 0.8, " in render_text(
            comparison
        ) or shown in json.dumps(to_comparison(comparison))
    assert reaches == pytest.approx([10.8, 8.5, 6.3, 3.9], rel=0.05)


def test_the_rank_tests_p_is_said_with_the_direction_of_the_ranks() -> None:
    """A few large losses against many small gains: the mean goes down, the ranks go up."""
    scores = [(0.1, 0.2 + n / 100) for n in range(20)] + [(1.0, 0.0)] * 5
    first = document([task(f"t{n}", value) for n, (value, _) in enumerate(scores)], "a")
    second = document([task(f"t{n}", two) for n, (_, two) in enumerate(scores)], "b")
    comparison = compare(side(first), [side(second)])
    result = to_comparison(comparison)["candidates"][0]["paired"]
    assert result["score_difference"] < 0
    assert result["wilcoxon_direction"] == "better"
    for text in surfaces(comparison)[::2]:
        assert re.search(r"Wilcoxon p (=|<)? ?0\.\d+ \(ranks for better\)", text)


def verdict_of(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> Comparison:
    return compare(side(document(first, "a")), [side(document(second, "b"))])


def test_a_mean_that_moves_against_the_verdict_is_said() -> None:
    """Twelve full successes lost by a little, and all the others' zeros half solved."""
    first = [task(f"t{n:02d}", 1.0 if n < 14 else 0.0) for n in range(40)]
    second = [task(f"t{n:02d}", 0.9 if n < 12 else 1.0 if n < 14 else 0.5) for n in range(40)]
    comparison = verdict_of(first, second)
    mean = (
        100
        * (sum(entry["score"] for entry in second) - sum(entry["score"] for entry in first))
        / 40
    )
    assert comparison.candidates[0].verdict.value == "worse"
    for text in surfaces(comparison):
        assert f"The mean score moves the other way: {mean:+.1f} points" in text
    even = verdict_of(first, [task(f"t{n:02d}", 0.0) for n in range(40)])
    for text in surfaces(even):
        assert "moves the other way" not in text


def timed_out(number: int) -> dict[str, Any]:
    return {**task(f"t{number:03d}", 0.0, domain=f"d{number % 4}"), "cause": "timeout"}


def test_a_timeout_is_a_zero_everywhere_and_stands_beside_the_verdict() -> None:
    first = tasks_of(range(20))
    second = [timed_out(n) if n < 12 else entry for n, entry in enumerate(tasks_of(range(12, 20)))]
    comparison = verdict_of(first, second)
    assert comparison.candidates[0].verdict.value == "worse"
    for text in surfaces(comparison):
        assert "12 of the 12 lost timed out" in text
    for text in surfaces(verdict_of(second, first)):
        assert "12 of the 12 gained had timed out in the baseline" in text
    run = to_comparison(comparison)["candidates"][0]["side"]["runs"][0]
    assert run["worst_case"] == run["best_case"] == run["mean"] == 8 / 40
    for text in surfaces(verdict_of(first, tasks_of(range(12, 20)))):
        assert "timed out" not in text


def test_the_counts_of_pairs_add_up() -> None:
    """Trials a task: scored on both sides, on neither, on one; in part; equal in between."""

    def run(name: str, scores: list[list[float | None]]) -> dict[str, Any]:
        return document(
            [
                task(f"t{n:02d}", score, trial=trial)
                for n, trials in enumerate(scores)
                for trial, score in enumerate(trials)
            ],
            name,
        )

    ones: list[list[float | None]] = [
        [1, 1], [0, 0], [1, 0], [1, 0], [0, 0], [1, None], [None, None], [1, 1], [0, None],
    ]  # fmt: skip
    twos: list[list[float | None]] = [
        [1, 1], [0, 0], [0, 1], [0, 0], [1, 1], [1, 1], [1, 1], [None, None], [0, 0],
    ]  # fmt: skip
    comparison = compare(side(run("a", ones)), [side(run("b", twos))])
    result = to_comparison(comparison)["candidates"][0]["paired"]
    assert result["tasks"] == 7
    assert result["unscored"] == 2
    assert result["undecided"] == 4
    names = ("both", "tied", "gained", "lost", "neither")
    assert [result[name] for name in names] == [2, 1, 1, 1, 2]
    assert sum(result[name] for name in names) == result["tasks"]
    page = surfaces(comparison)[2]
    assert "7 of the 9 tasks that both expected are scored on both sides, 2 are not" in page
    assert "2 of the 7 lack the score of a trial" in page
    assert "not scored on both sides" not in page


def intervals(value: Any) -> list[dict[str, Any]]:
    """Return every interval in a document."""
    if isinstance(value, dict):
        own = [value] if {"low", "high", "method"} <= value.keys() else []
        return own + [interval for held in value.values() for interval in intervals(held)]
    return (
        [interval for held in value for interval in intervals(held)]
        if isinstance(value, list)
        else []
    )


@pytest.mark.parametrize("wins", [range(8), range(0), range(5)])
def test_no_interval_says_that_something_is_known_for_certain(wins: range) -> None:
    """Eight of eight, none of eight, and no task on which the sides differ."""
    comparison = verdict_of(tasks_of(wins, total=8), tasks_of(wins, total=8))
    results = intervals(to_comparison(comparison))
    assert len(results) >= 4
    assert all(entry["high"] - entry["low"] > 0.2 for entry in results)
    low = 1.959964**2 / (8 + 1.959964**2)  # of eight pairs that all agree, by the score test
    difference = to_comparison(comparison)["candidates"][0]["paired"]["difference_interval"]
    assert difference["method"] == "paired-score"
    assert (difference["low"], difference["high"]) == pytest.approx((-low, low), abs=1e-6)


def test_the_printed_interval_leaves_zero_out_only_where_the_test_rejects() -> None:
    for gained in range(4, 12):
        comparison = verdict_of(tasks_of(range(20)), tasks_of(range(2, 20 + gained)))
        entry = to_comparison(comparison)["candidates"][0]
        held = entry["paired"]["difference_interval"]
        rejected = unconditional_p(gained, 2, entry["paired"]["tasks"]) <= 0.05
        assert (held["low"] > 0) == rejected
        assert (entry["verdict"]["p"] <= 0.05) == rejected


def test_the_difference_by_application_is_on_every_surface_and_decides_nothing() -> None:
    first = document(tasks_of(range(12), total=40), "a")
    second = document(tasks_of([*range(1, 12), *range(13, 40, 4), 14, 18], total=40), "b")
    comparison = compare(side(first), [side(second)])
    paired = to_comparison(comparison)["candidates"][0]["paired"]
    apart: dict[str, list[float]] = {}
    for entry, two in zip(first["tasks"], second["tasks"], strict=True):
        apart.setdefault(entry["domain"], []).append(two["score"] - entry["score"])
    sizes = {len(values) for values in apart.values()}
    assert len(sizes) == 1, "with applications of one size CR2 is t over their means"
    held = ttest_1samp([sum(v) / len(v) for v in apart.values()], 0).confidence_interval(0.95)
    result = paired["clustered_interval"]
    assert (result["low"], result["high"]) == pytest.approx((held.low, held.high))
    assert (paired["clusters"], result["method"]) == (len(apart), "cluster-cr2")
    shown = f"{100 * held.low:+.1f} to {100 * held.high:+.1f}"
    for text in surfaces(comparison)[:3]:
        assert shown in text
        assert f"over {len(apart)} applications" in text
