#!/usr/bin/env python3
"""Takes the README's pictures of the report, from a simulated run that says so.

Writes .github/images/*.png. Needs Debian's chromium; looks best with the Inter font installed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.report.pages import ADDRESS, write_comparison, write_demo
from tests.tiers import chromium_command

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = ROOT / ".github" / "images"
WIDTH, HEIGHT = 1280, 900

_LAID_OUT = (
    "document.querySelectorAll('main > section')"
    ".forEach(section => section.style.contentVisibility = 'visible')"
)


def opened(browser: Browser, path: Path, theme: str = "light", fragment: str = "") -> Page:
    """Return a page once its script is ready, with every section laid out."""
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page.goto(path.as_uri() + fragment)
    page.locator("html[data-ready]").wait_for()
    page.evaluate(_LAID_OUT)
    return page


def take(page: Page, name: str, section: str = "") -> None:
    """Write what the window shows, scrolled to a section."""
    if section:
        page.evaluate(f"document.getElementById('{section}').scrollIntoView()")
    page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    """Take all pictures."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as directory, sync_playwright() as driver:
        report = write_demo(Path(directory))
        (Path(directory) / "comparison").mkdir()
        comparison = write_comparison(Path(directory) / "comparison")
        browser = driver.chromium.launch(
            executable_path=chromium_command(), args=["--no-sandbox", "--disable-gpu"]
        )
        take(opened(browser, report), "report")
        take(opened(browser, report, "dark"), "report-fleet", "workers")
        task = opened(browser, report, fragment=ADDRESS)
        task.get_by_label("Step", exact=True).fill("2")
        task.locator("dialog svg.overlay").wait_for()
        take(task, "report-task")
        take(opened(browser, report, "dark"), "report-tasks", "tasks")
        take(opened(browser, comparison), "report-comparison")
        browser.close()


if __name__ == "__main__":
    main()
