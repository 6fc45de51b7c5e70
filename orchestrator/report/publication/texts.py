"""A run's step summary, its comment on a pull request, and its check. Foreign text is inert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.comparison.sides import totals
from orchestrator.ledger.causes import Status
from orchestrator.report.charts.gantt import LEGEND, diagram
from orchestrator.report.formats import comparison_markdown as markdown
from orchestrator.report.formats import comparison_phrases as words
from orchestrator.report.phrases.escapes import markdown_code
from orchestrator.report.publication import sections as pieces
from orchestrator.stats import Verdict
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.comparison.record import Trial
    from orchestrator.comparison.sides import Key
    from orchestrator.report.publication.sections import Publication

SUMMARY_LIMIT = 1 << 20
"""Bytes: GitHub drops a step's summary above it."""

COMMENT_LIMIT = 60_000
"""Bytes, below the 65,536 characters that a comment may have."""

CHECK_LIMIT = 60_000
REMARKS_LIMIT = 500
"""Remarks on a check; GitHub takes 50 in a request, and nobody reads thousands."""

_SUMMARY_NAMES = 1000
_COMMENT_NAMES = 50
_DOMAINS = 200


def summary_of(one: Publication, limit: int = SUMMARY_LIMIT) -> str:
    """Return the step summary: the verdict, figures, domains, timeline, tasks, links.

    At most ``limit`` bytes.
    """
    candidate = one.candidate
    shown = diagram(one.told.workers, one.told.sessions)
    return pieces.joined(
        [
            pieces.headline(one),
            pieces.links(one),
            pieces.figures(one),
            pieces.notes(one),
            markdown.domains(candidate) if candidate else own_domains(one),
            f"### Workers\n\n{LEGEND}\n\n```mermaid\n{shown}\n```" if shown else "",
            _changed(one, _SUMMARY_NAMES),
            _unscored(one, _SUMMARY_NAMES),
        ],
        limit,
    )


def comment_of(one: Publication) -> str:
    """Return the comment: the verdict, figures, the tasks that changed, links."""
    return pieces.joined(
        [
            pieces.headline(one),
            pieces.figures(one),
            pieces.notes(one),
            pieces.links(one),
            _changed(one, _COMMENT_NAMES),
            _unscored(one, _COMMENT_NAMES),
        ],
        COMMENT_LIMIT,
    )


def own_domains(one: Publication) -> str:
    """Return a table of the run's own domains, where there is nothing to compare with."""
    groups: dict[str, dict[Key, tuple[Trial, ...]]] = {}
    for key, trials in one.record.trials.items():
        groups.setdefault(key[0], {})[key] = trials
    lines = [
        "### Domains",
        "",
        "| Domain | Scored | Mean | Full successes |",
        "| :-- | --: | --: | --: |",
    ]
    for domain, trials_of in sorted(groups.items())[:_DOMAINS]:
        found = totals(trials_of)
        lines.append(
            f"| {markdown_code(domain)} | {found.scored}/{found.expected} | {words.mean(found)} "
            f"| {words.successes(found)} |"
        )
    return "\n".join(lines)


def _changed(one: Publication, names: int) -> str:
    if one.comparison is None or one.candidate is None:
        return ""
    return markdown.changed(one.candidate, one.comparison, names)


def _lost_to_machinery(one: Publication) -> Iterator[tuple[Key, Trial]]:
    for key, trials in sorted(one.record.trials.items()):
        worst = next((trial for trial in trials if trial.status is not Status.SCORED), None)
        if worst is not None:
            yield key, worst


def _unscored(one: Publication, names: int) -> str:
    found = list(_lost_to_machinery(one))
    if not found:
        return ""
    rows = [
        f"| {markdown_code('/'.join(key), 420)} | {trial.cause or 'never finished'} "
        f"| {trial.attempts} |"
        for key, trial in found[:names]
    ]
    if len(found) > names:
        rows.append(f"| … {len(found) - names} more | | |")
    head = "| Task | Cause | Attempts |\n| :-- | :-- | --: |"
    shown = "\n".join(
        [f"<details><summary>Without a score ({len(found)})</summary>\n", head, *rows]
    )
    return f"{shown}\n\n</details>"


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said of one task beside a check."""

    title: str
    message: str
    level: Literal["warning", "notice"]


@dataclass(frozen=True, slots=True)
class CheckText:
    """A check run's texts. ``conclusion`` is one that GitHub knows; only ``failure`` blocks."""

    title: str
    summary: str
    text: str
    conclusion: Literal["success", "failure", "neutral"]
    remarks: tuple[Remark, ...]


_CONCLUSIONS: dict[Verdict, Literal["success", "failure", "neutral"]] = {
    Verdict.BETTER: "success",
    Verdict.WORSE: "failure",
}


def check_of(one: Publication) -> CheckText:
    """Return the check: it fails on worse alone, for nothing else was shown."""
    candidate = one.candidate
    verdict = candidate.verdict if candidate else Verdict.NONE
    return CheckText(
        title=pieces.title(one),
        summary=pieces.joined([pieces.headline(one), pieces.links(one)], CHECK_LIMIT),
        text=pieces.joined(
            [
                pieces.figures(one),
                pieces.notes(one),
                markdown.domains(candidate) if candidate else own_domains(one),
                _changed(one, _COMMENT_NAMES),
            ],
            CHECK_LIMIT,
        ),
        conclusion=_CONCLUSIONS.get(verdict, "neutral"),
        remarks=tuple(_remarks(one))[:REMARKS_LIMIT],
    )


def _remarks(one: Publication) -> Iterator[Remark]:
    """Yield a remark for each task that was lost: first to the baseline, then to machinery."""
    candidate = one.candidate
    for changed in candidate.changed if candidate else ():
        if changed.kind in ("lost", "rate-down"):
            name = clean("/".join(changed.key), 200)
            than = one.base or "the baseline"
            yield Remark(f"Lost: {name}", f"{name} succeeded on {than}, not here.", "warning")
    for key, trial in _lost_to_machinery(one):
        name = clean("/".join(key), 200)
        cause = trial.cause or "never finished an attempt"
        message = f"{name} has no score ({cause}; {trial.attempts} attempts)."
        yield Remark(f"Without a score: {name}", message, "notice")


def failed_texts(problem: str, run_url: str) -> tuple[str, CheckText]:
    """Return the comment and the check of a run that left nothing to publish."""
    title = "No result"
    why = f"The run left no results that can be read: {markdown_code(problem, 500)}"
    link = f"[workflow run]({run_url})" if run_url else ""
    text = "\n\n".join(part for part in (f"## 🔴 {title}", why, link) if part) + "\n"
    return text, CheckText(title, text, "", "failure", ())
