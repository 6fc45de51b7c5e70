"""Pages of runs that never happened, written for the browser's tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.report import render_html, summarize
from orchestrator.report.page.comparison_page import render_comparison_html
from tests.report.fake_comparison import fake_comparison, results_of
from tests.report.fake_run import FakeRun, demo_run, evidence, facts, outcome, plan_of, suite_named
from tests.report.fake_screens import screen
from tests.report.fake_trials import trials_run

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.report import Results

SHOWN = "vlc/demo-vlc-03/0"
"""The task of the page whose screenshots are there."""

ADDRESS = "#task=vlc%2Fdemo-vlc-03%2F0"


def demo_results() -> tuple[FakeRun, Results]:
    """Return the played run with its fleet, the time that it took, and what it cost."""
    run = demo_run()
    return run, results_of(run, "9182736450")


def write_demo(directory: Path) -> Path:
    """Write the played run's page; one task's screenshots lie beside it as files."""
    run, results = demo_results()
    kept = evidence(run)
    for unit, held in kept.items():
        if str(unit) == SHOWN:
            for step in held.steps:
                path = directory / step.screenshot
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(screen(unit, step.number))
    return _write(directory, render_html(results, kept))


def trials_results() -> tuple[FakeRun, Results]:
    """Return the played run of three trials of each task."""
    run = trials_run()
    folded = run.fold()
    ended = max(attempt.ended for result in folded.results for attempt in result.attempts)
    return run, summarize(run.plan, folded, facts(ended=ended))


def write_trials(directory: Path) -> Path:
    """Write the page of the run of three trials, without screenshots."""
    run, results = trials_results()
    kept = {
        unit: replace(held, steps=tuple(replace(step, screenshot="") for step in held.steps))
        for unit, held in evidence(run).items()
    }
    return _write(directory, render_html(results, kept))


def write_large(directory: Path, tasks: int) -> Path:
    """Write the page of a run of many tasks, all of them scored."""
    run = FakeRun(plan_of(suite_named(tasks)))
    for unit in run.plan.units:
        run.end(outcome(unit, 1.0))
    return _write(directory, render_html(summarize(run.plan, run.fold(), facts()), {}))


def write_comparison(directory: Path) -> Path:
    """Write a comparison's page."""
    return _write(directory, render_comparison_html(fake_comparison()))


def _write(directory: Path, text: str) -> Path:
    path = directory / "report.html"
    path.write_text(text, "utf-8")
    return path
