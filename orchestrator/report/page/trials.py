"""What the page shows of several trials of each task: a row for each k, and the flaky tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from orchestrator.report.charts.worker_timeline_chart import task_link
from orchestrator.report.phrases import wording
from orchestrator.report.phrases.amounts import NONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.report.model.entries import TaskEntry
    from orchestrator.report.model.results import Results

FLAKY_LIMIT = 500
"""Flaky tasks on the page; ``results.json`` names all."""


@dataclass(frozen=True, slots=True)
class TrialMark:
    """One trial of a flaky task: its grade, its score or a dash, both in words, and its page."""

    grade: str
    score: str
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class FlakyTask:
    """A task whose trials disagree; ``link`` leads to its rows in the task table."""

    domain: str
    name: str
    link: str
    marks: tuple[TrialMark, ...]


def flaky_tasks(results: Results) -> list[FlakyTask]:
    """Return the first ``FLAKY_LIMIT`` tasks whose trials disagree, with every trial of each."""
    if results.repeats is None:
        return []
    trials: dict[str, list[TaskEntry]] = {
        label: [] for label in results.repeats.flaky[:FLAKY_LIMIT]
    }
    for task in results.tasks:
        if task.label in trials:
            trials[task.label].append(task)
    return [_flaky(tasks) for tasks in trials.values()]


def _flaky(tasks: list[TaskEntry]) -> FlakyTask:
    first = tasks[0]
    link = "#find=" + quote(first.label, safe="")
    return FlakyTask(first.domain, first.name, link, tuple(_marks(tasks)))


def _marks(tasks: list[TaskEntry]) -> Iterator[TrialMark]:
    for task in sorted(tasks, key=lambda task: task.trial):
        score = NONE if task.score is None else f"{task.score:.2f}"
        ended = wording.GRADES[task.grade] if task.score is None else score
        said = f"Trial {task.trial} of {task.label}: {ended}"
        link = task_link(task.domain, task.name, task.trial)
        yield TrialMark(task.grade, score, said, link)
