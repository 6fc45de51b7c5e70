from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.causes import Cause
from orchestrator.report import EvidenceStep, TaskEvidence, render_html, summarize
from orchestrator.report.text import relative_link
from tests.report.fake_run import FakeRun, demo_run, evidence, facts, outcome, plan_of, suite_named
from tests.report.hostile import CORPUS, hostile_evidence, hostile_run

if TYPE_CHECKING:
    from orchestrator.report.facts import Evidence


def page_of(run: FakeRun, kept: Evidence | None = None, /, **changes: object) -> str:
    return render_html(summarize(run.plan, run.fold(), facts(**changes)), kept or {})


class Page(HTMLParser):
    """Collects the elements, their attributes, and the data block of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._block: str | None = None
        self.blocks: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.elements.append((tag, known))
        self._block = known.get("id") or "code" if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._block = None

    def handle_data(self, data: str) -> None:
        if self._block is not None:
            self.blocks[self._block] = self.blocks.get(self._block, "") + data

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.blocks["data"])
        return found

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def test_the_page_is_whole_and_asks_for_nothing_else() -> None:
    run = demo_run()
    page = Page(page_of(run, evidence(run)))
    for tag, attributes in page.elements:
        assert tag not in {"iframe", "object", "embed", "base"}
        for name in ("src", "href", "action", "srcset", "data", "poster"):
            assert re.match(r"(#|data:,|$)", attributes.get(name) or ""), (tag, attributes)
    assert "@import" not in page_of(run)
    assert "url(" not in page_of(run)


def test_every_task_has_its_row_and_its_data() -> None:
    run = demo_run()
    page = Page(page_of(run, evidence(run)))
    rows = [a for tag, a in page.elements if tag == "tr" and "data-task" in a]
    assert [row["data-task"] for row in rows] == [str(n) for n in range(154)]
    assert [task["grade"] for task in page.data["tasks"]] == [row["data-grade"] for row in rows]
    assert all(len(task["evidence"]["steps"]) == 5 for task in page.data["tasks"])


def test_the_policy_allows_the_pages_own_script_only() -> None:
    text = page_of(demo_run())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy.group(1)
    assert "unsafe" not in policy.group(1)
    assert not re.search(r'\son\w+="', text)
    assert not re.search(r'\sstyle="', text)


def test_the_script_writes_no_markup() -> None:
    script = files("orchestrator.report").joinpath("templates/report.js").read_text("utf-8")
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
    ):
        assert way not in script


def test_hostile_text_adds_no_element_and_leaves_no_script() -> None:
    run = hostile_run()
    changes = {"notes": CORPUS, "warnings": CORPUS, "run": CORPUS[0], "command": CORPUS[3]}
    text = page_of(run, hostile_evidence(run), **changes)
    page = Page(text)
    assert page.count("script") == 2
    assert page.count("img") == page.count("h1") - 1 == page.count("iframe") == 0
    assert not any(name.startswith("on") for _, a in page.elements for name in a)
    assert "\u2028" not in text
    assert len(page.data["tasks"]) == len(CORPUS)
    text.encode()  # no lone surrogate is left


def test_hostile_evidence_links_nowhere_else() -> None:
    run = hostile_run()
    bad = (
        "javascript:alert(1)",
        "//evil.example/x",
        "/etc/passwd",
        "../a/../../up",
        "a/../../b",
        "http://evil.example",
        "\\\\host\\share",
        "data:text/html,x",
        "\ud800",
    )
    unit = run.plan.units[0]
    steps = tuple(EvidenceStep(1, "", screenshot=path) for path in bad)
    kept = {unit: TaskEvidence("javascript:alert(1)", steps)}
    task = next(t for t in Page(page_of(run, kept)).data["tasks"] if t["evidence"]["steps"])
    assert task["evidence"]["link"] == ""
    assert {step["screenshot"] for step in task["evidence"]["steps"]} == {""}
    assert relative_link("a b/c#d?.png") == "a%20b/c%23d%3F.png"
    assert relative_link("../ledger/evidence/a.png") == "../ledger/evidence/a.png"


@pytest.mark.parametrize(
    ("data", "prefix"),
    [
        (b"\x89PNG\r\n\x1a\n....", "data:image/png;base64,"),
        (b"\xff\xd8\xff\xe0", "data:image/jpeg;base64,"),
        (b"<svg onload=alert(1)>", ""),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 2_000_001, ""),
    ],
)
def test_only_small_images_are_put_into_the_page(data: bytes, prefix: str) -> None:
    run = FakeRun(plan_of(suite_named(1)))
    kept = {run.plan.units[0]: TaskEvidence(steps=(EvidenceStep(1, "click", image=data),))}
    image = Page(page_of(run, kept)).data["tasks"][0]["evidence"]["steps"][0]["image"]
    assert image.startswith(prefix)
    assert bool(image) == bool(prefix)


def test_simulated_is_in_the_title_a_banner_and_a_watermark() -> None:
    text = page_of(demo_run())
    assert "<title>[SIMULATED] " in text
    assert 'class="banner"' in text
    assert '<body class="simulated">' in text


def test_lanes_show_boots_steals_failures_and_deaths() -> None:
    page = Page(page_of(demo_run()))
    classes = [a.get("class") or "" for tag, a in page.elements if tag in ("rect", "g")]
    for mark in (
        "bar k-boot",
        "stolen",
        "bar k-infrastructure",
        "bar k-lost",
        "end died",
        "end failed",
        "end ok",
    ):
        assert mark in classes, mark


def test_a_run_without_times_workers_or_scores_still_has_a_page() -> None:
    run = FakeRun(plan_of(suite_named(2)))
    text = page_of(run, started=0.0, ended=0.0, predicted_s=None, exit_code=None, store="")
    assert "2 expected = 0 scored + 0 infrastructure + 2 missing" in text
    run.end(outcome(run.plan.units[0], None, Cause.ARENA, worker="tree", at=0.0, seconds=0.0))
    assert "1 infrastructure" in page_of(run, started=0.0, ended=0.0)


def test_all_tables_and_sections_are_named_for_those_who_listen() -> None:
    page = Page(page_of(demo_run()))
    sections = [a for tag, a in page.elements if tag == "section"]
    ids = {a.get("id") for _, a in page.elements}
    assert all(section.get("aria-labelledby") in ids for section in sections)
    charts = [a for tag, a in page.elements if tag == "svg" and a.get("width") == "100%"]
    assert charts
    assert all(
        a.get("aria-hidden") or (a.get("role"), bool(a.get("aria-label"))) == ("img", True)
        for a in charts
    )
    assert all(a.get("scope") for tag, a in page.elements if tag == "th")
    assert {"main", "header", "nav", "footer"} <= {tag for tag, _ in page.elements}
