"""A task's page in a real browser: its steps, and what its actions do drawn on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.report.pages import ADDRESS, write_demo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.report.conftest import Visit, Visitor

pytestmark = [pytest.mark.chromium, pytest.mark.xdist_group("chromium")]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("page"))


def step(seen: Visit, number: int) -> None:
    """Move the slider, and wait until the screen of the step is there."""
    seen.page.get_by_label("Step", exact=True).fill(str(number))
    decoded(seen)


def decoded(seen: Visit) -> None:
    image = seen.page.locator("dialog img")
    image.wait_for()
    seen.page.wait_for_function(
        "i => document.querySelector(i).complete && document.querySelector(i).naturalWidth",
        arg="dialog img",
    )


def screenshots(seen: Visit) -> list[str]:
    return [url.rsplit("/", 1)[-1] for url in seen.requests if url.endswith(".png")]


def test_a_task_opens_by_its_address_with_all_that_is_known_of_it(
    visit: Visitor, page: Path
) -> None:
    seen = visit(page, ADDRESS)
    assert seen.page.locator("#task-title").inner_text() == "vlc/demo-vlc-03"
    said = seen.page.locator("dialog").inner_text()
    assert "SIMULATED" in said.upper()
    for part in ("Add the total", "Running evaluator(s)...", "Attempt 1", "Attempt 2", "lost"):
        assert part in said
    assert "select that cell" in seen.page.locator(".thought").inner_text()
    seen.page.get_by_text("End of the log").click()
    assert "Step 1" in seen.page.locator("details .log").inner_text()
    assert seen.complaints == []


def test_a_screenshot_is_asked_for_when_its_step_is_looked_at(visit: Visitor, page: Path) -> None:
    seen = visit(page)
    assert screenshots(seen) == []
    seen.page.evaluate(f"location.hash = '{ADDRESS}'")
    decoded(seen)
    assert screenshots(seen) == ["screenshot-step_0.png"]
    step(seen, 3)
    assert screenshots(seen) == ["screenshot-step_0.png", "screenshot-step_2.png"]
    seen.page.get_by_role("button", name="After", exact=True).click()
    decoded(seen)
    assert screenshots(seen)[-1] == "screenshot-step_3.png"
    assert seen.complaints == []


def test_a_click_is_drawn_where_it_was_aimed_on_the_screen_before_it(
    visit: Visitor, page: Path
) -> None:
    seen = visit(page, ADDRESS)
    drawing = seen.page.locator("dialog svg.overlay")
    drawing.wait_for()
    assert drawing.get_attribute("viewBox") == "0 0 1280 800"
    spot = drawing.locator("circle.fill")
    assert (spot.get_attribute("cx"), spot.get_attribute("cy")) == ("412", "318")
    image = seen.page.locator("dialog img").bounding_box()
    dot = spot.bounding_box()
    assert image is not None
    assert dot is not None
    middle = (dot["x"] + dot["width"] / 2 - image["x"]) / image["width"]
    assert middle == pytest.approx(412 / 1280, abs=0.005)


@pytest.mark.parametrize("height", [620, 900])
def test_a_screenshot_is_shown_whole_in_a_low_window(
    visit: Visitor, page: Path, height: int
) -> None:
    seen = visit(page, ADDRESS)
    seen.page.set_viewport_size({"width": 1280, "height": height})
    decoded(seen)
    frame = seen.page.locator("dialog .screen").bounding_box()
    image = seen.page.locator("dialog img").bounding_box()
    assert frame is not None
    assert image is not None
    assert image["height"] / image["width"] == pytest.approx(800 / 1280, abs=0.01)
    assert image["y"] >= frame["y"]
    assert image["y"] + image["height"] <= frame["y"] + frame["height"] + 1


@pytest.mark.parametrize(
    ("number", "marks", "said"),
    [
        (2, {"path": 4, "circle": 1}, ["drag"]),
        (3, {"path": 4, "circle": 1}, ["double click"]),
        (4, {"path": 0, "circle": 0}, ["types =SUM(B2:B12)"]),
        (5, {"path": 4, "circle": 0}, ["scrolls down 5"]),
        (6, {"path": 0, "circle": 0}, ["ctrl+s"]),
        (7, {"path": 2, "circle": 1}, ["right click"]),
    ],
)
def test_each_kind_of_action_has_its_drawing(
    visit: Visitor, page: Path, number: int, marks: dict[str, int], said: list[str]
) -> None:
    seen = visit(page, ADDRESS)
    step(seen, number)
    drawing = seen.page.locator("dialog svg.overlay")
    drawing.wait_for(state="attached")
    assert {name: drawing.locator(name).count() for name in marks} == marks
    assert seen.texts("dialog .said span") == said


def test_fractions_of_the_screen_are_placed_by_its_size(visit: Visitor, page: Path) -> None:
    seen = visit(page, ADDRESS)
    step(seen, 3)
    spot = seen.page.locator("dialog svg.overlay circle.fill")
    spot.wait_for()
    placed = [float(spot.get_attribute(name) or 0) for name in ("cx", "cy")]
    assert placed == [pytest.approx(0.64 * 1280), pytest.approx(0.55 * 800)]


def test_after_an_action_nothing_is_drawn(visit: Visitor, page: Path) -> None:
    seen = visit(page, ADDRESS)
    seen.page.get_by_role("button", name="After", exact=True).click()
    decoded(seen)
    assert seen.page.locator("dialog svg.overlay").count() == 0
    assert seen.texts("dialog .said span") == []


def test_a_missing_screenshot_is_said(visit: Visitor, page: Path) -> None:
    seen = visit(page, "#task=vlc%2Fdemo-vlc-04%2F0")
    seen.page.get_by_text("The screenshot does not lie beside the page.").wait_for()
    assert seen.page.locator("dialog .action").inner_text().endswith("click(412, 318)")
