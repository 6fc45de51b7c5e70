"""A real browser for the report's pages, and a pair of runs with what is said of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.report.ledger_pair import surfaces
from tests.report.sweep import Ledgers
from tests.tiers import chromium_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
)


@dataclass(slots=True)
class Visit:
    """One page in the browser: what it complained of and asked for since it was opened."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        """Return the texts of the visible elements that a selector finds."""
        return [
            locator.inner_text()
            for locator in self.page.locator(selector).all()
            if locator.is_visible()
        ]

    def outside(self) -> list[str]:
        """Return the requests that went to anything but files and the page itself."""
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]


@dataclass(slots=True)
class Visitor:
    """Opens pages, each in a context of its own."""

    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(
        self,
        path: Path,
        fragment: str = "",
        *,
        theme: Literal["light", "dark"] = "light",
        width: int = 1280,
        **options: Any,
    ) -> Visit:
        """Open a file and wait until its script is ready and its sections are shown.

        A question about what a hidden section shows makes Chromium lay it out, and complain.
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **options
        )
        self.contexts.append(context)
        visit = Visit(context.new_page())
        visit.page.on("console", lambda said: visit.complaints.append(said.text))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("request", lambda request: visit.requests.append(request.url))
        visit.page.goto(path.as_uri() + fragment)
        visit.page.locator("html[data-ready]:not([data-late])").wait_for()
        return visit


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a headless browser, one for each module.

    While Playwright's driver is open, its event loop runs in this thread: whatever the process did
    next by ``asyncio.run`` would fail. So no test of another module may meet it.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium_command(), args=list(SWITCHES), headless=True
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visitor]:
    """Return what opens pages; they are closed at the end of the test."""
    visitor = Visitor(chromium)
    yield visitor
    for context in visitor.contexts:
        context.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Ledgers:
    """A pair of runs, what the product says of them, and their ledgers read anew."""
    return Ledgers(surfaces(tmp_path_factory.mktemp("pair")))
