"""What is published of a run, and the pieces of Markdown that its texts share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.comparison.sides import Totals, totals
from orchestrator.report.formats import comparison_phrases as words
from orchestrator.report.formats.comparison_markdown import SIGNS, SIMULATED, beside
from orchestrator.report.formats.comparison_terminal import cost_of, time_of
from orchestrator.report.phrases.amounts import NONE, dollars, percent, span_of_time
from orchestrator.report.phrases.escapes import markdown_code, markdown_text
from orchestrator.report.publication.run_stats import RunStats
from orchestrator.stats import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.comparison.compare import Candidate, Comparison
    from orchestrator.comparison.record import RunRecord

FEW_TASKS = 30
"""Below this a run is a smoke test: it shows that the machinery works, and decides nothing."""

_TEXT_LIMIT = 600
_JOINS = {
    Verdict.BETTER: "than",
    Verdict.WORSE: "than",
    Verdict.NOT_DISTINGUISHABLE: "from",
    Verdict.UNDERPOWERED: "against",
    Verdict.NONE: "against",
}


@dataclass(frozen=True, slots=True)
class Publication:
    """A run, and what it was compared with, if anything.

    ``base`` names the branch of the baseline; ``why_not`` says why there is no comparison.
    ``run_url`` and ``artifact_url`` are our own links, empty where unknown.
    """

    record: RunRecord
    stats: RunStats = field(default_factory=RunStats)
    comparison: Comparison | None = None
    base: str = ""
    why_not: str = ""
    run_url: str = ""
    artifact_url: str = ""

    @property
    def candidate(self) -> Candidate | None:
        """The comparison's own candidate."""
        return self.comparison.candidates[0] if self.comparison else None

    @property
    def totals(self) -> Totals:
        """What the run scored."""
        return totals(self.record.trials)

    @property
    def smoke(self) -> bool:
        """Whether it has too few tasks to decide anything."""
        return len(self.record.trials) < FEW_TASKS


def name(publication: Publication) -> str:
    """Return the verdict's name, "[SIMULATED]" first where it is."""
    mark = "[SIMULATED] " if publication.record.simulated else ""
    candidate = publication.candidate
    if candidate is None:
        return f"{mark}No baseline"
    than = f" {_JOINS[candidate.verdict]} {publication.base}" if publication.base else ""
    return f"{mark}{words.TITLES[candidate.verdict]}{than}"


def title(publication: Publication) -> str:
    """Return the verdict in a few plain words, with its counts."""
    candidate, sums = publication.candidate, publication.totals
    score = f"{sums.successes}/{sums.scored} full successes"
    return f"{name(publication)}: {words.moved(candidate) if candidate else score}"


def headline(publication: Publication) -> str:
    """Return the verdict as a heading, and why, as Markdown."""
    candidate = publication.candidate
    sign = SIGNS[candidate.verdict] if candidate else "⚪"
    why = (
        words.reason(candidate)
        if candidate
        else publication.why_not or "there is no run to compare with."
    )
    parts = [f"## {sign} {markdown_text(name(publication))}", markdown_text(why, _TEXT_LIMIT)]
    parts += beside(candidate) if candidate else []
    parts += [SIMULATED] if publication.record.simulated else []
    if publication.smoke:
        parts.append(
            f"A smoke test of {words.tasks(len(publication.record.trials))}: so few can show that"
            " the machinery works, and cannot decide about the agent."
        )
    return "\n\n".join(parts)


def figures(publication: Publication) -> str:
    """Return a table of the run's figures beside the baseline's."""
    head = ["| | This run | Baseline |", "| :-- | --: | --: |"]
    side = publication.comparison.baseline if publication.comparison else None
    other = totals(side.trials) if side else None
    pooled = f" ({len(side.runs)} runs)" if side and len(side.runs) > 1 else ""
    rows = [
        ("Run", markdown_code(publication.record.id), (markdown_code(side.name) if side else NONE)),
        (
            "Full successes",
            words.successes(publication.totals),
            (words.successes(other) if other else NONE) + pooled,
        ),
        ("Mean score", _mean(publication.totals), _mean(other)),
        ("Scored", _scored(publication.totals), _scored(other)),
        ("Time", _time(publication), span_of_time(time_of(side)) if side else NONE),
        ("Cost", _cost(publication), dollars(cost_of(side)) if side else NONE),
        ("Infrastructure", _noise(publication), NONE),
    ]
    return "\n".join([*head, *(f"| {name} | {mine} | {theirs} |" for name, mine, theirs in rows)])


def _mean(sums: Totals | None) -> str:
    if sums is None or sums.mean is None:
        return NONE
    if sums.scored == sums.expected:
        return words.mean(sums)
    band = f"{percent(sums.worst)} to {percent(sums.best)}"
    return f"{words.mean(sums)} over scored; worst and best case {band}"


def _scored(sums: Totals | None) -> str:
    if sums is None:
        return NONE
    lost = f" ({sums.infrastructure} infrastructure, {sums.missing} missing)"
    return f"{sums.scored}/{sums.expected}" + (lost if sums.scored < sums.expected else "")


def _time(publication: Publication) -> str:
    predicted = publication.stats.predicted_s
    shown = span_of_time(publication.record.makespan_s)
    return f"{shown} (predicted {span_of_time(predicted)})" if predicted else shown


def _cost(publication: Publication) -> str:
    cost, stats, wins = publication.record.cost_usd, publication.stats, publication.totals.successes
    if cost is None:
        return NONE
    each = stats.per_success_usd if stats.per_success_usd is not None else cost / max(1, wins)
    notes = [f"predicted {dollars(stats.predicted_usd)}"] if stats.predicted_usd is not None else []
    notes += [f"{dollars(each)} a full success"] if wins else []
    return f"{dollars(cost)} ({', '.join(notes)})" if notes else dollars(cost)


def _noise(publication: Publication) -> str:
    noise = publication.stats.noise
    ended = sum(noise.ended.values())
    if not ended and not noise.without_score:
        return f"none in {noise.attempts} attempts"
    causes = ", ".join(f"{cause} {number}" for cause, number in noise.ended.items())
    shown = f"{ended} of {noise.attempts} attempts ended by it" + (f" ({causes})" if causes else "")
    return f"{shown}; {words.tasks(noise.without_score)} without a score"


def notes(publication: Publication) -> str:
    """Return what must be read with the verdict, as a list."""
    said = list(publication.stats.warnings)
    if publication.comparison and publication.candidate:
        said += words.caveats(publication.comparison, publication.candidate)
    if publication.stats.left:
        said.append(f"Machines may be left behind ({publication.stats.left}): see the report.")
    return "\n".join(f"- {markdown_text(text, _TEXT_LIMIT)}" for text in said)


def links(publication: Publication) -> str:
    """Return links to the run and its report."""
    results = [("workflow run", publication.run_url), ("report", publication.artifact_url)]
    return " · ".join(f"[{name}]({url})" for name, url in results if _safe(url))


def _safe(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not set(url) & set(" ()<>\"'`\n\r\t[]")


def joined(parts: Sequence[str], limit: int) -> str:
    """Join sections, leaving out the last ones that do not fit into ``limit`` bytes of UTF-8."""
    kept: list[str] = []
    left_out = "\n\n_Shortened; the whole is in the report._\n"
    room = limit - len(left_out.encode())
    for part in (part for part in parts if part):
        room -= len(part.encode()) + 2
        if room < 0:
            return "\n\n".join(kept) + left_out
        kept.append(part)
    return "\n\n".join(kept) + "\n"
