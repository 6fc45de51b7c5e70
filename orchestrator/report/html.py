"""``report.html``: one page that needs nothing else, made of the package's templates.

Three walls stand between foreign text and the page's reader: the template engine escapes it, the
script writes it only as text, and the page's own policy runs no script and loads nothing but what
this module put there.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from orchestrator.causes import RULES
from orchestrator.ledger.paths import Unit
from orchestrator.report import charts, wording
from orchestrator.report.document import task_document
from orchestrator.report.facts import TaskEvidence
from orchestrator.report.text import (
    clean,
    clean_block,
    moment,
    percent,
    relative_link,
    span_of_time,
)
from orchestrator.suite import TaskKey

if TYPE_CHECKING:
    from orchestrator.report.facts import Evidence, EvidenceStep
    from orchestrator.report.results import Results, TaskEntry

LOG_LIMIT = 20_000
"""Characters of a task's log that the page holds: its end."""

STEPS_LIMIT = 200
_ACTION_LIMIT = 4_000
_IMAGE_LIMIT = 2_000_000
_IMAGE_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def render_html(results: Results, evidence: Evidence) -> str:
    """Return the page.

    Args:
        results: What the run amounts to.
        evidence: What is kept of each task; those without are shown without. Links are relative to
            where the page will stand, and anything else is left out.
    """
    environment = Environment(
        loader=PackageLoader("orchestrator.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "duration": span_of_time, "moment": moment}
    style, script = _own("report.css"), _own("report.js")
    return environment.get_template("report.html.j2").render(
        results=results,
        facts=results.facts,
        score=results.score,
        wording=wording,
        simulated=results.facts.simulated,
        style=style,
        script=script,
        policy=_policy(style, script),
        segments=charts.counts_bar(results.score),
        ruler=_ruler(results),
        domains=charts.domain_rows(results),
        timelines=charts.timelines(results),
        trials=any(task.trial for task in results.tasks),
        data=page_data(results, evidence),
    )


def _own(name: str) -> Markup:
    text = files("orchestrator.report").joinpath("templates", name).read_text("utf-8")
    return Markup(text)  # noqa: S704 - a file of this package, no foreign text is in it


def _policy(style: str, script: str) -> str:
    """Return a content security policy that allows the page's own two texts and images only."""
    return "; ".join(
        (
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}",
            "img-src 'self' data: file:",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _ruler(results: Results) -> dict[str, Any]:
    score = results.score
    return {
        "band": charts.line(score.band.worst, score.band.best),
        "interval": charts.interval_line(score.mean_interval),
        "mean": charts.spot(score.mean),
    }


def page_data(results: Results, evidence: Evidence) -> Markup:
    """Return what the page's script shows of each task, as JSON that no HTML parser can leave.

    Tasks stand in the order of ``results.tasks`` and are written one by one: all of them as values
    would be the largest thing in memory.
    """
    rules = {cause.value: rule.summary for cause, rule in RULES.items()}
    tasks = Markup(",").join(
        htmlsafe_json_dumps(_task(task, results, evidence)) for task in results.tasks
    )
    return Markup('{{"grades":{},"rules":{},"tasks":[{}]}}').format(
        htmlsafe_json_dumps(wording.GRADES), htmlsafe_json_dumps(rules), tasks
    )


def _task(task: TaskEntry, results: Results, evidence: Evidence) -> dict[str, Any]:
    document = task_document(task)
    # What all tasks share stands once on the page, in its settings.
    document["fingerprint"] = {
        key: value for key, value in task.fingerprint.items() if key not in results.fingerprint
    }
    document["grade"] = task.grade
    for shown, attempt in zip(document["attempts"], task.attempts, strict=True):
        shown["when"] = moment(attempt.started)
    unit = Unit(TaskKey(task.domain, task.name), task.trial)
    document["evidence"] = _evidence(evidence.get(unit, TaskEvidence()))
    return document


def _evidence(kept: TaskEvidence) -> dict[str, Any]:
    return {
        "link": relative_link(kept.link),
        "log": clean_block(kept.log_tail, LOG_LIMIT),
        "steps": [_step(step) for step in kept.steps[:STEPS_LIMIT]],
        "left_out": max(0, len(kept.steps) - STEPS_LIMIT),
    }


def _step(step: EvidenceStep) -> dict[str, Any]:
    return {
        "number": step.number,
        "action": clean_block(step.action[:_ACTION_LIMIT], _ACTION_LIMIT),
        "thought": clean_block(step.thought[:_ACTION_LIMIT], _ACTION_LIMIT),
        "at": clean(step.at, 100),
        "screenshot": relative_link(step.screenshot),
        "image": _image(step.image),
    }


def _image(data: bytes) -> str:
    """Return an image as a data URL, or "" for what is no PNG or JPEG, or too large."""
    kind = next((kind for magic, kind in _IMAGE_KINDS.items() if data.startswith(magic)), "")
    if not kind or len(data) > _IMAGE_LIMIT:
        return ""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
