"""A comparison as Markdown, for a step summary, a comment or a file. Foreign text is inert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.comparison.compare import KINDS
from orchestrator.comparison.sides import totals
from orchestrator.report.formats import comparison_description as description
from orchestrator.report.formats import comparison_phrases as words
from orchestrator.report.formats.comparison_advice import advice
from orchestrator.report.formats.comparison_terminal import KIND_TITLES, cost_of, time_of
from orchestrator.report.phrases.amounts import dollars, percent, span_of_time
from orchestrator.report.phrases.escapes import markdown_code, markdown_text
from orchestrator.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.comparison.compare import Candidate, Changed, Comparison
    from orchestrator.comparison.published import Against
    from orchestrator.comparison.sides import Side

SIGNS = {
    Verdict.BETTER: "🟢",
    Verdict.WORSE: "🔴",
    Verdict.NOT_DISTINGUISHABLE: "⚪",
    Verdict.UNDERPOWERED: "⚪",
    Verdict.NONE: "⚪",
}
SIMULATED = "> [!WARNING]\n> **SIMULATED.** No score here says anything about an agent."

_TEXT_LIMIT = 600
_ADVICE_LIMIT = 3000
_NAME_LIMIT = 420


def render_comparison_markdown(comparison: Comparison, *, names: int = 400) -> str:
    """Return the comparison, verdicts first; at most ``names`` tasks of each kind by name."""
    parts = [SIMULATED] if comparison.simulated else []
    for candidate in comparison.candidates:
        parts += [verdict(candidate, comparison), warnings(comparison, candidate)]
    parts += [_against(against) for against in comparison.against]
    parts.append(sides(comparison))
    for candidate in comparison.candidates:
        parts += [domains(candidate), changed(candidate, comparison, names)]
    return "\n\n".join(part for part in parts if part) + "\n"


def verdict(candidate: Candidate, comparison: Comparison) -> str:
    """Return the verdict as a heading and its reason as a sentence."""
    named = (
        f"{markdown_code(candidate.side.name)} against {markdown_code(comparison.baseline.name)}"
    )
    heading = f"## {SIGNS[candidate.verdict]} {words.TITLES[candidate.verdict]}"
    why = f"{named}: {markdown_text(words.reason(candidate), _TEXT_LIMIT)}"
    return "\n\n".join([heading, why, *beside(candidate)])


def beside(candidate: Candidate) -> list[str]:
    """Return what is to be read beside the verdict, as paragraphs."""
    return [markdown_text(text, _ADVICE_LIMIT) for text in advice(candidate)]


def warnings(comparison: Comparison, candidate: Candidate) -> str:
    """Return what must be read with the verdict."""
    return "\n".join(
        f"- {markdown_text(text, _TEXT_LIMIT)}" for text in words.caveats(comparison, candidate)
    )


def sides(comparison: Comparison) -> str:
    """Return a table with a row a side."""
    lines = [
        "| | Scored | Full successes | Mean score | Cost | Time |",
        "| :-- | --: | --: | --: | --: | --: |",
        _side_row("Baseline", comparison.baseline),
        *(_side_row("Candidate", candidate.side) for candidate in comparison.candidates),
    ]
    return "\n".join(lines)


def _side_row(role: str, side: Side) -> str:
    sums = totals(side.trials)
    cells = (
        f"{role} {markdown_code(side.name)}",
        f"{sums.scored}/{sums.expected}",
        words.successes(sums),
        words.mean(sums),
        dollars(cost_of(side)),
        span_of_time(time_of(side)),
    )
    return "| " + " | ".join(cells) + " |"


def domains(candidate: Candidate) -> str:
    """Return a table of the domains."""
    if not candidate.domains:
        return ""
    rows = [
        f"| {markdown_code(row.domain)} | {row.tasks} | {percent(row.baseline_rate)} "
        f"| {percent(row.candidate_rate)} | {row.gained} | {row.lost} "
        f"| {words.domain_change(row)} | {words.p(row.p)} |"
        for row in candidate.domains
    ]
    head = [
        "| Domain | Tasks | Baseline | Candidate | Gained | Lost | Difference (95%) | p (Holm) |",
        "| :-- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    grouped = description.by_application(candidate.paired)
    said = ["", f"The difference {markdown_text(grouped, _TEXT_LIMIT)}."] if grouped else []
    return "\n".join(["### Domains", "", *head, *rows[:200], *said])


def changed(candidate: Candidate, comparison: Comparison, names: int) -> str:
    """Return the tasks that changed, by name, at most ``names`` of each kind."""
    parts = []
    for kind in KINDS:
        results = [entry for entry in candidate.changed if entry.kind == kind]
        if results:
            rows = _rows(results, candidate, comparison, names)
            title = f"{KIND_TITLES[kind]} ({len(results)})"
            head = "| Task | Baseline | Candidate |\n| :-- | --: | --: |"
            opened = " open" if kind in ("lost", "rate-down") else ""
            parts.append(
                f"<details{opened}><summary>{title}</summary>\n\n{head}\n{rows}\n\n</details>"
            )
    return "\n\n".join(parts)


def _rows(results: list[Changed], candidate: Candidate, comparison: Comparison, names: int) -> str:
    lines = [
        f"| {markdown_code('/'.join(entry.key), _NAME_LIMIT)} "
        f"| {_result(comparison.baseline, entry)} | {_result(candidate.side, entry)} |"
        for entry in results[:names]
    ]
    if len(results) > names:
        lines.append(f"| … {len(results) - names} more | | |")
    return "\n".join(lines)


def _result(side: Side, entry: Changed) -> str:
    trials = side.trials[entry.key]
    scores: Iterable[float] = (trial.score for trial in trials if trial.score is not None)
    shown = ", ".join(f"{score:.2g}" for score in scores)
    cause = next((trial.cause for trial in trials if trial.cause), "")
    return shown + (f" ({cause})" if shown and cause else cause) or trials[0].status.value


def _against(comparison: Against) -> str:
    named = f"{markdown_code(comparison.side.name)}: "
    lines = [
        f"## {SIGNS[comparison.verdict]} {words.TITLES[comparison.verdict]}",
        "",
        named + markdown_text(words.against_sentence(comparison), _TEXT_LIMIT),
        "",
        *(f"- {markdown_text(text, _TEXT_LIMIT)}" for text in words.against_warnings(comparison)),
        "",
        "| Group | Tasks scored | Rate | Published | Difference | 95% | p |",
        "| :-- | --: | --: | --: | --: | --: | --: |",
    ]
    lines += [
        f"| {row.group} | {row.tasks_scored}/{row.tasks} | {words.group_rate(row)} "
        f"| {percent(row.published)} | {words.points(row.difference)} "
        f"| {words.point_range(row.interval)} | {words.p(row.p)} |"
        for row in comparison.rows
    ]
    return "\n".join(lines)
