"""Text from agents, guests and ledgers runs nowhere in the pages and asks for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.report import render_html, summarize
from tests.report.fake_fleet import fake_fleet
from tests.report.fake_run import facts
from tests.report.hostile import CORPUS, hostile_evidence, hostile_run
from tests.report.pages import write_comparison

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Visit, Visitor

pytestmark = [pytest.mark.chromium, pytest.mark.xdist_group("chromium")]


def unharmed(seen: Visit, headings: int = 1) -> None:
    assert seen.page.evaluate("typeof window.pwned") == "undefined"
    assert seen.page.locator("h1").count() == headings
    assert seen.page.locator("script:not([type='application/json'])").count() == 1
    assert seen.page.locator("iframe, object, embed, [onload], [onerror]").count() == 0
    assert seen.outside() == []


def test_every_hostile_task_opens_as_text(visit: Visitor, tmp_path: Path) -> None:
    run = hostile_run()
    results = summarize(run.plan, run.fold(), facts(notes=CORPUS, run=CORPUS[0]))
    path = tmp_path / "report.html"
    path.write_text(render_html(results, hostile_evidence(run)), "utf-8")
    seen = visit(path)
    for number in range(len(results.tasks)):
        seen.page.locator(f"[data-open='{number}']").dispatch_event("click")
        seen.page.evaluate(
            "document.querySelectorAll('dialog details').forEach(d => d.open = true)"
        )
        seen.page.get_by_role("button", name="After", exact=True).click()
        seen.page.keyboard.press("Escape")
    unharmed(seen)


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_a_hostile_fleet_is_text(visit: Visitor, tmp_path: Path, number: int) -> None:
    run = hostile_run()
    text = CORPUS[number]
    results = summarize(run.plan, run.fold(), facts())
    fleet = fake_fleet(0, proved=False, text=results.tasks[number].message or "x")
    path = tmp_path / "report.html"
    path.write_text(render_html(replace(results, fleet=fleet), {}), "utf-8")
    seen = visit(path)
    assert seen.page.locator("#fleet").is_visible()
    unharmed(seen)
    assert seen.complaints == [], text


@pytest.mark.parametrize("text", [text for text in CORPUS if text])
def test_a_hostile_comparison_is_text(visit: Visitor, tmp_path: Path, text: str) -> None:
    seen = visit(write_comparison(tmp_path, text))
    seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    unharmed(seen)
    assert seen.complaints == []
