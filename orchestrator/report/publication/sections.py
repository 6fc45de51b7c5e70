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
from orchestrator.report.publication.run_stats import Told
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
    told: Told = field(default_factory=Told)
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
    def found(self) -> Totals:
        """What the run scored."""
        return totals(self.record.trials)

    @property
    def smoke(self) -> bool:
        """Whether it has too few tasks to decide anything."""
        return len(self.record.trials) < FEW_TASKS


def name(one: Publication) -> str:
    """Return the verdict's name, "[SIMULATED]" first where it is."""
    mark = "[SIMULATED] " if one.record.simulated else ""
    candidate = one.candidate
    if candidate is None:
        return f"{mark}No baseline"
    than = f" {_JOINS[candidate.verdict]} {one.base}" if one.base else ""
    return f"{mark}{words.TITLES[candidate.verdict]}{than}"


def title(one: Publication) -> str:
    """Return the verdict in a few plain words, with its counts."""
    candidate, found = one.candidate, one.found
    score = f"{found.successes}/{found.scored} full successes"
    return f"{name(one)}: {words.moved(candidate) if candidate else score}"


def headline(one: Publication) -> str:
    """Return the verdict as a heading, and why, as Markdown."""
    candidate = one.candidate
    sign = SIGNS[candidate.verdict] if candidate else "⚪"
    why = (
        words.reason(candidate) if candidate else one.why_not or "there is no run to compare with."
    )
    parts = [f"## {sign} {markdown_text(name(one))}", markdown_text(why, _TEXT_LIMIT)]
    parts += beside(candidate) if candidate else []
    parts += [SIMULATED] if one.record.simulated else []
    if one.smoke:
        parts.append(
            f"A smoke test of {words.tasks(len(one.record.trials))}: so few can show that the "
            "machinery works, and cannot decide about the agent."
        )
    return "\n\n".join(parts)


def figures(one: Publication) -> str:
    """Return a table of the run's figures beside the baseline's."""
    head = ["| | This run | Baseline |", "| :-- | --: | --: |"]
    side = one.comparison.baseline if one.comparison else None
    other = totals(side.trials) if side else None
    pooled = f" ({len(side.runs)} runs)" if side and len(side.runs) > 1 else ""
    rows = [
        ("Run", markdown_code(one.record.id), (markdown_code(side.name) if side else NONE)),
        (
            "Full successes",
            words.successes(one.found),
            (words.successes(other) if other else NONE) + pooled,
        ),
        ("Mean score", _mean(one.found), _mean(other)),
        ("Scored", _scored(one.found), _scored(other)),
        ("Time", _time(one), span_of_time(time_of(side)) if side else NONE),
        ("Cost", _cost(one), dollars(cost_of(side)) if side else NONE),
        ("Infrastructure", _noise(one), NONE),
    ]
    return "\n".join([*head, *(f"| {name} | {mine} | {theirs} |" for name, mine, theirs in rows)])


def _mean(found: Totals | None) -> str:
    if found is None or found.mean is None:
        return NONE
    if found.scored == found.expected:
        return words.mean(found)
    band = f"{percent(found.worst)} to {percent(found.best)}"
    return f"{words.mean(found)} over scored; worst and best case {band}"


def _scored(found: Totals | None) -> str:
    if found is None:
        return NONE
    lost = f" ({found.infrastructure} infrastructure, {found.missing} missing)"
    return f"{found.scored}/{found.expected}" + (lost if found.scored < found.expected else "")


def _time(one: Publication) -> str:
    predicted = one.told.predicted_s
    shown = span_of_time(one.record.makespan_s)
    return f"{shown} (predicted {span_of_time(predicted)})" if predicted else shown


def _cost(one: Publication) -> str:
    cost, told, wins = one.record.cost_usd, one.told, one.found.successes
    if cost is None:
        return NONE
    each = told.per_success_usd if told.per_success_usd is not None else cost / max(1, wins)
    notes = [f"predicted {dollars(told.predicted_usd)}"] if told.predicted_usd is not None else []
    notes += [f"{dollars(each)} a full success"] if wins else []
    return f"{dollars(cost)} ({', '.join(notes)})" if notes else dollars(cost)


def _noise(one: Publication) -> str:
    noise = one.told.noise
    ended = sum(noise.ended.values())
    if not ended and not noise.without_score:
        return f"none in {noise.attempts} attempts"
    causes = ", ".join(f"{cause} {number}" for cause, number in noise.ended.items())
    shown = f"{ended} of {noise.attempts} attempts ended by it" + (f" ({causes})" if causes else "")
    return f"{shown}; {words.tasks(noise.without_score)} without a score"


def notes(one: Publication) -> str:
    """Return what must be read with the verdict, as a list."""
    said = list(one.told.warnings)
    if one.comparison and one.candidate:
        said += words.caveats(one.comparison, one.candidate)
    if one.told.left:
        said.append(f"Machines may be left behind ({one.told.left}): see the report.")
    return "\n".join(f"- {markdown_text(text, _TEXT_LIMIT)}" for text in said)


def links(one: Publication) -> str:
    """Return links to the run and its report."""
    found = [("workflow run", one.run_url), ("report", one.artifact_url)]
    return " · ".join(f"[{name}]({url})" for name, url in found if _safe(url))


def _safe(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not set(url) & set(" ()<>\"'`\n\r\t[]")


def joined(parts: Sequence[str], limit: int) -> str:
    """Join sections, leaving out the last ones that do not fit into ``limit`` bytes of UTF-8."""
    kept: list[str] = []
    left_out = "\n\n_Shortened; the whole is in the report._\n"
    room = limit - len(left_out.encode())
    for part in (one for one in parts if one):
        room -= len(part.encode()) + 2
        if room < 0:
            return "\n\n".join(kept) + left_out
        kept.append(part)
    return "\n\n".join(kept) + "\n"
