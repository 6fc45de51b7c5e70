"""The report in a real browser: what it shows, how it is used, and that it asks for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.report.pages import write_demo, write_large

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Visit, Visitor

pytestmark = [pytest.mark.chromium, pytest.mark.xdist_group("chromium")]

ROWS = ".tasks tbody tr"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("page"))


def names(seen: Visit) -> list[str]:
    return seen.texts(f"{ROWS} th")


def test_the_page_renders_asks_for_nothing_and_complains_of_nothing(
    visit: Visitor, page: Path
) -> None:
    seen = visit(page)
    assert len(names(seen)) == 154
    assert seen.page.locator(".banner").inner_text().upper().startswith("SIMULATED")
    assert seen.page.locator("#workers .chart svg").is_visible()
    assert seen.page.locator("#workers svg a").count() > 154
    assert seen.page.locator("#fleet").get_by_text("Nothing left").is_visible()
    assert [url for url in seen.requests if not url.startswith("data:")] == [page.as_uri()]
    assert seen.complaints == []


def test_the_search_finds_by_words_in_any_order(visit: Visitor, page: Path) -> None:
    seen = visit(page)
    seen.page.locator("#query").fill("VLC demo-vlc-03")
    assert names(seen) == ["vlc/demo-vlc-03"]
    assert seen.page.locator("#shown").inner_text() == "1 of 154"
    seen.page.locator("#query").fill("nothing has this name")
    assert names(seen) == []
    seen.page.get_by_role("button", name="Show all").click()
    assert len(names(seen)) == 154
    assert seen.complaints == []


def test_grades_and_domains_filter(visit: Visitor, page: Path) -> None:
    seen = visit(page)
    seen.page.locator(".chip[data-grade=infrastructure]").click()
    grades = seen.page.locator(f"{ROWS}:visible").evaluate_all("r => r.map(x => x.dataset.grade)")
    assert grades
    assert set(grades) == {"infrastructure"}
    assert seen.page.locator("#shown").inner_text() == f"{len(grades)} of 154"
    seen.page.get_by_role("button", name="Clear").click()
    seen.page.locator("#domain").select_option("notepad")
    assert len(names(seen)) == 2
    assert seen.complaints == []


def test_a_domains_name_shows_its_tasks(visit: Visitor, page: Path) -> None:
    seen = visit(page)
    seen.page.locator("#domains summary").click()
    seen.page.locator("#domains button", has_text="chrome").click()
    assert seen.page.locator("#domain").input_value() == "chrome"
    assert len(names(seen)) == 17


def test_headings_sort_both_ways(visit: Visitor, page: Path) -> None:
    seen = visit(page)
    for order in ("ascending", "descending"):
        seen.page.get_by_role("button", name="Score", exact=True).click()
        shown = [text for text in seen.texts(f"{ROWS} td:nth-of-type(2)") if text != "—"]
        scores = [float(text) for text in shown]
        assert scores == sorted(scores, reverse=order == "descending")
        sorted_by = seen.page.locator(".tasks th[aria-sort]:not([aria-sort=none])")
        assert sorted_by.evaluate_all("h => h.map(x => x.ariaSort)") == [order]
    assert seen.complaints == []


def test_the_keyboard_alone_finds_opens_steps_and_closes(visit: Visitor, page: Path) -> None:
    seen = visit(page)
    keys = seen.page.keyboard
    keys.press("/")
    keys.type("vlc")
    listed = names(seen)
    keys.press("Enter")
    focused = seen.page.locator(":focus")
    assert focused.inner_text() == listed[0]
    for key in "jjk":
        keys.press(key)
    assert focused.inner_text() == listed[1]
    keys.press("Enter")
    where = seen.page.locator("dialog .under output")
    assert where.inner_text().startswith("Step 1: 1 of 8")
    keys.press("ArrowRight")
    assert where.inner_text().startswith("Step 2: 2 of 8")
    keys.press("j")
    assert seen.page.locator("#task-title").inner_text() == listed[2]
    keys.press("Escape")
    assert not seen.page.locator("dialog").is_visible()
    assert focused.inner_text() == listed[2]
    keys.press("Escape")
    assert len(names(seen)) == 154


def test_a_bar_of_the_timeline_opens_its_task(visit: Visitor, page: Path) -> None:
    seen = visit(page)
    bar = seen.page.locator("#workers svg a[href^='#task=']").nth(3)
    said = bar.locator("[aria-label]").get_attribute("aria-label") or ""
    bar.hover()
    assert seen.page.locator("#tip").inner_text() == said
    bar.click()
    assert seen.page.locator("#task-title").inner_text() == said.split(",")[0]


def test_the_theme_follows_the_system_until_one_is_chosen(visit: Visitor, page: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = visit(page), visit(page, theme="dark")
    shown = [visit.page.evaluate(background) for visit in (light, dark)]
    assert shown[0] != shown[1]
    bar = "getComputedStyle(document.querySelector('#workers svg a path')).fill"
    assert light.page.evaluate(bar) != dark.page.evaluate(bar)
    light.page.get_by_role("button", name="Theme").click()
    light.page.get_by_role("button", name="Theme").click()
    assert light.page.evaluate(background) == shown[1]


def test_paper_has_all_sections_the_mark_and_no_controls(visit: Visitor, page: Path) -> None:
    seen = visit(page, theme="dark")
    seen.page.emulate_media(media="print")
    mark = "getComputedStyle(document.body, '::after').content"
    assert seen.page.evaluate(mark) == '"SIMULATED"'
    assert seen.page.locator(".banner").is_visible()
    assert not seen.page.locator(".tools").is_visible()
    assert len(names(seen)) == 154
    white = "getComputedStyle(document.body).backgroundColor"
    assert seen.page.evaluate(white) == "rgb(255, 255, 255)"
    assert seen.page.pdf().startswith(b"%PDF")


def test_an_open_task_is_printed_alone(visit: Visitor, page: Path) -> None:
    seen = visit(page, "#task=vlc%2Fdemo-vlc-03%2F0")
    seen.page.emulate_media(media="print")
    assert seen.page.locator("#task-title").is_visible()
    assert not seen.page.locator("main").is_visible()


@pytest.mark.parametrize("width", [360, 820])
def test_a_narrow_screen_is_not_scrolled_sideways(visit: Visitor, page: Path, width: int) -> None:
    seen = visit(page, width=width)
    seen.page.locator("#settings").scroll_into_view_if_needed()
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    narrow = seen.page.locator("#domains .narrow")
    assert narrow.is_visible() == (width == 360)


def test_two_thousand_tasks_are_all_there_and_filter(visit: Visitor, tmp_path: Path) -> None:
    seen = visit(write_large(tmp_path, 2000))
    count = f"[...document.querySelectorAll('{ROWS}')].filter(r => !r.hidden).length"
    assert seen.page.evaluate(count) == 2000
    seen.page.locator("#domain").select_option("domain_3")
    assert seen.page.evaluate(count) == 167
    assert seen.complaints == []
