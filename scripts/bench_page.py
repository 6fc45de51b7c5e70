#!/usr/bin/env python3
"""Opens the report of 154 tasks of 15 steps in Chromium, and an empty page of as many bytes.

Printed is the time from the navigation until the page answers: its script is done, its first frame
is painted, and a task of its own runs. Then the page's generation at N and 2N tasks. Exit status 1
when the report needs more than twice what the empty page needs, or when a task's share of the
generation grows with the number of tasks. Needs Debian's chromium.
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestrator.report import EvidenceStep, TaskEvidence, html_pieces, summarize
from orchestrator.report.model.images import shrink
from tests.report.fake_run import (
    ACTIONS,
    THOUGHT,
    FakeRun,
    demo_run,
    facts,
    outcome,
    plan_of,
    suite_named,
)
from tests.report.fake_screens import screen
from tests.tiers import chromium_command

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from orchestrator.planning.suite import Unit

STEPS = 15
ROUNDS = 14
MOST = 2.0
LINEAR = 1.3
SIZES = (1000, 2000, 4000)

# Put into the page before anything else runs there, so that asking takes no turn of its own.
_ANSWERS = """(() => {
  const look = () => document.documentElement?.dataset.ready === undefined
    ? requestAnimationFrame(look)
    : setTimeout(() => { window.answered = performance.now(); });
  requestAnimationFrame(look);
})()"""


def evidence(run: FakeRun, image: bytes = b"") -> dict[Unit, TaskEvidence]:
    """Return fifteen steps with a screenshot for each task: a link, or ``image`` in the page."""
    return {
        unit: TaskEvidence(
            log_tail="[10:00:07 INFO] a line of the log\n" * 200,
            steps=tuple(
                EvidenceStep(
                    number=number,
                    action=ACTIONS[number % len(ACTIONS)],
                    thought=THOUGHT,
                    screenshot="" if image else f"evidence/{unit}/screenshot-step_{number}.png",
                    image=image,
                    size=(1280, 800) if image else None,
                )
                for number in range(STEPS + 1)
            ),
        )
        for unit in run.plan.units
    }


def answers_after(browser: Browser, path: Path) -> float:
    """Return the milliseconds from navigation until a page answers."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(_ANSWERS)
    page.goto(path.as_uri())
    took = float(page.wait_for_function("window.answered").json_value())
    page.close()
    return took


def medians(browser: Browser, report: Path, empty: Path) -> tuple[float, float]:
    """Return both pages' median milliseconds; after a first look they take turns at going first."""
    took: dict[Path, list[float]] = {report: [], empty: []}
    for number in range(ROUNDS + 1):
        for path in (report, empty) if number % 2 else (empty, report):
            took[path].append(answers_after(browser, path))
    return statistics.median(took[report][1:]), statistics.median(took[empty][1:])


def empty_page(size: int) -> str:
    """Return a page of that many bytes which shows nothing and is ready at its end."""
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>empty</title><!--'
    tail = "--><script>document.documentElement.dataset.ready = '';</script></html>"
    return head + "x" * (size - len(head) - len(tail)) + tail


def opening(directory: Path) -> bool:
    """Print how long both kinds of report take to answer; return whether both are fast enough."""
    from playwright.sync_api import sync_playwright

    run = demo_run()
    results = summarize(run.plan, run.fold(), facts())
    small = shrink(screen(run.plan.units[0], 3))
    assert small is not None
    good = True
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium_command(), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, image in (("files beside", b""), ("single file", small.data)):
            text = "".join(html_pieces(results, evidence(run, image)))
            size = len(text.encode())
            report, empty = directory / "report.html", directory / "empty.html"
            report.write_text(text, "utf-8")
            empty.write_text(empty_page(size), "utf-8")
            ours, theirs = medians(browser, report, empty)
            ratio = ours / theirs
            good &= ratio <= MOST
            click.echo(
                f"{'ok  ' if ratio <= MOST else 'FAIL'} {ratio:.2f} <= {MOST:g} times an empty "
                f"page: {name}, {size / 1e6:.1f} MB, {ours:.0f} ms against {theirs:.0f} ms"
            )
        browser.close()
    return good


def generation() -> bool:
    """Print the processor's time for generating pages; return whether it is linear in tasks."""
    shares = []
    few = demo_run()
    "".join(html_pieces(summarize(few.plan, few.fold(), facts()), {}))  # the chart library's start
    for tasks in SIZES:
        run = FakeRun(plan_of(suite_named(tasks)))
        for unit in run.plan.units:
            run.end(outcome(unit, 1.0))
        results = summarize(run.plan, run.fold(), facts())
        kept = evidence(run)
        started = time.process_time()
        sink = io.StringIO()
        sink.writelines(html_pieces(results, kept))
        shares.append((time.process_time() - started) / tasks)
        click.echo(f"{tasks:>6} tasks {shares[-1] * 1e3:>8.3f} ms a task")
    growth = max(shares[1] / shares[0], shares[2] / shares[1])
    click.echo(f"{'ok  ' if growth <= LINEAR else 'FAIL'} {growth:.2f} <= {LINEAR:g} at 2N to N")
    return growth <= LINEAR


@click.command()
def main() -> None:
    """Print both figures."""
    good = generation()
    if chromium_command() is None:
        click.echo("not measured: opening needs Debian's chromium")
    else:
        with tempfile.TemporaryDirectory() as directory:
            good &= opening(Path(directory))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
