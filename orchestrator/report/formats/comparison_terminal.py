"""A comparison as plain text, for a terminal or a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.comparison.compare import KINDS
from orchestrator.comparison.sides import totals
from orchestrator.report.formats import comparison_description as description
from orchestrator.report.formats import comparison_phrases as words
from orchestrator.report.formats.comparison_advice import advice
from orchestrator.report.phrases.amounts import dollars, percent, span_of_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.comparison.compare import Candidate, Comparison
    from orchestrator.comparison.published import Against
    from orchestrator.comparison.sides import Side

_NAMES_SHOWN = 40

KIND_TITLES = {
    "lost": "Lost",
    "gained": "Gained",
    "rate-down": "Succeeded less often",
    "rate-up": "Succeeded more often",
    "undecided": "Without a score on a side",
}


def render_text(comparison: Comparison) -> str:
    """Return the comparison as lines of text: verdicts first, then tables and tasks by name."""
    blocks = [
        *("\n".join(_verdict(candidate, comparison)) for candidate in comparison.candidates),
        *("\n".join(_published(against)) for against in comparison.against),
        "\n".join(_sides(comparison)),
        *("\n".join(_details(candidate)) for candidate in comparison.candidates),
        *("\n".join(_groups(against)) for against in comparison.against),
    ]
    return "\n\n".join(blocks) + "\n"


def _verdict(candidate: Candidate, comparison: Comparison) -> list[str]:
    named = f"{candidate.side.name} against {comparison.baseline.name}: "
    lines = [
        named + words.verdict_sentence(candidate),
        *(f"  {text}" for text in advice(candidate)),
    ]
    return lines + [f"  ! {text}" for text in words.warnings(comparison, candidate)]


def _published(comparison: Against) -> list[str]:
    warned = [f"  ! {text}" for text in words.against_warnings(comparison)]
    return [f"{comparison.side.name}: {words.against_sentence(comparison)}", *warned]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as aligned lines; the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join((row[0].ljust(widths[0]), *rest)).rstrip())
    return lines


def _sides(comparison: Comparison) -> list[str]:
    sides = [comparison.baseline, *(candidate.side for candidate in comparison.candidates)]
    head = ("run", "scored", "full successes", "mean", "cost", "time")
    return table([head, *(_side_row(side) for side in sides)])


def _side_row(side: Side) -> tuple[str, ...]:
    sums = totals(side.trials)
    return (
        side.name,
        f"{sums.scored}/{sums.expected}",
        words.successes(sums),
        words.mean(sums),
        dollars(cost_of(side)),
        span_of_time(time_of(side)),
    )


def cost_of(side: Side) -> float | None:
    """Return what a side's runs cost together, None where one does not say."""
    costs = [run.cost_usd for run in side.runs]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def time_of(side: Side) -> float | None:
    """Return the mean makespan of a side's runs, None where one does not say."""
    spans = [run.makespan_s for run in side.runs]
    known = [span for span in spans if span is not None]
    return sum(known) / len(known) if len(known) == len(spans) else None


def _details(candidate: Candidate) -> list[str]:
    paired = candidate.paired
    lines = [
        f"{candidate.side.name}, {words.tasks(paired.tasks)} scored on both sides",
        f"  full successes {words.change(paired)}",
        *(["  " + description.scores(paired)] if candidate.on == "success" else []),
        *(f"  {text}" for text in (description.by_application(paired),) if text),
    ]
    rows = [
        (
            row.domain,
            str(row.tasks),
            f"+{row.gained}",
            f"-{row.lost}",
            words.domain_change(row),
            words.p(row.p),
        )
        for row in candidate.domains
        if row.gained or row.lost
    ]
    if rows:
        head = ("domain", "tasks", "gained", "lost", "difference (95%)", "p (Holm)")
        lines += ["  " + line for line in table([head, *rows])]
    for kind in KINDS:
        lines += _named(candidate, kind)
    return lines


def _named(candidate: Candidate, kind: str) -> list[str]:
    names = ["/".join(changed.key) for changed in candidate.changed if changed.kind == kind]
    if not names:
        return []
    shown = [f"    {name}" for name in names[:_NAMES_SHOWN]]
    if len(names) > _NAMES_SHOWN:
        shown.append(f"    … {len(names) - _NAMES_SHOWN} more (--json names all)")
    return [f"  {KIND_TITLES[kind]} ({len(names)})", *shown]


def _groups(comparison: Against) -> list[str]:
    head = ("group", "tasks", "rate", "published", "difference", "95%", "p")
    rows = [
        (
            row.group,
            f"{row.tasks_scored}/{row.tasks}",
            words.group_rate(row),
            percent(row.published),
            words.points(row.difference),
            words.point_range(row.interval),
            words.p(row.p),
        )
        for row in comparison.rows
    ]
    return [
        f"{comparison.side.name} beside {comparison.published.name} (unpaired)",
        *table([head, *rows]),
    ]
