"""What stands beside a verdict: tasks that flip anyway, the tipping point, what to run again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator import stats
from orchestrator.comparison import Branch, Comparison, compare, read_record
from orchestrator.report.formats.comparison_document import comparison_schema, to_comparison
from orchestrator.report.formats.comparison_markdown import render_comparison_markdown
from orchestrator.report.formats.comparison_terminal import render_text
from orchestrator.report.page.comparison_page import render_comparison_html
from orchestrator.report.publication import Publication, comment_of
from orchestrator.stats import Verdict
from tests.report.hostile import CORPUS
from tests.report.run_documents import FINGERPRINT, document, side, task, tasks_of
from tests.stats.test_paired import table

if TYPE_CHECKING:
    from collections.abc import Iterable

VALIDATOR = Draft202012Validator(comparison_schema())


def run(
    name: str, wins: Iterable[int], missing: Iterable[int] = (), model: str = "gpt-4o"
) -> dict[str, Any]:
    return document(
        tasks_of(wins, missing=missing), name, fingerprint={**FINGERPRINT, "model": model}
    )


def surfaces(comparison: Comparison) -> dict[str, str]:
    """Return what each reader gets, as text without markup of its own."""
    result = to_comparison(comparison)
    VALIDATOR.validate(json.loads(json.dumps(result)))
    record = comparison.candidates[0].side.runs[0]
    return {
        "terminal": render_text(comparison),
        "markdown": render_comparison_markdown(comparison),
        "comment": comment_of(Publication(record, comparison=comparison)),
        "page": render_comparison_html(result),
        "json": "\n".join(result["candidates"][0]["advice"]),
    }


def everywhere(comparison: Comparison, text: str) -> None:
    for surface, shown in surfaces(comparison).items():
        assert text in shown, surface


def advice(comparison: Comparison) -> list[str]:
    said: list[str] = to_comparison(comparison)["candidates"][0]["advice"]
    return said


def short_of_a_finding() -> Comparison:
    """13 tasks lost, none gained; six that the baseline had failed have no score."""
    first = run("waa-77", range(20))
    return compare(side(first), [side(run("night", range(13, 20), missing=range(30, 36)))])


def test_the_tipping_point_stands_on_every_surface_beside_what_to_run_again() -> None:
    comparison = short_of_a_finding()
    decision = comparison.candidates[0].decision
    assert decision is not None
    assert decision.survives is False
    needed = next(
        more for more in range(7) if stats.paired_test(table(more, 13, 20)).p > stats.ALPHA
    )
    result = to_comparison(comparison)["candidates"][0]
    assert result["verdict"]["tipping"] == {"needed": needed, "missing": 6}
    everywhere(
        comparison,
        f"The finding (worse) holds unless {needed} of the 6 missing scores go against it.",
    )
    everywhere(comparison, "Run again what has no score, then compare again: 6 trials of night")
    everywhere(comparison, "waa-matrix run --resume --rerun-undecided --out DIR")
    assert result["unscored"] == [
        {
            "run": "night",
            "role": "candidate",
            "trials": 6,
            "command": "waa-matrix run --resume --rerun-undecided --out DIR",
        }
    ]


def test_what_is_decided_or_whole_needs_no_run_again() -> None:
    whole = compare(side(run("a", range(10))), [side(run("b", range(9, 19)))])
    assert advice(whole) == []
    held = compare(side(run("a", range(30))), [side(run("b", range(4, 20), missing=[38]))])
    assert held.candidates[0].verdict is Verdict.WORSE
    assert advice(held) == []
    assert [unscored.trials for unscored in held.candidates[0].beside.unscored] == [1]


def test_each_side_and_run_is_named_with_its_count_and_its_command() -> None:
    pool = side(run("waa-12", range(9), missing=[1, 2]), run("main-2", range(9)))
    comparison = compare(pool, [side(run("waa-99", range(9), missing=[3]))])
    (said,) = [entry for entry in advice(comparison) if entry.startswith("Run again")]
    assert "1 trial of waa-99 (candidate), 2 trials of waa-12 (baseline). gh workflow run" in said
    assert said.endswith(
        "gh workflow run benchmark.yml -f resume=99 (and its other inputs); "
        "gh workflow run benchmark.yml -f resume=12 (and its other inputs)"
    )


def test_no_text_of_a_run_enters_a_command() -> None:
    for name in [*CORPUS, "waa-12; rm -rf /", "waa-12 7", "waa-٣"]:
        comparison = compare(side(run("a", range(9))), [side(run(name, range(9), missing=[1]))])
        (unscored,) = comparison.candidates[0].beside.unscored
        assert unscored.command == "waa-matrix run --resume --rerun-undecided --out DIR"


def of_forty(gained: int, lost: int) -> float:
    return stats.paired_test(table(gained, lost, 40 - gained - lost)).p


def test_one_missing_score_and_all_of_them_are_said_as_such() -> None:
    for missing, text in ((1, "the missing score goes"), (2, "all 2 missing scores go")):
        lost = next(n for n in range(20) if of_forty(missing - 1, n) <= stats.ALPHA)
        assert of_forty(missing, lost) > stats.ALPHA
        new = run("b", range(lost, 20), missing=range(40 - missing, 40))
        said = advice(compare(side(run("a", range(20))), [side(new)]))
        assert f"The finding (worse) holds unless {text} against it." in said


def test_of_very_many_missing_scores_no_tipping_point_is_counted() -> None:
    old = document(tasks_of(range(200), 1000), "a")
    for missing in (stats.MOST_MISSING, stats.MOST_MISSING + 1):
        new = document(tasks_of(range(100), 1000, missing=range(1000 - missing, 1000)), "b")
        said = advice(compare(side(old), [side(new)]))
        counted = f"of the {missing} missing scores go against it." in said[0]
        assert counted == (missing == stats.MOST_MISSING)
        assert ("how few undo it is not counted" in said[0]) == (not counted)


def test_a_task_that_flips_in_the_pooled_baseline_is_named_beside_the_verdict() -> None:
    pool = side(run("1", range(10)), run("2", range(1, 10)), run("3", range(10)))
    comparison = compare(pool, [side(run("new", [*range(2, 10), 20]))])
    everywhere(
        comparison,
        "1 of the 2 lost tasks flips in the baseline by itself: d0/t000 (2 of 3).",
    )
    assert to_comparison(comparison)["candidates"][0]["flips"] == {
        "where": "",
        "runs": 3,
        "tasks": [{"domain": "d0", "name": "t000", "change": "lost", "successes": 2, "scored": 3}],
    }


def test_the_branchs_other_runs_tell_what_flips_but_only_those_made_alike() -> None:
    def record(name: str, wins: Iterable[int], model: str = "gpt-4o") -> Any:
        return read_record(run(name, wins, model=model), name)

    earlier = (
        record("1", [*range(3, 20), 25]),
        record("2", range(20)),
        record("3", range(10, 20), model="older"),
        record("new", []),
    )
    branch = Branch("main", earlier)
    comparison = compare(
        side(run("2", range(20))), [side(run("new", [*range(7, 20), 25, 26]))], branch=branch
    )
    everywhere(
        comparison,
        "3 of the 7 lost tasks flip on main by themselves: "
        "d0/t000 (1 of 2), d1/t001 (1 of 2), d2/t002 (1 of 2).",
    )
    everywhere(comparison, "1 of the 2 gained tasks flips on main by itself: d1/t025 (1 of 2).")
    assert to_comparison(comparison)["candidates"][0]["flips"]["runs"] == 2


def test_one_run_of_one_trial_tells_nothing_of_flips() -> None:
    comparison = compare(side(run("a", range(20))), [side(run("b", range(9)))])
    assert to_comparison(comparison)["candidates"][0]["flips"] is None
    twice = [task("t", 1.0), task("t", 0.0, trial=1), task("u", 1.0), task("u", 1.0, trial=1)]
    never = [{**entry, "score": 0.0} for entry in twice]
    itself = compare(side(document(twice, "a")), [side(document(never, "b"))])
    assert "1 of the 2 lost tasks flips in the baseline by itself: chrome/t (1 of 2)." in advice(
        itself
    )


def test_many_flips_are_named_in_part_and_counted_in_full() -> None:
    pool = side(run("1", range(20)), run("2", range(8, 20)))
    (said,) = advice(compare(pool, [side(run("new", range(12, 20)))]))
    assert said.startswith("8 of the 12 lost tasks flip in the baseline by themselves: ")
    assert said.endswith(", 3 more.")


@pytest.mark.parametrize("text", [text for text in CORPUS if text.strip()])
def test_what_runs_and_branches_are_called_is_inert(text: str) -> None:
    def of(name: str, score: float | None) -> dict[str, Any]:
        return document([task(text, score, domain=text), task("u", score)], name)

    pool = side(of(text, 1.0), of("2", 0.0))
    branch = Branch(text, (read_record(of("3", 1.0), "3"),))
    comparison = compare(pool, [side(of("b" + text, 0.0))], branch=branch)
    shown = surfaces(comparison)
    assert "flip" in shown["json"]
    for surface in ("markdown", "comment"):
        for start in ("<script", "<img", "<svg", "<h1", "](", "![", "<!--", "@octo", "http://evil"):
            assert start not in shown[surface].lower()
    assert "<script>window.pwned" not in shown["page"]
    assert "<svg onload" not in shown["page"]
    assert not {character for character in shown["terminal"] if character < " "} - {"\n"}


def test_a_comparison_of_an_earlier_version_is_valid_and_has_its_page() -> None:
    result = to_comparison(short_of_a_finding())
    entry = result["candidates"][0]
    for name in ("advice", "unscored", "flips"):
        del entry[name]
    del entry["verdict"]["tipping"]
    VALIDATOR.validate(result)
    page = render_comparison_html(result)
    assert "Not distinguishable" in page
    assert "missing scores go against it" not in page
