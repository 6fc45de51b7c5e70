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


def summary_of(publication: Publication, limit: int = SUMMARY_LIMIT) -> str:
    """Return the step summary: the verdict, figures, domains, timeline, tasks, links.

    At most ``limit`` bytes.
    """
    candidate = publication.candidate
    shown = diagram(publication.stats.workers, publication.stats.sessions)
    return pieces.joined(
        [
            pieces.headline(publication),
            pieces.links(publication),
            pieces.figures(publication),
            pieces.notes(publication),
            markdown.domains(candidate) if candidate else own_domains(publication),
            f"### Workers\n\n{LEGEND}\n\n```mermaid\n{shown}\n```" if shown else "",
            _changed(publication, _SUMMARY_NAMES),
            _unscored(publication, _SUMMARY_NAMES),
        ],
        limit,
    )


def comment_of(publication: Publication) -> str:
    """Return the comment: the verdict, figures, the tasks that changed, links."""
    return pieces.joined(
        [
            pieces.headline(publication),
            pieces.figures(publication),
            pieces.notes(publication),
            pieces.links(publication),
            _changed(publication, _COMMENT_NAMES),
            _unscored(publication, _COMMENT_NAMES),
        ],
        COMMENT_LIMIT,
    )


def own_domains(publication: Publication) -> str:
    """Return a table of the run's own domains, where there is nothing to compare with."""
    groups: dict[str, dict[Key, tuple[Trial, ...]]] = {}
    for key, trials in publication.record.trials.items():
        groups.setdefault(key[0], {})[key] = trials
    lines = [
        "### Domains",
        "",
        "| Domain | Scored | Mean | Full successes |",
        "| :-- | --: | --: | --: |",
    ]
    for domain, trials_of in sorted(groups.items())[:_DOMAINS]:
        sums = totals(trials_of)
        lines.append(
            f"| {markdown_code(domain)} | {sums.scored}/{sums.expected} | {words.mean(sums)} "
            f"| {words.successes(sums)} |"
        )
    return "\n".join(lines)


def _changed(publication: Publication, names: int) -> str:
    if publication.comparison is None or publication.candidate is None:
        return ""
    return markdown.changed(publication.candidate, publication.comparison, names)


def _lost_to_machinery(publication: Publication) -> Iterator[tuple[Key, Trial]]:
    for key, trials in sorted(publication.record.trials.items()):
        worst = next((trial for trial in trials if trial.status is not Status.SCORED), None)
        if worst is not None:
            yield key, worst


def _unscored(publication: Publication, names: int) -> str:
    results = list(_lost_to_machinery(publication))
    if not results:
        return ""
    rows = [
        f"| {markdown_code('/'.join(key), 420)} | {trial.cause or 'never finished'} "
        f"| {trial.attempts} |"
        for key, trial in results[:names]
    ]
    if len(results) > names:
        rows.append(f"| … {len(results) - names} more | | |")
    head = "| Task | Cause | Attempts |\n| :-- | :-- | --: |"
    shown = "\n".join(
        [f"<details><summary>Without a score ({len(results)})</summary>\n", head, *rows]
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


def check_of(publication: Publication) -> CheckText:
    """Return the check: it fails on worse alone, for nothing else was shown."""
    candidate = publication.candidate
    verdict = candidate.verdict if candidate else Verdict.NONE
    return CheckText(
        title=pieces.title(publication),
        summary=pieces.joined(
            [pieces.headline(publication), pieces.links(publication)], CHECK_LIMIT
        ),
        text=pieces.joined(
            [
                pieces.figures(publication),
                pieces.notes(publication),
                markdown.domains(candidate) if candidate else own_domains(publication),
                _changed(publication, _COMMENT_NAMES),
            ],
            CHECK_LIMIT,
        ),
        conclusion=_CONCLUSIONS.get(verdict, "neutral"),
        remarks=tuple(_remarks(publication))[:REMARKS_LIMIT],
    )


def _remarks(publication: Publication) -> Iterator[Remark]:
    """Yield a remark for each task that was lost: first to the baseline, then to machinery."""
    candidate = publication.candidate
    for changed in candidate.changed if candidate else ():
        if changed.kind in ("lost", "rate-down"):
            name = clean("/".join(changed.key), 200)
            than = publication.base or "the baseline"
            yield Remark(f"Lost: {name}", f"{name} succeeded on {than}, not here.", "warning")
    for key, trial in _lost_to_machinery(publication):
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
