from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from orchestrator.report import render_html, summarize
from tests.report.browser import Browser
from tests.report.fake_run import FakeRun, demo_run, evidence, facts, outcome, plan_of, suite_named
from tests.report.hostile import hostile_evidence, hostile_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.xdist_group("chromium"),
]

VISIBLE = "[...document.querySelectorAll('.tasks tbody tr')].filter(r => !r.hidden)"


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + b"\x30\x60\x90" * 4 for _ in range(3)))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = demo_run()
    results = summarize(run.plan, run.fold(), facts())
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_html(results, evidence(run, png())), "utf-8")
    return path


def test_the_page_renders_asks_for_nothing_and_complains_of_nothing(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    assert browser.run("document.documentElement.dataset.ready") == ""
    assert browser.run(f"{VISIBLE}.length") == 154
    assert browser.run("document.querySelectorAll('.lanes .lane').length") == 5
    assert (
        browser.run("document.querySelector('.banner').innerText").upper().startswith("SIMULATED")
    )
    assert [u for u in browser.requests() if not u.startswith("data:")] == [page.as_uri()]
    assert browser.complaints() == []


def test_tasks_are_found_filtered_and_sorted(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.run(
        "{const q=document.getElementById('query'); q.value='VLC demo-vlc-03';"
        "q.dispatchEvent(new Event('input'))}"
    )
    assert browser.run(f"{VISIBLE}.map(r => r.cells[0].innerText)") == ["vlc/demo-vlc-03"]
    browser.run("document.querySelector('.tools [type=reset]').click()")
    browser.run("document.querySelector('.chip[data-grade=infrastructure]').click()")
    grades = browser.run(f"{VISIBLE}.map(r => r.dataset.grade)")
    assert set(grades) == {"infrastructure"}
    assert browser.run("document.getElementById('shown').value") == f"{len(grades)} of 154"
    browser.run("document.querySelector('.tools [type=reset]').click()")
    browser.run("document.querySelector('[data-sort=score]').click()")
    browser.run("document.querySelector('[data-sort=score]').click()")
    scores = browser.run(f"{VISIBLE}.map(r => parseFloat(r.cells[2].innerText))")
    known = [score for score in scores if score is not None]
    assert known == sorted(known, reverse=True)
    heads = browser.run(
        "[...document.querySelectorAll('.tasks th[aria-sort]')]"
        ".map(h => h.getAttribute('aria-sort')).filter(s => s != 'none')"
    )
    assert heads == ["descending"]
    assert browser.complaints() == []


def test_a_task_opens_with_its_steps_and_attempts(browser: Browser, page: Path) -> None:
    browser.open(page, "#task=" + "vlc%2Fdemo-vlc-03%2F0")
    assert browser.run("document.getElementById('task').open") is True
    assert "vlc/demo-vlc-03" in browser.run("document.getElementById('task-title').innerText")
    assert browser.run("document.querySelector('dialog').innerText.toUpperCase()").count(
        "SIMULATED"
    )
    assert (
        browser.run("document.querySelector('dialog img').decode().then(() => 'shown')") == "shown"
    )
    browser.run("document.querySelector('[aria-label=\"Next step\"]').click()")
    assert "single_click" in browser.run("document.querySelector('dialog .action').innerText")
    assert browser.run("document.querySelectorAll('dialog .attempts li').length") >= 1
    before = browser.run("document.getElementById('task-title').innerText")
    browser.run("document.querySelector('[aria-label=\"Next task\"]').click()")
    assert browser.run("document.getElementById('task-title').innerText") != before
    browser.run("document.querySelector('dialog').close()")
    assert browser.complaints() == []


def test_hostile_text_stays_text(browser: Browser, tmp_path: Path) -> None:
    run = hostile_run()
    path = tmp_path / "report.html"
    kept = hostile_evidence(run)
    path.write_text(render_html(summarize(run.plan, run.fold(), facts()), kept), "utf-8")
    browser.open(path)
    for number in range(len(run.plan.units)):
        browser.run(f"document.querySelector('[data-open=\"{number}\"]').click()")
        browser.run("document.querySelectorAll('dialog details').forEach(d => d.open = true)")
    assert browser.run("typeof window.pwned") == "undefined"
    assert browser.run("document.scripts.length") == 2
    assert browser.run("document.querySelectorAll('h1').length") == 1
    outside = [u for u in browser.requests() if not u.startswith(("file:", "data:"))]
    assert outside == []


def test_two_thousand_tasks_are_all_there_and_filter(browser: Browser, tmp_path: Path) -> None:
    run = FakeRun(plan_of(suite_named(2000)))
    for unit in run.plan.units:
        run.end(outcome(unit, 1.0))
    path = tmp_path / "report.html"
    path.write_text(render_html(summarize(run.plan, run.fold(), facts()), {}), "utf-8")
    browser.open(path)
    assert browser.run(f"{VISIBLE}.length") == 2000
    browser.run("document.querySelector('button[data-domain=domain_3]').click()")
    assert browser.run(f"{VISIBLE}.length") == 167
    assert browser.complaints() == []


def test_dark_and_print_both_keep_the_simulated_mark(browser: Browser, page: Path) -> None:
    browser.open(page)
    light = browser.run("getComputedStyle(document.body).backgroundColor")
    scheme = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.send("Emulation.setEmulatedMedia", features=scheme)
    assert browser.run("getComputedStyle(document.body).backgroundColor") != light
    browser.send("Emulation.setEmulatedMedia", media="print", features=[])
    mark = browser.run("getComputedStyle(document.body, '::after').content")
    shown = browser.run("getComputedStyle(document.querySelector('.banner')).display")
    browser.send("Emulation.setEmulatedMedia", media="", features=[])
    assert (mark, shown) == ('"SIMULATED"', "flex")
