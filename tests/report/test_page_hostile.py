"""Text from agents, guests and ledgers runs nowhere in the pages and asks for nothing."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.report import render_html, summarize
from orchestrator.report.page.comparison_page import render_comparison_html
from tests.report.fake_comparison import fake_comparison
from tests.report.fake_run import facts
from tests.report.hostile import CORPUS, hostile_evidence, hostile_fleet, hostile_run

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def test_a_hostile_fleet_is_text(visit: Visitor, tmp_path: Path) -> None:
    run = hostile_run()
    results = summarize(run.plan, run.fold(), facts(), hostile_fleet())
    assert results.fleet is not None
    assert len(results.fleet.machines) > len(CORPUS) / 2
    path = tmp_path / "report.html"
    path.write_text(render_html(results, {}), "utf-8")
    seen = visit(path)
    assert seen.page.locator("#fleet").is_visible()
    unharmed(seen)
    assert seen.complaints == []


@pytest.mark.parametrize("turn", range(3))
def test_a_hostile_comparison_is_text(visit: Visitor, tmp_path: Path, turn: int) -> None:
    texts = cycle(CORPUS[turn:] + CORPUS[:turn])
    document = replaced(fake_comparison(pooled=1 + turn % 2), texts)
    path = tmp_path / "comparison.html"
    path.write_text(render_comparison_html(document), "utf-8")
    seen = visit(path)
    seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    unharmed(seen)
    assert seen.complaints == []


def replaced(value: Any, texts: Iterator[str]) -> Any:
    """Return a JSON value with every text in it another one of the corpus."""
    if isinstance(value, dict):
        return {name: replaced(entry, texts) for name, entry in value.items()}
    if isinstance(value, list):
        return [replaced(entry, texts) for entry in value]
    return next(texts) if isinstance(value, str) else value
