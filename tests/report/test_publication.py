"""What a pull request is told: verdict first, everything bounded, nothing foreign alive."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.comparison import compare, read_record, side_of
from orchestrator.report import summarize, to_document
from orchestrator.report.publication import (
    SUMMARY_LIMIT,
    Publication,
    check_of,
    comment_of,
    failed_texts,
    read_run_stats,
    summary_of,
)
from tests.report.fake_run import demo_run, facts, suite_named
from tests.report.hostile import CORPUS, hostile_run
from tests.report.run_documents import document, side, task, tasks_of

BASE = document(tasks_of(range(24)), "base-1")


def published(result: dict[str, Any], base: dict[str, Any] | None = None) -> Publication:
    record = read_record(result, "report")
    return Publication(
        record=record,
        stats=read_run_stats(result),
        comparison=compare(side(base), [side_of([record])]) if base else None,
        base="main" if base else "",
        run_url="https://github.test/runs/500",
        artifact_url="https://github.test/artifacts/7",
    )


WORSE = published(document(tasks_of(range(10), missing=[30]), "new"), BASE)


def test_the_verdict_is_the_first_line_everywhere() -> None:
    for text in (summary_of(WORSE), comment_of(WORSE), check_of(WORSE).summary):
        assert text.startswith("## 🔴 Worse than main\n\n0 gained, 14 lost of 39 tasks")
    assert check_of(WORSE).title == "Worse than main: 0 gained, 14 lost of 39 tasks"


@pytest.mark.parametrize(
    ("wins", "conclusion"),
    [
        (range(10), "failure"),
        (range(38), "success"),
        (range(24), "neutral"),
        (range(8, 32), "neutral"),
    ],
)
def test_the_check_fails_on_worse_alone(wins: range, conclusion: str) -> None:
    publication = published(document(tasks_of(wins), "new"), BASE)
    assert check_of(publication).conclusion == conclusion
    assert check_of(published(document(tasks_of(wins), "new"))).conclusion == "neutral"


def test_the_lost_are_remarked_on_and_so_are_those_without_a_score() -> None:
    remarks = check_of(WORSE).remarks
    assert [remark.level for remark in remarks] == ["warning"] * 14 + ["notice"]
    assert remarks[0].message == "d0/t012 succeeded on main, not here."
    assert remarks[-1].message == "d2/t030 has no score (arena; 1 attempts)."


def test_the_comment_names_what_changed_cost_time_and_noise() -> None:
    result = document(tasks_of(range(10), missing=[30]), "new", cost_usd=5.0, makespan_s=600.0)
    result["run"] |= {"predicted_s": 500.0, "predicted_cost_usd": 4.0}
    text = comment_of(published(result, {**BASE, "run": {**BASE["run"], "makespan_s": 300.0}}))
    assert "<code>d0/t012</code> | 1 | 0 |" in text
    assert "| Cost | $5.00 (predicted $4.00, $0.50 a full success) | — |" in text
    assert "| Time | 10 min 00 s (predicted 8 min 20 s) | 5 min 00 s |" in text
    assert "1 of 40 attempts ended by it (arena 1); 1 task without a score" in text
    assert "[workflow run](https://github.test/runs/500)" in text
    assert "[report](https://github.test/artifacts/7)" in text


def test_a_fleet_tells_more_and_may_be_absent() -> None:
    result = document(tasks_of(range(10)), "new", cost_usd=5.0)
    result["fleet"] = {
        "cost": {"predicted_usd": 6.0, "final_usd": 8.0, "per_success_usd": 0.8},
        "minutes": {"ratio": 1.3},
        "proof": {"proved": False, "looks": 3, "left": ["vm-1", "nic-1"]},
    }
    text = comment_of(published(result, BASE))
    assert "| Cost | $8.00 (predicted $6.00, $0.80 a full success) | — |" in text
    assert "Machines may be left behind (2)" in text
    result["fleet"] = None
    assert "| Cost | $5.00 ($0.50 a full success) | — |" in comment_of(published(result, BASE))


def test_a_smoke_test_says_that_it_cannot_decide() -> None:
    publication = published(document(tasks_of([1, 2], total=6), "smoke"), BASE)
    assert "A smoke test of 6 tasks" in comment_of(publication)
    assert comment_of(publication).startswith("## ⚪ Underpowered against main")


def test_without_a_baseline_it_says_why_and_shows_the_run() -> None:
    publication = replace(
        published(document(tasks_of([1]), "new")), why_not="no run of main is known."
    )
    text = summary_of(publication)
    assert text.startswith("## ⚪ No baseline\n\nno run of main is known.")
    assert "| <code>d0</code> | 10/10 |" in text


def test_the_summary_has_domains_a_timeline_and_stays_in_its_limit() -> None:
    run = demo_run()
    result = to_document(summarize(run.plan, run.fold(), facts()))
    before = {**result, "run": {**result["run"], "id": "before", "started": 1e9}}
    text = summary_of(published(result, before))
    assert "\ngantt\n" in text
    assert "| <code>vlc</code> | 2" in text
    assert text.startswith("## ⚪ &#91;SIMULATED&#93; Underpowered against main")


def test_two_thousand_tasks_fit_their_limits() -> None:
    names = [(key.domain, key.name + "x" * 150) for key in suite_named(2000).tasks]
    base = document([task(name, 1.0, domain=domain) for domain, name in names], "base")
    mine = document([task(name, 0.0, domain=domain) for domain, name in names], "new")
    publication = published(mine, base)
    assert len(summary_of(publication).encode()) <= SUMMARY_LIMIT
    assert len(summary_of(publication, 20_000).encode()) <= 20_000
    assert "Shortened" in summary_of(publication, 20_000)
    assert len(comment_of(publication)) <= 65_536
    assert len(check_of(publication).remarks) == 500


def test_hostile_text_is_inert_in_every_text() -> None:
    run = hostile_run()
    notes = {"notes": CORPUS, "warnings": CORPUS, "run": CORPUS[0]}
    result = to_document(summarize(run.plan, run.fold(), facts(**notes)))
    other = {**result, "run": {**result["run"], "id": CORPUS[2], "started": 1e9}, "fingerprint": {}}
    publication = replace(
        published(result, other), artifact_url=CORPUS[10], run_url="javascript:alert(1)"
    )
    check = check_of(publication)
    for text in (summary_of(publication), comment_of(publication), check.summary, check.text):
        plain = re.sub(r"```mermaid\n.*?\n```", "", text, flags=re.DOTALL)
        for start in ("<script", "<img", "<svg", "<h1", "](", "![", "<!--", "@octo", "http://evil"):
            assert start not in plain.lower()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]", text)
    comment, failed = failed_texts(CORPUS[0], "")
    assert "<script" not in comment + failed.summary


@pytest.mark.parametrize(
    "damage",
    [
        {"workers": [3, {"spans": [None, {"kind": "boot", "start": "x"}]}], "sessions": [[]]},
        {"workers": {}, "sessions": 3},
        {"fleet": [], "run": {"id": "x", "simulated": False, "warnings": "no"}},
        {"fleet": {"cost": 3, "minutes": None, "proof": {"proved": 1}}},
    ],
)
def test_what_only_decorates_may_be_damaged(damage: dict[str, Any]) -> None:
    result = {**document(tasks_of([1]), "new"), **damage}
    assert summary_of(published(result)).startswith("## ⚪ No baseline")
