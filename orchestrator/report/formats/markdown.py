"""``summary.md``: what a step summary or a comment on GitHub shows. Never above 1 MiB.

Everything foreign is inert in it: characters with a meaning are entities, and names stand in code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.ledger.causes import RULES, Status
from orchestrator.report.charts.gantt import LEGEND, mermaid
from orchestrator.report.phrases import wording
from orchestrator.report.phrases.amounts import moment, span_of_time
from orchestrator.report.phrases.escapes import markdown_code, markdown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.report.model.entries import TaskEntry
    from orchestrator.report.model.results import Results

SIZE_LIMIT = 1 << 20
"""Bytes; GitHub drops a step summary above it."""

_LIST_BUDGET = 400_000
_DOMAINS_SHOWN = 200


def render_markdown(results: Results) -> str:
    """Return the summary, headline first. At most ``SIZE_LIMIT`` bytes of UTF-8."""
    sections = [
        _headline(results),
        _warnings(results),
        _domains(results),
        _trials(results),
        _timeline(results),
        _fleet(results),
        _lost(results),
        _not_scored_by_agent(results),
        _footer(results),
    ]
    text = "\n\n".join(section for section in sections if section) + "\n"
    # Every section is bounded; this holds the promise even if their sum one day is not.
    return text.encode()[:SIZE_LIMIT].decode(errors="ignore")


def _headline(results: Results) -> str:
    score = results.score
    lines = []
    if results.facts.simulated:
        lines += ["> [!WARNING]", f"> **SIMULATED.** {wording.SIMULATED}", ""]
    lines += [
        f"## {wording.headline(score)}",
        "",
        f"{wording.explained(score)} {wording.accounting(score)}.",
        "",
        "| | |",
        "| :-- | :-- |",
        *(f"| {name} | {value} |" for name, value in _figures(results) if value),
    ]
    return "\n".join(lines)


def _figures(results: Results) -> list[tuple[str, str]]:
    score = results.score
    return [
        ("Run", markdown_code(results.facts.run)),
        (
            "Mean over scored",
            wording.mean(score),
        ),
        ("Worst and best case over expected", wording.band(score)),
        ("Full successes", wording.successes(score)),
        ("Time", wording.timing(results)),
        ("Cost", wording.cost(results)),
        ("Workers", str(len(results.workers))),
    ]


def _warnings(results: Results) -> str:
    facts = results.facts
    lines = [f"- **{markdown_text(text, 500)}**" for text in facts.warnings]
    lines += [f"- {markdown_text(text, 500)}" for text in facts.notes]
    lines += [f"- {markdown_text(text, 500)}" for text in wording.caveats(results)]
    lines.append(f"- {wording.reach(results)}")
    return "### Read this with it\n\n" + _bounded(lines, _LIST_BUDGET // 4, "notes")


def _domains(results: Results) -> str:
    lines = [
        "### Domains",
        "",
        "| Domain | Scored | Mean | Full successes | 95% of the rate | after Holm | p (Holm) |",
        "| :-- | --: | --: | --: | --: | --: | --: |",
    ]
    for domain, score in results.domains[:_DOMAINS_SHOWN]:
        counts = score.counts
        lines.append(
            f"| {markdown_code(domain)} | {counts.scored}/{counts.expected} "
            f"| {wording.bare_mean(score)} | {score.successes} "
            f"| {wording.interval(score.interval)} "
            f"| {wording.adjusted(results, domain)} | {wording.adjusted_p(results, domain)} |"
        )
    if len(results.domains) > _DOMAINS_SHOWN:
        lines.append(f"| {len(results.domains) - _DOMAINS_SHOWN} more | | | | | | |")
    return "\n".join(lines)


def _trials(results: Results) -> str:
    repeats = results.repeats
    if repeats is None:
        return ""
    rows = [f"| {name} | {value} |" for name, value in wording.trials(repeats)]
    head = ["### Trials", "", "| | |", "| :-- | :-- |", *rows]
    flaky = [f"- {markdown_code(label, 420)}" for label in repeats.flaky]
    if not flaky:
        return "\n".join(head)
    head += ["", f"<details><summary>Trials disagree ({len(flaky)})</summary>", ""]
    return "\n".join([*head, _bounded(flaky, _LIST_BUDGET // 4, "tasks"), "", "</details>"])


def _timeline(results: Results) -> str:
    diagram = mermaid(results)
    return f"### Workers\n\n{LEGEND}\n\n```mermaid\n{diagram}\n```" if diagram else ""


def _fleet(results: Results) -> str:
    fleet = results.fleet
    if fleet is None:
        return ""
    lines = ["### Fleet", "", wording.fleet_cost(fleet), wording.proof(fleet)]
    left = fleet.proof.left if fleet.proof else ()
    lines += ["", *(f"- left: {markdown_code(name)}" for name in left)] if left else []
    if fleet.phases:
        lines += ["", "| Phase | Half within | 90% within | Slowest | Machines |"]
        lines.append("| :-- | --: | --: | --: | --: |")
        lines += [
            f"| {phase.phase} | {span_of_time(phase.p50_s)} | {span_of_time(phase.p90_s)} "
            f"| {span_of_time(phase.max_s)} | {phase.machines} |"
            for phase in fleet.phases
        ]
    return "\n".join(lines)


def _lost(results: Results) -> str:
    lost = [task for task in results.tasks if task.status is not Status.SCORED]
    if not lost:
        return ""
    head = [
        f"### Without a score ({len(lost)})",
        "",
        "| Task | Cause | Attempts | What was seen |",
        "| :-- | :-- | --: | :-- |",
    ]
    return "\n".join(head) + "\n" + _bounded(map(_lost_row, lost), _LIST_BUDGET, "tasks")


def _lost_row(task: TaskEntry) -> str:
    name = task.label + (f" trial {task.trial}" if task.trial else "")
    cause = task.cause.value if task.cause else "never finished an attempt"
    return (
        f"| {markdown_code(name, 420)} | {cause} | {len(task.attempts)} "
        f"| {markdown_code(task.message)} |"
    )


def _not_scored_by_agent(results: Results) -> str:
    """List the zeros that a cause, not the evaluator, gave."""
    zeros = [task for task in results.tasks if task.status is Status.SCORED and task.cause]
    if not zeros:
        return ""
    lines = [
        f"- {markdown_code(task.label, 420)}: {RULES[task.cause].summary}"
        for task in zeros
        if task.cause
    ]
    head = f"<details><summary>Scored 0 without an evaluation ({len(zeros)})</summary>\n\n"
    return head + _bounded(lines, _LIST_BUDGET, "tasks") + "\n\n</details>"


def _footer(results: Results) -> str:
    facts = results.facts
    parts = [
        f"Started {moment(facts.started)}, ended {moment(facts.ended)}",
        f"plan {markdown_code(results.settings.plan_digest[:12])}",
        f"store {markdown_code(facts.store)}" if facts.store else "",
        f"waa-matrix {markdown_text(facts.version)}" if facts.version else "",
        f"busy {span_of_time(sum(worker.busy_s for worker in results.workers))} in all",
    ]
    return "<sub>" + " · ".join(part for part in parts if part) + "</sub>"


def _bounded(lines: Iterable[str], budget: int, what: str) -> str:
    """Join lines while they fit into ``budget`` bytes, then say how many more there are."""
    kept: list[str] = []
    rest: Sequence[str] = list(lines)
    for index, line in enumerate(rest):
        budget -= len(line.encode()) + 1
        if budget < 0:
            more = f"{len(rest) - index} more {what}; see results.json"
            kept.append(f"| … {more} | | | |" if line.startswith("|") else f"- … {more}")
            break
        kept.append(line)
    return "\n".join(kept)
