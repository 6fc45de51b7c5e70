"""Two runs and more, from their documents to a verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestrator.comparison import Comparison, Published, against, compare, read_record
from orchestrator.comparison.baseline import choose_baseline
from orchestrator.errors import BadInputError
from orchestrator.report.formats.comparison_document import comparison_schema, to_comparison
from orchestrator.report.formats.comparison_markdown import render_comparison_markdown
from orchestrator.report.formats.comparison_terminal import render_text
from orchestrator.report.page.comparison_page import render_comparison_html
from orchestrator.stats import Verdict
from tests.report.hostile import CORPUS
from tests.report.run_documents import FINGERPRINT, document, full_run, side, task, tasks_of
from tests.stats.oracles import unconditional_p

VALIDATOR = Draft202012Validator(comparison_schema())


def compared(first: dict[str, Any], second: dict[str, Any]) -> Comparison:
    return compare(side(first), [side(second)])


def verdict(first: dict[str, Any], second: dict[str, Any]) -> Verdict:
    return compared(first, second).candidates[0].verdict


def lines(comparison: Comparison) -> list[str]:
    return render_text(comparison).splitlines()


def test_a_gain_a_loss_and_no_difference() -> None:
    low, high = document(tasks_of(range(10)), "a"), document(tasks_of(range(22)), "b")
    assert verdict(low, high) is Verdict.BETTER
    assert verdict(high, low) is Verdict.WORSE
    assert verdict(low, document(tasks_of(range(9, 19)), "c")) is Verdict.NOT_DISTINGUISHABLE
    assert verdict(low, document(tasks_of(range(14)), "d")) is Verdict.UNDERPOWERED


def test_the_discordant_tasks_are_named_the_lost_first() -> None:
    first = document(tasks_of([1, 2, 3], missing=[7]), "a")
    second = document(tasks_of([3, 4], missing=[8]), "b")
    candidate = compared(first, second).candidates[0]
    assert [(changed.kind, changed.key[1]) for changed in candidate.changed] == [
        ("lost", "t001"),
        ("lost", "t002"),
        ("gained", "t004"),
        ("undecided", "t008"),  # by domain, then by name
        ("undecided", "t007"),
    ]
    assert (candidate.paired.tasks, candidate.paired.undecided) == (38, 2)
    assert (candidate.paired.gained, candidate.paired.lost, candidate.paired.both) == (1, 2, 1)


def test_missing_tasks_keep_a_finding_from_being_said() -> None:
    first = document(tasks_of(range(20)), "a")
    second = document(tasks_of(range(8, 34), missing=range(8)), "b")
    candidate = compared(first, second).candidates[0]
    assert candidate.decision is not None
    assert candidate.decision.survives is False
    assert candidate.verdict is Verdict.NOT_DISTINGUISHABLE
    assert "8 tasks lack a score on a side; at worst p = " in lines(compared(first, second))[0]


def test_no_verdict_where_simulated_meets_real() -> None:
    real = document(tasks_of(range(10)), "a")
    played = document(tasks_of(range(30)), "b", simulated=True)
    comparison = compared(real, played)
    assert comparison.candidates[0].verdict is Verdict.NONE
    assert comparison.candidates[0].decision is None
    assert "says nothing about a real one" in lines(comparison)[0]
    assert VALIDATOR.is_valid(to_comparison(comparison))
    assert verdict(document(tasks_of(range(10)), "c", simulated=True), played) is Verdict.BETTER


def test_it_warns_wherever_fingerprints_differ() -> None:
    other = {**FINGERPRINT, "model": "o3", "machine_size": "Standard_D4s_v5", "region": "eastus"}
    comparison = compared(
        document(tasks_of([1]), "a"), document(tasks_of([1]), "b", fingerprint=other)
    )
    candidate = comparison.candidates[0]
    assert {entry.key: entry.kind for entry in candidate.unlike} == {
        "model": "subject",
        "machine_size": "condition",
        "region": "condition",
    }
    text = render_text(comparison)
    assert "What is compared differs in model: gpt-4o → o3." in text
    assert "The conditions differ in machine_size: Standard_D8s_v5 → Standard_D4s_v5" in text
    assert "The conditions differ in region: unknown → eastus" in text


def test_conditions_that_vary_within_the_runs_are_warned_of() -> None:
    first, second = document(tasks_of([1]), "a"), document(tasks_of([1]), "b")
    for entry in (first, second):
        entry["fingerprint"]["varying"] = {"cpu": ["AMD", "Intel"]}
    assert "unlike conditions within the runs (cpu: AMD, Intel)" in render_text(
        compared(first, second)
    )


def test_tasks_of_one_suite_only_are_left_out_and_said() -> None:
    comparison = compared(document(tasks_of([1], 30), "a"), document(tasks_of([1], 40), "b"))
    assert comparison.candidates[0].paired.only_candidate == 10
    said = "30 tasks are compared. Left out: 10 that only b has (d0/t032, d0/t036, d1/t033, "
    assert said in render_text(comparison)


def test_nothing_in_common_is_bad_input() -> None:
    with pytest.raises(BadInputError, match="no task in common"):
        compared(document([task("x", 1.0)], "a"), document([task("y", 1.0)], "b"))


def test_several_candidates_share_the_level() -> None:
    base = document(tasks_of(range(20)), "a")
    near = document(tasks_of(range(7, 36)), "b")
    alone = compare(side(base), [side(near)]).candidates[0]
    others = [side({**near, "run": {**near["run"], "id": name}}) for name in "cde"]
    crowd = compare(side(base), [side(near), *others]).candidates[0]
    assert alone.decision is not None
    assert crowd.decision is not None
    assert crowd.decision.p == pytest.approx(min(1.0, 4 * alone.decision.p))


def test_a_pooled_baseline_names_tasks_by_their_share() -> None:
    runs = [document(tasks_of(range(10)), f"base-{n}") for n in range(3)]
    comparison = compare(side(*runs), [side(document(tasks_of(range(24)), "new"))])
    candidate = comparison.candidates[0]
    assert candidate.verdict is Verdict.BETTER
    assert {changed.kind for changed in candidate.changed} == {"rate-up"}
    result = to_comparison(comparison)
    assert result["baseline"]["name"] == "3 runs pooled"
    assert result["candidates"][0]["verdict"]["test"] == "stratified-exact"
    assert result["candidates"][0]["tasks"][0]["baseline"]["trials"] == 3


def test_the_baseline_is_the_last_runs_that_were_made_alike() -> None:
    def record(name: str, **changes: str) -> Any:
        return read_record(
            document(tasks_of([1]), name, fingerprint={**FINGERPRINT, **changes}), name
        )

    new = record("new", model="o3")
    earlier = [
        record("1"),
        record("2", machine_size="other"),
        record("3"),
        record("4"),
        record("5", model="older"),
        new,
        record("6"),
        record("7", machine_size="other"),
    ]
    assert [run.id for run in choose_baseline(new, earlier, 3)] == ["3", "4", "6"]
    assert [run.id for run in choose_baseline(new, earlier[1:2], 3)] == ["2"]
    played = replace(earlier[0], simulated=True, id="played")
    assert [run.id for run in choose_baseline(new, [played, earlier[0]], 3)] == ["1"]
    assert choose_baseline(new, [new], 3) == []


def hostile() -> Comparison:
    first = [task(text, 1.0, domain=text or "d") for text in CORPUS if text.strip()]
    second = [{**entry, "score": 0.0} for entry in first]
    fingerprint = {text: text for text in CORPUS}
    name = CORPUS[0]
    unique = {json.dumps([entry["domain"], entry["name"]]): entry for entry in first}
    return compare(
        side(document(unique.values(), name)),
        [
            side(
                document(
                    [{**entry, "score": 0.0} for entry in unique.values()],
                    "b",
                    fingerprint=fingerprint,
                )
            )
        ],
        [against(side(document(second[:1], name)), Published(CORPUS[2], {"All": 0.5}))],
    )


def test_every_document_is_valid_and_strict_json() -> None:
    ordinary = compared(document(tasks_of([1, 2]), "a"), document(tasks_of([2, 3]), "b"))
    for comparison in (hostile(), ordinary, compare(side(full_run(0.2)), [])):
        text = json.dumps(to_comparison(comparison), allow_nan=False, ensure_ascii=False)
        VALIDATOR.validate(json.loads(text.encode()))
    Draft202012Validator.check_schema(comparison_schema())


def test_hostile_text_is_inert_on_every_surface() -> None:
    comparison = hostile()
    markdown = render_comparison_markdown(comparison)
    for start in ("<script", "<img", "<svg", "<h1", "](", "![", "<!--", "@octo", "http://evil"):
        assert start not in markdown.lower()
    page = render_comparison_html(to_comparison(comparison))
    assert "<script>window.pwned" not in page
    assert "<svg onload" not in page
    text = render_text(comparison)
    assert not {character for character in text if character < " "} - {"\n"}
    assert "\x1b" not in text


def test_a_comparison_shows_its_verdict_first() -> None:
    comparison = compared(document(tasks_of(range(10)), "a"), document(tasks_of(range(22)), "b"))
    markdown = render_comparison_markdown(comparison)
    assert markdown.startswith("## 🟢 Better")
    p = unconditional_p(12, 0, 40)
    assert f"12 gained, 0 lost of 40 tasks (exact unconditional McNemar p = {p:.2g})" in markdown
    assert lines(comparison)[0].startswith("b against a: Better: 12 gained")


def test_a_tiny_p_is_said_as_less_than_what_can_be_shown() -> None:
    comparison = compared(document(tasks_of(range(4)), "a"), document(tasks_of(range(38)), "b"))
    assert "(exact unconditional McNemar p < 0.0001)" in lines(comparison)[0]
    assert "p = <" not in render_text(comparison) + render_comparison_markdown(comparison)


def test_the_pages_rates_differ_by_the_difference_it_names() -> None:
    first = document(tasks_of(range(10)), "a")
    second = document(tasks_of(range(8, 30), missing=range(36, 40)), "b")
    page = render_comparison_html(to_comparison(compared(first, second)))
    assert "27.8% → 61.1%" in page  # 10 and 22 of the 36 that both scored
    assert "+33.3 points" in page


def test_the_page_says_why_once() -> None:
    result = to_comparison(
        compared(document(tasks_of(range(10)), "a"), document(tasks_of(range(22)), "b"))
    )
    page = render_comparison_html(result)
    assert page.count("12 gained, 0 lost of 40 tasks (exact unconditional McNemar") == 1
    assert "A difference below" in page


DAMAGE: list[Any] = [
    [],
    {},
    {"schema": "other/1"},
    {**document([]), "tasks": {}},
    document([]),
    {**document(tasks_of([1])), "run": {"id": "x"}},
    document([{**task("x", 1.0), "score": 2.0}]),
    document([{**task("x", 1.0), "score": float("nan")}]),
    document([{**task("x", 1.0), "score": True}]),
    document([{**task("x", 1.0), "score": None}]),
    document([{**task("x", None), "score": 1.0}]),
    document([{**task("x", 1.0), "status": "won"}]),
    document([{**task("x", 1.0), "cause": "magic"}]),
    document([{**task("x", 1.0), "trial": -1}]),
    document([{**task("x", 1.0), "domain": 3}]),
    document([task("x", 1.0), task("x", 0.0)]),
    document(["x"]),  # type: ignore[list-item]  # hostile on purpose
]


@pytest.mark.parametrize("result", DAMAGE)
def test_a_damaged_document_is_refused_with_its_place(result: Any) -> None:
    with pytest.raises(BadInputError) as caught:
        read_record(result, "results.json")
    assert all(problem.where.startswith("results.json") for problem in caught.value.problems)


def test_what_decides_nothing_may_be_anything() -> None:
    odd = document(tasks_of([1]), "a", started="x", cost_usd=float("inf"), makespan_s=-1)
    odd |= {"fingerprint": 3, "fleet": {"cost": []}, "workers": "?", "damage": None}
    record = read_record(odd, "here")
    assert (record.started, record.cost_usd, record.makespan_s) == (None, None, None)
    assert record.fingerprint == {}


def test_the_fleets_cost_is_the_runs() -> None:
    known = document(tasks_of([1, 2]), "a", cost_usd=9.0)
    known["fleet"] = {"cost": {"final_usd": 4.0}}
    result = to_comparison(compared(known, document(tasks_of([1]), "b")))
    run = result["baseline"]["runs"][0]
    assert (run["cost_usd"], run["cost_per_success_usd"]) == (4.0, 2.0)
