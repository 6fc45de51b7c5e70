#!/usr/bin/env python3
"""Takes the README's pictures: two simulated runs are played whole, reported and compared.

Takes about five minutes. Writes .github/images/*.png. Needs Debian's chromium, the Azurite blob
emulator, and for the README's look the Inter font (Debian: fonts-inter).
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image

from tests.fleet.pictured import BASELINE, CANDIDATE, SHOWN, SHOWN_STEP, play
from tests.fleet.whole import COMMAND
from tests.tiers import chromium_command

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = ROOT / ".github" / "images"
WIDTH, HEIGHT = 1280, 1300
TASK_HEIGHT, TASKS_HEIGHT = 980, 1080
"""Windows, in CSS pixels. The last two are about as high as the pictures beside theirs."""

SCALE = 2
COLOURS = 256

_LAID_OUT = (
    "document.querySelectorAll('main > section')"
    ".forEach(section => section.style.contentVisibility = 'visible')"
)
_BELOW = 14
_BOTTOM = "e => Math.ceil(e.getBoundingClientRect().bottom)"


def played(directory: Path) -> tuple[Path, Path]:
    """Play both runs side by side; return the candidate's report and the comparison."""
    # Each run's servers are threads of its own process.
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        ran = [
            pool.submit(play, picture, directory / picture.name)
            for picture in (BASELINE, CANDIDATE)
        ]
        baseline, candidate = (future.result() for future in ran)
    out = directory / "comparison"
    compare = [COMMAND, "compare", str(baseline), str(candidate), "--out", str(out)]
    subprocess.run(compare, check=True)
    return candidate / "report.html", out / "comparison.html"


def opened(
    browser: Browser, path: Path, theme: str = "light", height: int = HEIGHT, fragment: str = ""
) -> Page:
    """Return a page once its script is ready, with every section laid out."""
    page = browser.new_page(
        viewport={"width": WIDTH, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        device_scale_factor=SCALE,
    )
    page.goto(path.as_uri() + fragment)
    page.locator("html[data-ready]").wait_for()
    page.evaluate(_LAID_OUT)
    return page


def take(page: Page, name: str, section: str = "", last: str = "") -> None:
    """Write what the window shows, scrolled to a section, down to the element ``last``."""
    if section:
        page.evaluate(f"document.getElementById('{section}').scrollIntoView()")
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if last:
        bottom = page.locator(last).first.evaluate(_BOTTOM) + _BELOW
        shot = shot.crop((0, 0, shot.width, min(shot.height, round(bottom * SCALE))))
    paletted(shot).save(IMAGES / f"{name}.png", optimize=True)


def paletted(shot: Image.Image) -> Image.Image:
    """Return a picture in 256 colours: its commonest, and those that cover the rest."""
    pixels = np.asarray(shot).astype(np.int32)
    packed = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    codes, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    spread = shot.quantize(COLOURS // 2, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    covering = np.asarray(spread.getpalette(), dtype=np.int32).reshape(-1, 3)[: COLOURS // 2]
    kept = np.vstack([colours[np.argsort(-counts)[: COLOURS // 2]], covering])
    nearest = ((colours[:, None] - kept[None]) ** 2).sum(axis=2).argmin(axis=1)
    image = Image.fromarray(nearest[places].reshape(packed.shape).astype(np.uint8), "P")
    image.putpalette(kept.astype(np.uint8).tobytes())
    return image


def take_all(browser: Browser, report: Path, comparison: Path) -> None:
    """Take the pictures of the report and of the comparison."""
    take(opened(browser, report), "report", last="#overview .reading")
    take(opened(browser, report, "dark"), "report-fleet", "workers", "#fleet .timeline")
    task = opened(
        browser, report, height=TASK_HEIGHT, fragment=f"#task={SHOWN.replace('/', '%2F')}%2F0"
    )
    task.get_by_label("Step", exact=True).fill(str(SHOWN_STEP))
    task.locator("dialog svg.overlay circle").wait_for()
    take(task, "report-task")
    tasks = opened(browser, report, "dark", TASKS_HEIGHT)
    for _ in range(2):  # the most first
        tasks.get_by_role("button", name="Attempts", exact=True).click()
    tasks.mouse.move(0, 0)
    take(tasks, "report-tasks", "tasks")
    take(opened(browser, comparison), "report-comparison", last=".reading")


@click.command(help=__doc__)
@click.option(
    "--kept",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the runs in this new directory, or take the pictures of those it holds.",
)
def main(kept: Path | None) -> None:
    """Take all pictures."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        directory = kept or Path(temporary)
        report = directory / CANDIDATE.name / "report" / "report.html"
        comparison = directory / "comparison" / "comparison.html"
        if not comparison.is_file():
            directory.mkdir(exist_ok=True)
            report, comparison = played(directory)
        browser = driver.chromium.launch(
            executable_path=chromium_command(), args=["--no-sandbox", "--disable-gpu"]
        )
        take_all(browser, report, comparison)
        browser.close()


if __name__ == "__main__":
    main()
