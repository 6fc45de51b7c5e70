"""``junit.xml``: the run for test viewers, one suite a domain and one case a trial of a task.

What a case says is what its reader has to do about it:

* passed: the full score;
* failure: scored less than 1, a partial score too (the score is in the message and a property);
* error: infrastructure, so the machinery and not the agent is to be looked at;
* skipped: missing, it never finished an attempt.

A failure here is not a failed run: a low score is a result. The run's own verdict is its exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from orchestrator.ledger.causes import RULES, Status
from orchestrator.ledger.records import plausible_time
from orchestrator.report.phrases import wording
from orchestrator.report.phrases.amounts import moment
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestrator.report.model.entries import TaskEntry
    from orchestrator.report.model.results import Results

_MESSAGE_LIMIT = 1000


def render_junit(results: Results) -> str:
    """Return the document as text, with an XML declaration."""
    root = ET.Element(
        "testsuites", {"name": clean(wording.title(results)), **_totals(results.tasks)}
    )
    groups: dict[str, list[TaskEntry]] = {}
    for task in results.tasks:
        groups.setdefault(task.domain, []).append(task)
    for domain, tasks in groups.items():
        root.append(_suite(results, domain, tasks))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _totals(tasks: Iterable[TaskEntry]) -> dict[str, str]:
    tasks = list(tasks)
    return {
        "tests": str(len(tasks)),
        "failures": str(sum(task.grade in ("partial", "zero") for task in tasks)),
        "errors": str(sum(task.status is Status.INFRASTRUCTURE for task in tasks)),
        "skipped": str(sum(task.status is Status.MISSING for task in tasks)),
        "time": f"{sum(task.seconds for task in tasks):.3f}",
    }


def _suite(results: Results, domain: str, tasks: list[TaskEntry]) -> ET.Element:
    facts = results.facts
    name = f"[SIMULATED] {domain}" if facts.simulated else domain
    suite = ET.Element("testsuite", {"name": clean(name), **_totals(tasks)})
    if plausible_time(facts.started):
        suite.set("timestamp", moment(facts.started)[:19].replace(" ", "T"))
    _properties(
        suite,
        {
            "simulated": str(facts.simulated).lower(),
            "run": facts.run,
            "plan": results.settings.plan_digest,
            **{name.lower(): value for name, value in results.settings.shown},
        },
    )
    for task in tasks:
        suite.append(_case(task))
    return suite


def _properties(parent: ET.Element, values: Mapping[str, str]) -> None:
    held = ET.SubElement(parent, "properties")
    for name, value in values.items():
        ET.SubElement(held, "property", name=clean(name), value=clean(value))


def _case(task: TaskEntry) -> ET.Element:
    name = task.name + (f" (trial {task.trial})" if task.trial else "")
    case = ET.Element(
        "testcase",
        name=clean(name),
        classname=clean(task.domain),
        time=f"{task.seconds:.3f}",
    )
    _properties(
        case,
        {
            "status": task.status.value,
            "score": "" if task.score is None else f"{task.score:g}",
            "attempts": str(len(task.attempts)),
            "worker": task.worker,
        },
    )
    result = _result(task)
    if result is not None:
        case.append(result)
    if task.attempts:
        ET.SubElement(case, "system-out").text = "\n".join(_attempt_lines(task))
    return case


def _result(task: TaskEntry) -> ET.Element | None:
    if task.grade == "success":
        return None
    if task.score is not None:
        kind = task.cause.value if task.cause else "score"
        why = RULES[task.cause].summary if task.cause else f"score {task.score:g}"
        return _element("failure", kind, why, task)
    if task.status is Status.MISSING:
        return _element("skipped", "", "missing: it never finished an attempt", task)
    kind = task.cause.value if task.cause else "infrastructure"
    return _element("error", kind, RULES[task.cause].summary if task.cause else kind, task)


def _element(tag: str, kind: str, why: str, task: TaskEntry) -> ET.Element:
    said = clean(f"{why}: {task.message}" if task.message else why, _MESSAGE_LIMIT)
    element = ET.Element(tag, message=said)
    if kind:
        element.set("type", kind)
    return element


def _attempt_lines(task: TaskEntry) -> Iterable[str]:
    for attempt in task.attempts:
        end = attempt.cause.value if attempt.cause else f"score {attempt.score:g}"
        message = f": {attempt.message}" if attempt.message else ""
        yield clean(
            f"attempt {attempt.number} on {attempt.worker} ({attempt.machine}): {end},"
            f" {attempt.seconds:.1f} s{message}",
            _MESSAGE_LIMIT,
        )
