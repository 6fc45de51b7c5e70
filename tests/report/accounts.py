"""What each surface must say of a pair of ledgers, phrase by phrase, from ``recomputed`` alone.

A phrase holds every figure of a sentence or a row. A figure in no phrase is unaccounted for.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scipy.stats import norm

from tests.report.reclustered import applications_span, dealing_p
from tests.report.recomputed import (
    IN_DOUBT,
    Of,
    Repeated,
    Sides,
    Span,
    Unit,
    Z,
    by,
    by_task,
    change_span,
    domains_among_themselves,
    holm,
    paired_p,
    ranks,
    scored,
    wins,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WAYS = {1: "better", -1: "worse", 0: "even"}
KINDS = {-1: "Succeeded less often", 1: "Succeeded more often"}


def pct(value: float) -> str:
    return f"{100 * value:.1f}%"


def span(result: Span) -> str:
    if result is None:
        return "—"
    low, high = (f"{100 * end:.1f}" for end in result)
    return f"{low}%" if low == high else f"{low} to {high}%"


def points(value: float) -> str:
    return f"{100 * value:+.1f} points"


def between(result: Span) -> str:
    return "—" if result is None else f"{100 * result[0]:+.1f} to {100 * result[1]:+.1f}"


def p_short(value: float) -> str:
    return "<0.0001" if value < 0.0001 else f"{value:.2g}" if value < 0.995 else "1"


def p_long(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left:02d} min" if hours else f"{minutes} min {rest:02d} s"


def mean_said(of: Of) -> str:
    return f"{pct(of['mean'])} (95%: {span(of['mean_interval'])})"


def success_said(of: Of) -> str:
    share = f"{of['successes']}/{of['scored']} = {pct(of['rate'])}"
    return f"{share} (95%: {span(of['interval'])})"


@dataclass(frozen=True)
class RunSaid:
    """A run's phrases; ``began`` is when its first session did."""

    units: Sequence[Unit]
    began: float

    @cached_property
    def of(self) -> Of:
        return Of(self.units)

    @property
    def sound(self) -> list[Unit]:
        known = [unit for unit in self.units if unit.counted is not None]
        return [u for u in known if u.counted and not IN_DOUBT & set(u.counted["flags"])]

    @property
    def feasible(self) -> list[Unit]:
        return [unit for unit in self.units if not unit.name.startswith("INF-")]

    @property
    def infeasible(self) -> list[Unit]:
        return [unit for unit in self.units if unit.name.startswith("INF-")]

    @property
    def makespan_s(self) -> Any:
        return (
            max(attempt["ended"] for unit in self.units for attempt in unit.attempts) - self.began
        )

    @property
    def domains(self) -> dict[str, list[Unit]]:
        return by(self.units, lambda unit: unit.domain)

    @property
    def clustered(self) -> Span:
        return applications_span(map(scored, self.domains.values()), 0.0, 1.0)

    @property
    def against_published(self) -> float:
        """The unpaired difference with power 0.8, about the score interval's centre."""
        n = len(by_task([unit for unit in self.units if unit.score is not None]))
        centre = (self.of["rate"] * n + Z * Z / 2) / (n + Z * Z)
        z = Z + float(norm.ppf(0.8))
        return z * math.sqrt(2 * centre * (1 - centre) / n)

    def answered_fail(self, units: Iterable[Unit]) -> int:
        return sum("answered-fail" in u.counted["flags"] for u in units if u.counted is not None)

    def headline(self) -> list[str]:
        of, lost = self.of, self.of["expected"] - self.of["scored"]
        return [
            (
                f"{lost} of {of['expected']} expected have no score: this is the worst and the "
                f"best case. The mean over the {of['scored']} scored is {pct(of['mean'])}."
            ),
            (
                f"{of['expected']} expected = {of['scored']} scored + {of['infrastructure']} "
                f"infrastructure + {of['missing']} missing"
            ),
        ]

    def band(self) -> str:
        return span((self.of["worst_case"], self.of["best_case"]))

    def mean_counted(self) -> str:
        return f"{mean_said(self.of)}, {self.of['scored']}/{self.of['expected']} scored"

    def applications(self) -> str:
        count = len(self.domains)
        return (
            f"Were the {count} applications drawn too, and not their tasks alone, another draw of "
            f"applications like these could lie at {span(self.clustered)} (95%, CR2, t): "
            "indicative."
        )

    def caveats(self, reach: float) -> list[str]:
        of, sound = self.of, self.sound
        apart, others = Of(self.infeasible), Of(self.feasible)
        had = (of["mean"] * of["scored"] + of["timeouts"]) / of["scored"]
        flagged = of["scored"] - len(sound)
        sound_mean = Of(sound)
        return [
            (
                f"{of['timeouts']} timed out: scored 0, in the mean, in the worst and best case "
                f"and in verdicts. Had all of them succeeded, the mean over the {of['scored']} "
                f"scored would be {pct(had)}."
            ),
            (
                f"{flagged} scored while an evaluator's exception was swallowed or a step of the "
                f"set-up failed that upstream goes on from; the mean of the {len(sound)} others is "
                f"{mean_said(sound_mean)}."
            ),
            (
                f"Infeasible tasks by themselves: {success_said(apart)}; all others: mean "
                f"{mean_said(others)}, {others['scored']}/{others['expected']} scored. Always "
                f"answering FAIL would score {apart['expected']}/{of['expected']}."
            ),
            (
                f"FAIL was answered on {self.answered_fail(self.infeasible)} of {apart['scored']} "
                f"scored infeasible tasks, where it is right, and on "
                f"{self.answered_fail(self.feasible)} of {others['scored']} others."
            ),
            self.applications(),
            (
                f"A second run of the same tasks must differ by {100 * reach:.1f} points or more "
                "to be told apart (paired, complete, as many trials, power 0.8, chances of tasks "
                "spread as Beta(0.35, 0.9)); a published number by "
                f"{100 * self.against_published:.1f} points."
            ),
        ]

    def trials(self, between_k: str = ": ", comma: str = ", ") -> list[str]:
        """Return the rows of the trials; the page's have spaces where the others have signs."""
        repeated = Repeated(self.units)
        flips, held, tasks = repeated.flips
        rows = []
        for k in range(1, repeated.most + 1):
            cells = (
                f"{pct(v)} ({span(s)})"
                for v, s in (repeated.passes(k, any), repeated.passes(k, all))
            )
            name = f"pass@{k}, pass^{k}" if comma.strip() else f"{k}"
            rows.append(f"{name}{between_k}{comma.join(cells)}")
        return [
            *rows,
            f"{len(repeated.whole)} tasks with {repeated.most} scored trials",
            f"Flip rate{between_k}{pct(flips)} of pairs of trials, over {tasks} tasks",
            f"95% of the flip rate{between_k}{span(held)}",
            f"Flaky tasks{between_k}{len(repeated.flaky)} of {tasks}",
        ]

    def domain_rows(self, *, page: bool) -> list[str]:
        among = domains_among_themselves(self.units)
        rows = []
        for domain, units in self.domains.items():
            of, (p, sign, held) = Of(units), among[domain]
            cells = [domain, f"{of['scored']}/{of['expected']}", mean_said(of)]
            cells += [str(of["successes"]), *([pct(of["rate"])] if page else [])]
            where = {1: "above", -1: "below", 0: ""}[sign]
            cells += [span(of["interval"]), span(held), f"{p:.3f} {where}".strip()]
            rows.append((" " if page else " | ").join(cells))
        return rows

    def noise(self) -> str:
        ended = Counter(
            attempt["cause"]
            for u in self.units
            for attempt in u.attempts
            if attempt["cause"] in {"arena", "lost"}
        )
        attempts = sum(len(unit.attempts) for unit in self.units)
        causes = ", ".join(f"{cause} {number}" for cause, number in ended.most_common())
        unscored = self.of["expected"] - self.of["scored"]
        noun = "task" if unscored == 1 else "tasks"
        return (
            f"{sum(ended.values())} of {attempts} attempts ended by it ({causes}); "
            f"{unscored} {noun} without a score"
        )


@dataclass(frozen=True)
class PairSaid:
    """A comparison's phrases."""

    first: Sequence[Unit]
    second: Sequence[Unit]

    @cached_property
    def pairs(self) -> dict[str, tuple[list[Unit], list[Unit]]]:
        ones, twos = by_task(self.first), by_task(self.second)
        return {label: (ones[label], twos[label]) for label in sorted(ones, key=_key)}

    @cached_property
    def sides(self) -> dict[str, Sides]:
        """Successes and scored trials on either side of each task that both scored."""
        known = {
            label: ((wins(entry), len(scored(entry))), (wins(two), len(scored(two))))
            for label, (entry, two) in self.pairs.items()
        }
        return {label: pair for label, pair in known.items() if pair[0][1] and pair[1][1]}

    @cached_property
    def changes(self) -> dict[str, float]:
        return {label: b / m - a / n for label, ((a, n), (b, m)) in self.sides.items()}

    @cached_property
    def score_changes(self) -> dict[str, float]:
        return {
            label: statistics.fmean(scored(two)) - statistics.fmean(scored(entry))
            for label, (entry, two) in self.pairs.items()
            if label in self.sides
        }

    def changed(self, way: int) -> list[str]:
        return [label for label, value in self.changes.items() if value * way > 0]

    @property
    def mean_change(self) -> float:
        return statistics.fmean(self.changes.values())

    @cached_property
    def p(self) -> float:
        return paired_p(list(self.sides.values()))

    @cached_property
    def p_worst(self) -> float:
        """The p had every missing score gone against what was found: successes of the first."""
        ahead = self.mean_change > 0
        return paired_p(
            [
                (_filled(entry, success=ahead), _filled(two, success=not ahead))
                for entry, two in self.pairs.values()
            ]
        )

    @property
    def undecided(self) -> int:
        return sum(
            len(scored([*entry, *two])) < len([*entry, *two]) for entry, two in self.pairs.values()
        )

    def cut_off(self, way: int) -> int:
        """Return how many lost (gained) tasks have a timeout of the second's (first's)."""
        return sum(
            any(u.status == "scored" and u.cause == "timeout" for u in self.pairs[label][way < 0])
            for label in self.changed(way)
        )

    def interval(self, changes: Sequence[float], p: float) -> Span:
        result = change_span(changes)
        if result is None or p <= 0.05:
            return result
        return min(0.0, result[0]), max(0.0, result[1])

    @cached_property
    def domains(self) -> dict[str, tuple[list[str], float]]:
        """Each domain's tasks, and the p of its pairs after Holm."""
        groups: dict[str, list[str]] = {}
        for label in self.sides:
            groups.setdefault(label.partition("/")[0], []).append(label)
        values = [paired_p([self.sides[label] for label in labels]) for labels in groups.values()]
        return {d: (g, p) for (d, g), p in zip(groups.items(), holm(values), strict=True)}

    def counts(self) -> str:
        return f"{len(self.changed(1))} gained, {len(self.changed(-1))} lost of {len(self.sides)}"

    def lacking(self) -> str:
        whole = len(self.pairs) - len(self.sides)
        return (
            f"{self.undecided} tasks lack a score on a side ({whole} every trial of it, "
            f"{self.undecided - whole} some)"
        )

    def change(self) -> str:
        held = self.interval(list(self.changes.values()), self.p)
        return f"{points(self.mean_change)} (95%: {between(held)})"

    def sentence(self) -> list[str]:
        return [
            f"{self.counts()} tasks (exact stratified p = {p_short(self.p)}), {self.change()}.",
            f"{self.cut_off(-1)} of the {len(self.changed(-1))} lost timed out.",
            (
                f"{self.cut_off(1)} of the {len(self.changed(1))} gained had timed out in the "
                "baseline."
            ),
            f"It holds however they had ended: {self.lacking()}.",
            *map(self.flipping, KINDS),
        ]

    def flips(self, way: int) -> dict[str, tuple[int, int]]:
        """Return the tasks that changed so and of which the baseline's own trials disagree."""
        own = {label: self.sides[label][0] for label in self.changed(way)}
        return {label: (won, trials) for label, (won, trials) in own.items() if 0 < won < trials}

    def flipping(self, way: int) -> str:
        result = self.flips(way)
        named = ", ".join(f"{label} ({won} of {trials})" for label, (won, trials) in result.items())
        changed = f"{len(self.changed(way))} {'gained' if way > 0 else 'lost'}"
        return f"{len(result)} of the {changed} tasks flip in the baseline by themselves: {named}."

    def scores(self) -> tuple[float, Span, float, int]:
        values = list(self.score_changes.values())
        return statistics.fmean(values), change_span(values), *ranks(values)

    @cached_property
    def clustered(self) -> Span:
        groups = [[self.changes[label] for label in labels] for labels, _ in self.domains.values()]
        return applications_span(groups, -1.0, 1.0)

    @cached_property
    def score_p(self) -> float:
        known = [self.pairs[label] for label in self.sides]
        return dealing_p([(scored(entry), scored(two)) for entry, two in known])

    @property
    def differing(self) -> int:
        return sum(abs(value) > 1e-9 for value in self.score_changes.values())

    def applications(self) -> str:
        return f"CR2, t over {len(self.domains)} applications"

    def caveats(self, names: tuple[str, str]) -> list[str]:
        unfinished = [
            f"{name} was not finished: {Of(units)['missing']} of {len(units)} expected never"
            for name, units in zip(names, (self.first, self.second), strict=True)
        ]
        return [*unfinished, f"Incomplete: {self.lacking()}."]


def _key(label: str) -> tuple[str, ...]:
    return tuple(label.split("/"))


def _filled(units: Sequence[Unit], *, success: bool) -> tuple[int, int]:
    missing = sum(unit.score is None for unit in units)
    return wins(units) + (missing if success else 0), len(units)
