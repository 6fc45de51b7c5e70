"""What the page's script shows of tasks, as JSON that no HTML parser can leave.

Everything that a list needs stands in one index; the rest stands in a block of its own for each
task, which the browser passes over and the script reads when the task is opened.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from orchestrator.ledger.causes import RULES
from orchestrator.planning.suite import TaskKey, Unit
from orchestrator.report.formats.document import task_document
from orchestrator.report.model.facts import TaskEvidence
from orchestrator.report.model.gestures import ACTION_LIMIT, drawn, gestures
from orchestrator.report.model.images import data_url
from orchestrator.report.phrases import wording
from orchestrator.report.phrases.amounts import moment
from orchestrator.report.phrases.escapes import relative_link
from orchestrator.text import clean, clean_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.report.model.entries import TaskEntry
    from orchestrator.report.model.facts import Evidence, EvidenceStep
    from orchestrator.report.model.gestures import ScreenPoint
    from orchestrator.report.model.results import Results

LOG_LIMIT = 20_000
"""Characters of a task's log that the page holds: its end."""

STEPS_LIMIT = 200
_STAMP = re.compile(r"\A(\d{4})(\d\d)(\d\d)@(\d\d)(\d\d)(\d\d)\d*\Z")
"""A moment as the client's trajectory spells it."""

_FOUND_LIMIT = 2_000  # characters of one task that a search looks through


def page_index(results: Results) -> Markup:
    """Return what finding, sorting and filtering need of each task, in the order of the rows."""
    rules = {cause.value: rule.summary for cause, rule in RULES.items()}
    several = any(task.trial for task in results.tasks)
    entries = (_entry(task, several=several) for task in results.tasks)
    tasks = Markup(",").join(htmlsafe_json_dumps(entry) for entry in entries)
    return Markup('{{"grades":{},"rules":{},"tasks":[{}]}}').format(
        htmlsafe_json_dumps(wording.GRADES), htmlsafe_json_dumps(rules), tasks
    )


def _entry(task: TaskEntry, *, several: bool) -> dict[str, Any]:
    return {
        "label": task.label,
        "trial": task.trial,
        "grade": task.grade,
        "score": task.score,
        "steps": task.steps,
        "seconds": task.seconds,
        "attempts": len(task.attempts),
        "worker": task.worker,
        "text": _text(task, several=several),
    }


def _text(task: TaskEntry, *, several: bool) -> str:
    """Return what a search finds a task by, in lower case."""
    parts = [task.label, wording.GRADES[task.grade], task.message, *task.flags]
    parts += [task.cause.value] if task.cause else []
    parts += [f"trial {task.trial}"] if several else []
    for attempt in task.attempts:
        parts += [
            attempt.worker,
            attempt.machine,
            attempt.message,
            attempt.cause.value if attempt.cause else "",
        ]
    return "\n".join(dict.fromkeys(parts)).lower()[:_FOUND_LIMIT]


def task_blocks(results: Results, evidence: Evidence) -> Iterator[Markup]:
    """Yield each task's block; one at a time, for all as values would be the largest in memory."""
    for task in results.tasks:
        yield htmlsafe_json_dumps(_task(task, results, evidence))


def _task(task: TaskEntry, results: Results, evidence: Evidence) -> dict[str, Any]:
    document = task_document(task)
    # What all tasks share stands once on the page, in its settings.
    document["fingerprint"] = {
        key: value for key, value in task.fingerprint.items() if key not in results.fingerprint
    }
    document["grade"] = task.grade
    for shown, attempt in zip(document["attempts"], task.attempts, strict=True):
        shown["when"] = moment(attempt.started)
        shown["grade"] = attempt.grade
    unit = Unit(TaskKey(task.domain, task.name), task.trial)
    document["evidence"] = _evidence(evidence.get(unit, TaskEvidence()))
    return document


def _evidence(kept: TaskEvidence) -> dict[str, Any]:
    return {
        "link": relative_link(kept.link),
        "instruction": clean(kept.instruction, 2_000),
        "log": clean_lines(kept.log_tail, LOG_LIMIT, end=True),
        "evaluation": clean_lines(kept.evaluation, LOG_LIMIT, end=True),
        "steps": list(_steps(kept)),
        "left_out": max(0, len(kept.steps) - STEPS_LIMIT),
    }


def _steps(kept: TaskEvidence) -> Iterator[dict[str, Any]]:
    pointer: ScreenPoint | None = None
    for step in kept.steps[:STEPS_LIMIT]:
        results, pointer = gestures(step.action, pointer)
        yield {**_step(step), "gestures": [drawn(gesture) for gesture in results]}


def _step(step: EvidenceStep) -> dict[str, Any]:
    shown = {
        "number": step.number,
        "action": clean_lines(step.action, ACTION_LIMIT),
        "thought": clean_lines(step.thought, ACTION_LIMIT),
        "at": _STAMP.sub(r"\1-\2-\3 \4:\5:\6", clean(step.at, 100)),
        "screenshot": relative_link(step.screenshot),
        "image": data_url(step.image),
    }
    if step.size is not None:
        shown["size"] = list(step.size)
    return {key: value for key, value in shown.items() if value != ""}
