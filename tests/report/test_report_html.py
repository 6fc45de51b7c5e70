from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from orchestrator.ledger.causes import Cause
from orchestrator.report import EvidenceStep, TaskEvidence, render_html, summarize
from orchestrator.report.charts import fleet_charts
from orchestrator.report.charts.worker_timeline_chart import BARS_LIMIT, LANES_LIMIT
from orchestrator.report.phrases.amounts import dollars
from orchestrator.report.phrases.escapes import relative_link
from tests.report.fake_fleet import fake_fleet
from tests.report.fake_run import (
    START,
    FakeRun,
    demo_run,
    evidence,
    facts,
    outcome,
    plan_of,
    suite_named,
)
from tests.report.hostile import CORPUS, hostile_evidence, hostile_run

if TYPE_CHECKING:
    from orchestrator.report.model.facts import Evidence


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
    def index(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.blocks["index"])
        return result

    @property
    def tasks(self) -> list[dict[str, Any]]:
        names = [name for name in self.blocks if name.startswith("task-")]
        return [json.loads(self.blocks[name]) for name in names]

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def test_the_page_is_whole_and_asks_for_nothing_else() -> None:
    run = demo_run()
    page = Page(page_of(run, evidence(run)))
    for tag, attributes in page.elements:
        assert tag not in {"iframe", "object", "embed", "base", "image", "use"}
        for name in ("src", "href", "action", "srcset", "data", "poster"):
            assert re.match(r"(#|data:,|$)", attributes.get(name) or ""), (tag, attributes)
    assert "@import" not in page_of(run)
    assert "url(" not in page_of(run)


def test_every_task_has_its_row_and_its_data() -> None:
    run = demo_run()
    page = Page(page_of(run, evidence(run)))
    rows = [a for tag, a in page.elements if tag == "tr" and "data-task" in a]
    assert [row["data-task"] for row in rows] == [str(n) for n in range(154)]
    grades = [row["data-grade"] for row in rows]
    assert [task["grade"] for task in page.index["tasks"]] == grades
    assert [task["grade"] for task in page.tasks] == grades
    assert all(len(task["evidence"]["steps"]) == 9 for task in page.tasks)


def test_the_policy_allows_the_pages_own_script_only() -> None:
    text = page_of(demo_run())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy.group(1)
    assert "unsafe" not in policy.group(1)
    assert not re.search(r'\son\w+="', text)
    assert not re.search(r'\sstyle="', text)


def test_the_script_writes_no_markup() -> None:
    place = files("orchestrator.report.page").joinpath("templates")
    scripts = [path.read_text("utf-8") for path in place.iterdir() if path.name.endswith(".js")]
    assert len(scripts) > 5
    script = "\n".join(scripts)
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
    assert page.count("script") == 2 + len(CORPUS)
    assert sum(tag == "script" and "type" not in a for tag, a in page.elements) == 1
    assert page.count("img") == page.count("h1") - 1 == page.count("iframe") == 0
    assert not any(name.startswith("on") for _, a in page.elements for name in a)
    assert "\u2028" not in text
    assert len(page.tasks) == len(page.index["tasks"]) == len(CORPUS)
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
    task = next(t for t in Page(page_of(run, kept)).tasks if t["evidence"]["steps"])
    assert task["evidence"]["link"] == ""
    assert len(task["evidence"]["steps"]) == len(bad)
    assert not any("screenshot" in step for step in task["evidence"]["steps"])
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
    image = Page(page_of(run, kept)).tasks[0]["evidence"]["steps"][0].get("image", "")
    assert image.startswith(prefix)
    assert bool(image) == bool(prefix)


def test_a_steps_moment_is_written_as_people_do() -> None:
    run = FakeRun(plan_of(suite_named(1)))
    steps = (EvidenceStep(1, "click", at="20261125@222912"), EvidenceStep(2, "click", at="soon"))
    shown = Page(page_of(run, {run.plan.units[0]: TaskEvidence(steps=steps)})).tasks[0]
    assert [step["at"] for step in shown["evidence"]["steps"]] == ["2026-11-25 22:29:12", "soon"]


def test_simulated_is_in_the_title_a_banner_and_a_watermark() -> None:
    text = page_of(demo_run())
    assert "<title>[SIMULATED] " in text
    assert 'class="banner"' in text
    assert '<body class="simulated">' in text


def test_lanes_show_boots_steals_failures_and_deaths() -> None:
    page = Page(page_of(demo_run()))
    shapes = [a for tag, a in page.elements if tag == "path"]
    said = [a.get("aria-label") or "" for a in shapes]
    for mark in ("boot, ", ", infrastructure, ", ", lost, ", ", stolen", "died", "left, exit 1"):
        assert any(mark in text for text in said), mark
    for colour in ("--boot", "--success", "--infrastructure", "--stolen"):
        assert any(a.get("fill") == f"var({colour})" for a in shapes), colour


def test_bars_link_to_the_tasks_of_the_page() -> None:
    page = Page(page_of(demo_run()))
    links = [a["href"] or "" for tag, a in page.elements if tag == "a" and "tabindex" in a]
    known = {f"{task['label']}/{task['trial']}" for task in page.index["tasks"]}
    opened = {unquote(link.removeprefix("#task=")) for link in links if "task=" in link}
    assert opened
    assert opened <= known


def test_a_timeline_of_many_attempts_stays_drawable_and_says_so() -> None:
    run = FakeRun(plan_of(suite_named(6000)), workers=300)
    run.start()
    for number, unit in enumerate(run.plan.units):
        worker = f"w{number % 300:03d}"
        run.end(outcome(unit, 1.0, worker=worker, at=START + 60 + number, seconds=300.0))
    for number in range(300):
        run.beat(f"w{number:03d}", number)
    text = page_of(run)
    bars = [a for tag, a in Page(text).elements if tag == "a" and "tabindex" in a]
    assert 100 < len(bars) <= BARS_LIMIT + LANES_LIMIT
    assert "Neighbouring attempts too short to tell apart are drawn as one." in text
    assert "200 more workers are in results.json." in text


def test_a_fleets_cost_phases_machines_and_proof_are_shown() -> None:
    run = demo_run()
    fleet = fake_fleet(run)
    results = summarize(run.plan, run.fold(), facts(), fleet)
    assert results.fleet is not None
    cost, minutes = results.fleet.cost, results.fleet.minutes
    figures = [dollars(cost.final_usd), dollars(cost.per_success_usd), f"{minutes.billed:,.0f}"]
    text = render_html(results, {})
    for part in (*figures, "Nothing left", "3 looks", "waa-w2b", "first task"):
        assert part in text, part
    behind = ("disk/waa-w3-os", "nic/waa-w3-nic")
    left = render_html(summarize(run.plan, run.fold(), facts(), fake_fleet(run, left=behind)), {})
    assert "2 left behind" in left
    assert "disk/waa-w3-os" in left
    assert 'id="fleet"' not in render_html(summarize(run.plan, run.fold(), facts()), {})


def test_machines_with_long_names_stay_apart_in_their_chart() -> None:
    run = demo_run()
    progress = fake_fleet(run)
    events = tuple(
        replace(event, machine=event.machine and f"waa-19482901177-1-{event.machine.upper()}")
        for event in progress.events
    )
    results = summarize(run.plan, run.fold(), facts(), replace(progress, events=events))
    assert results.fleet is not None
    names = [machine.name for machine in results.fleet.machines]
    chart = fleet_charts.machines(results.fleet)
    assert chart is not None
    shown = re.findall(r">(…[^<]*)</text>", chart.wide)
    assert len(shown) == len(set(shown)) == len(names) == 5
    assert all(name.endswith(lane[1:]) for name, lane in zip(names, shown, strict=True))


def test_time_and_cost_stand_beside_what_was_predicted() -> None:
    text = page_of(demo_run(), cost_usd=29.35, predicted_cost_usd=27.1)
    assert "Time: 5 h 06 min of 4 h 41 min predicted; Cost: $29.35 of $27.10 predicted" in text
    bare = page_of(demo_run(), predicted_s=None)
    assert "Predicted against actual" not in bare


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
    charts = [a for tag, a in page.elements if tag == "svg"]
    assert len(charts) > 5
    assert all(a.get("role") in ("img", "group") and a.get("aria-label") for a in charts)
    assert all(a.get("scope") for tag, a in page.elements if tag == "th")
    assert {"main", "header", "nav", "footer"} <= {tag for tag, _ in page.elements}
