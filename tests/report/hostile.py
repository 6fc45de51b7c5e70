"""Texts an agent, a guest or a foreign ledger may hold, each an attack on some format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.ledger.causes import Cause
from orchestrator.ledger.events import Event, Fact
from orchestrator.planning.suite import TaskKey, suite_of
from orchestrator.report import EvidenceStep, TaskEvidence
from orchestrator.report.model.fleet import FleetEvents
from tests.report.fake_run import START, FakeRun, outcome, plan_of

if TYPE_CHECKING:
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit

CORPUS = (
    "</script><script>window.pwned=1</script>",
    "<!-- <script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "\"><svg onload=window.pwned=1><a b='",
    "' onmouseover='window.pwned=1",
    "{{ 7*7 }}{% raw %}{#",
    "a\u2028b\u2029c",
    "pipe | in a | row",
    "`code` ```mermaid\nclick a call b()\n```",
    "line\nbreak\r\n| --- |\n# heading",
    "[x](javascript:alert(1)) ![y](http://evil.example/p.png)",
    "http://evil.example/ www.evil.example @octocat #1 :tada: $x^2$",
    "</details></td></table><h1>owned</h1>",
    "]]><owned/><![CDATA[",
    "&lt;&#0;&amp;amp;",
    "\x00\x01\x08\x0b\x1f\x7f\x9b",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "\u202egnitrats\u202c \u200b\ufeff",
    "\ud800 lone \udfff",
    "\ufffe\uffff",
    "; click x href javascript:1 :crit, 0, 1",
    "%%{init: {'theme':'dark'}}%%",
    "e\u0301\U0001f600" * 40,
    "A" * 5000,
    "-",
    "",
)


def hostile_plan() -> Plan:
    return plan_of(suite_of(tuple(TaskKey("chrome", f"task-{n:02d}") for n in range(len(CORPUS)))))


def hostile_run() -> FakeRun:
    """Return a run in which every text that the ledger may hold comes from the corpus."""
    run = FakeRun(hostile_plan())
    run.start()
    for number, (unit, text) in enumerate(zip(run.plan.units, CORPUS, strict=True)):
        cause = list(Cause)[number % len(Cause)] if number % 3 else None
        ended = outcome(
            unit,
            None if cause else 0.5,
            cause,
            worker=f"w{number}",
            message=text,
            fingerprint={"agent": text, text: "key"},
        )
        run.end(ended)
        run.beat(f"w{number}", number % 4, {"agent": text})
    return run


def hostile_fleet() -> FleetEvents:
    """Return events of a fleet in which every text comes from the corpus, but for what is known."""
    events: list[Event] = []
    for text in CORPUS:
        born: dict[str, Fact] = {"size": text, "region": text, "role": text, "usd_hour": 0.4}
        for kind, stage in (("create", "done"), ("gone", "seen"), (text, text)):
            at = START + 60.0 * len(events)
            events.append(Event(text, len(events) + 1, at, kind, stage, text, text, born))
    proof: dict[str, Fact] = {"proved": False, "looks": 2, "left": CORPUS}
    events.append(Event("teardown", 1, START + 9000, "proof", "seen", facts=proof))
    return FleetEvents(tuple(events), START + 9000)


def hostile_evidence(run: FakeRun) -> dict[Unit, TaskEvidence]:
    return {
        unit: TaskEvidence(
            link=f"evidence/{text}",
            steps=(EvidenceStep(1, text, text, text, text, text.encode(errors="replace")),),
            log_tail=text,
        )
        for unit, text in zip(run.plan.units, CORPUS, strict=True)
    }
