"""A run against published numbers: unpaired, by Windows Agent Arena's groups of domains."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from orchestrator import stats
from orchestrator.comparison.sides import Side, tally, totals
from orchestrator.errors import BadInputError, Problem, bad_input
from orchestrator.planning.suite import DOMAIN_COUNTS
from orchestrator.stats import Verdict
from orchestrator.text import NAME_LIMIT, clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.stats import Interval

ALL = "All"

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Office": ("libreoffice_calc", "libreoffice_writer"),
    "Web": ("chrome", "msedge"),
    "System": ("file_explorer", "settings"),
    "Coding": ("vs_code",),
    "Media": ("vlc",),
    "Utilities": ("notepad", "microsoft_paint", "windows_calc", "clock"),
}
"""The domains of each group in which Windows Agent Arena's results are published."""

GROUP_TASKS: Mapping[str, int] = {
    **{
        group: sum(DOMAIN_COUNTS[domain] for domain in domains) for group, domains in GROUPS.items()
    },
    ALL: sum(DOMAIN_COUNTS.values()),
}
"""Tasks of each group in the full list: Office 43, Web 30, System 24, Coding 24, Media 21, 12."""


@dataclass(frozen=True, slots=True)
class Published:
    """Published success rates, as fractions, by group (or ``All``)."""

    name: str
    rates: Mapping[str, float]
    source: str = ""


# Bonatti et al., "Windows Agent Arena: evaluating multi-modal OS agents at scale",
# arXiv:2409.08264 (2024), abstract.
_PAPER = "arXiv:2409.08264"
KNOWN: Mapping[str, Published] = {
    "navi": Published("Navi, as published", {ALL: 0.195}, _PAPER),
    "human": Published("An unassisted human, as published", {ALL: 0.745}, _PAPER),
}
"""Numbers that ``--baseline`` knows by name."""


def parse_published(text: str, where: str) -> Published:
    """Read ``{"name": …, "rates": {"Office": 0.1, …, "All": 0.2}}``, rates as fractions.

    Raises:
        BadInputError: Naming every problem.
    """
    fix = f'Write {{"name": "…", "rates": {{"Office": 0.1, "{ALL}": 0.2}}}}, rates from 0 to 1.'
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise bad_input(where, f"not JSON ({clean(str(error), 80)})", fix) from error
    rates = document.get("rates") if isinstance(document, dict) else None
    if not isinstance(rates, dict) or not rates:
        raise bad_input(where, "has no rates", fix)
    problems = [
        Problem(f"{where}: {clean(str(group), 40)}", what, fix)
        for group, rate in rates.items()
        if (what := _wrong(group, rate))
    ]
    if problems:
        raise BadInputError(problems)
    name = clean(str(document.get("name") or where), NAME_LIMIT)
    return Published(name, {group: float(rate) for group, rate in rates.items()}, clean(where))


def _wrong(group: str, rate: object) -> str:
    if group not in GROUP_TASKS:
        return f"is no group; they are {', '.join(GROUP_TASKS)}"
    number = isinstance(rate, int | float) and not isinstance(rate, bool)
    return "" if number and 0 <= float(str(rate)) <= 1 else "is no rate from 0 to 1"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of a run beside the published rate; ``difference`` is the run's minus that.

    ``scored`` and ``successes`` are of trials, ``tasks_scored`` of tasks. Tasks are the units: the
    trials of each are averaged first, and ``rate`` is the mean over tasks. ``interval`` is
    Newcombe's, taking the published rate as that of as many tasks as the list has.
    """

    group: str
    tasks: int
    scored: int
    successes: int
    rate: float | None
    published: float
    difference: float | None
    interval: Interval | None
    p: float
    tasks_scored: int


@dataclass(frozen=True, slots=True)
class Against:
    """A run against published numbers. ``verdict`` is on ``All``, where that is published."""

    side: Side
    published: Published
    verdict: Verdict
    rows: tuple[GroupRow, ...] = field(default_factory=tuple)

    @property
    def whole(self) -> GroupRow | None:
        """The row of all tasks, if the total is published."""
        return next((row for row in self.rows if row.group == ALL), None)


def against(side: Side, published: Published) -> Against:
    """Return how a run's full successes stand beside published rates.

    Fisher's exact test, with the published rate times the list's tasks, rounded, as successes:
    published means of partial scores are taken as such. Groups are Holm-adjusted among themselves.
    """
    rows = [_row(side, group, rate) for group, rate in published.rates.items()]
    groups = [row for row in rows if row.group != ALL]
    adjusted = dict(
        zip((row.group for row in groups), stats.holm([row.p for row in groups]), strict=True)
    )
    group_rows = tuple(replace(row, p=adjusted.get(row.group, row.p)) for row in rows)
    whole = next((row for row in group_rows if row.group == ALL), None)
    return Against(side, published, _verdict(side, whole), group_rows)


def _row(side: Side, group: str, rate: float) -> GroupRow:
    chosen = {
        key: trials
        for key, trials in side.trials.items()
        if group == ALL or key[0] in GROUPS[group]
    }
    sums, tasks = totals(chosen), GROUP_TASKS[group]
    rates = [each.rate for each in map(tally, chosen.values()) if each.scored]
    units, wins = len(rates), math.fsum(rates)
    mine = wins / units if units else None
    return GroupRow(
        group=group,
        tasks=tasks,
        scored=sums.scored,
        successes=sums.successes,
        rate=mine,
        published=rate,
        difference=None if mine is None else mine - rate,
        interval=stats.newcombe(rate * tasks, tasks, wins, units),
        p=stats.fisher(round(rate * tasks), tasks, round(wins), units),
        tasks_scored=units,
    )


def _verdict(side: Side, whole: GroupRow | None) -> Verdict:
    """Say whether all tasks together differ, however the missing ones had ended."""
    if side.simulated or whole is None or whole.rate is None or whole.difference is None:
        return Verdict.NONE
    if whole.p > stats.ALPHA:
        return Verdict.NOT_DISTINGUISHABLE
    better = whole.difference > 0
    wins, tasks = _filled(side, success=not better), len(side.trials)
    published = round(whole.published * whole.tasks)
    filled, rate = stats.fisher(published, whole.tasks, round(wins), tasks), wins / tasks
    if filled > stats.ALPHA or (rate > whole.published) != better:
        return Verdict.NOT_DISTINGUISHABLE
    return Verdict.BETTER if better else Verdict.WORSE


def _filled(side: Side, *, success: bool) -> float:
    """Return how many tasks' worth of successes there are, had all that is missing ended so."""
    return math.fsum(tally(trials).filled(success=success).rate for trials in side.trials.values())
