"""A pair of runs, computed anew from the files of their ledgers: no code of the product's.

Only ``json``, numpy and scipy are used; each formula is written from its source, not from ours.
"""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq
from scipy.stats import (
    fisher_exact,
    hypergeom,
    norm,
    rankdata,
    t,
    ttest_1samp,
    wilcoxon,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Span = tuple[float, float] | None
Z = float(norm.ppf(0.975))
ZEROS = {"timeout", "budget", "agent"}
IN_DOUBT = {"evaluator", "setup-warning"}


@dataclass(frozen=True)
class Unit:
    """One trial of one task, as its attempts ended."""

    domain: str
    name: str
    trial: int
    attempts: tuple[dict[str, Any], ...]

    @cached_property
    def counted(self) -> dict[str, Any] | None:
        """The first attempt with a score of its own, or one that a cause made 0."""
        for attempt in self.attempts:
            if attempt["score"] is not None or attempt["cause"] in ZEROS:
                return attempt
        return None

    @property
    def score(self) -> float | None:
        return None if self.counted is None else float(self.counted["score"] or 0.0)

    @property
    def status(self) -> str:
        if self.counted is not None:
            return "scored"
        return "infrastructure" if self.attempts else "missing"

    @property
    def cause(self) -> str | None:
        ended = self.counted or (self.attempts[-1] if self.attempts else None)
        return ended["cause"] if ended else None

    @property
    def label(self) -> str:
        return f"{self.domain}/{self.name}"


def read_units(ledger: Path) -> list[Unit]:
    """Return every planned trial, by domain, name and number."""
    plan = json.loads((ledger / "plan.json").read_text())
    ended: dict[tuple[str, str, int], list[dict[str, Any]]] = {
        (task["task"]["domain"], task["task"]["name"], trial): []
        for task in plan["tasks"]
        for trial in range(plan["trials"])
    }
    for path in sorted((ledger / "outcomes").rglob("*.json")):
        entry = json.loads(path.read_text())
        task = entry["unit"]["task"]
        ended[task["domain"], task["name"], entry["unit"]["trial"]].append(entry)
    return [
        Unit(*key, tuple(sorted(attempts, key=lambda entry: entry["attempt"])))
        for key, attempts in sorted(ended.items())
    ]


def read_start(ledger: Path) -> float:
    """Return when the first session began."""
    sessions = [json.loads(path.read_text()) for path in (ledger / "sessions").glob("*.json")]
    return min(float(session["started"]) for session in sessions)


def scored(units: Iterable[Unit]) -> list[float]:
    return [unit.score for unit in units if unit.score is not None]


def by(units: Iterable[Unit], key: Any) -> dict[Any, list[Unit]]:
    groups: dict[Any, list[Unit]] = {}
    for unit in units:
        groups.setdefault(key(unit), []).append(unit)
    return groups


def by_task(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    return by(units, lambda unit: unit.label)


def wins(units: Iterable[Unit]) -> int:
    return sum(score == 1.0 for score in scored(units))


def mean_span(groups: Iterable[list[float]]) -> Span:
    """Return Student's t over clusters, by the linearized variance of a ratio of sums."""
    known = [np.array(group) for group in groups if group]
    if len(known) < 2:
        return None
    sizes, sums = (
        np.array([len(entry) for entry in known]),
        np.array([entry.sum() for entry in known]),
    )
    mean = sums.sum() / sizes.sum()
    residuals = (sums - mean * sizes) / sizes.mean()
    error = residuals.std(ddof=1) / math.sqrt(len(known))  # residuals have the mean 0
    if error < 1e-9:
        return None
    reach = t.ppf(0.975, len(known) - 1) * error
    return max(0.0, mean - reach), min(1.0, mean + reach)


def score_span(rate: float, size: float, level: float = 0.95) -> Span:
    """Return the shares that ``rate``, seen of ``size``, does not reject by their own error."""
    z = norm.ppf((1 + level) / 2)

    def excess(share: float) -> float:
        return float((share - rate) ** 2 - z * z * share * (1 - share) / size)

    low = 0.0 if rate == 0 else brentq(excess, 1e-15, rate - 1e-12)
    return low, 1.0 if rate == 1 else brentq(excess, rate + 1e-12, 1 - 1e-15)


def rate_span(tasks: Iterable[tuple[int, int]], level: float = 0.95) -> Span:
    """Return the score interval at as many trials as the spread between tasks is worth."""
    known = np.array([pair for pair in tasks if pair[1]], dtype=float)
    if not len(known):
        return None
    trials = known[:, 1].sum()
    rate = known[:, 0].sum() / trials
    variance = (((known[:, 0] - rate * known[:, 1]) / trials) ** 2).sum()
    if rate in (0.0, 1.0) or variance < 1e-18:
        return score_span(rate, len(known), level)
    return score_span(rate, min(trials, rate * (1 - rate) / variance), level)


def share_span(shares: Sequence[float], trials: int) -> Span:
    mean, spread = statistics.fmean(shares), statistics.pvariance(shares)
    size = float(len(shares))
    if 0 < mean < 1 and spread > 1e-12:
        size = min(size * trials, mean * (1 - mean) * size / spread)
    return score_span(mean, size)


def holm(values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values: the largest Bonferroni value up to each, in their order."""
    ranks = np.argsort(values, kind="stable")
    steps = np.minimum(1.0, np.array(values)[ranks] * (len(values) - np.arange(len(values))))
    adjusted = np.empty(len(values))
    adjusted[ranks] = np.maximum.accumulate(steps)
    return [float(value) for value in adjusted]


def tallies(units: Iterable[Unit]) -> list[tuple[int, int]]:
    return [(wins(each), len(scored(each))) for each in by_task(units).values()]


@dataclass(frozen=True)
class Of:
    """What some trials scored."""

    units: Sequence[Unit]

    @cached_property
    def figures(self) -> dict[str, Any]:
        """The figures, under the names that ``results.json`` gives them."""
        values, states = scored(self.units), Counter(unit.status for unit in self.units)
        expected = len(self.units)
        return {
            "expected": expected,
            "scored": len(values),
            "infrastructure": states["infrastructure"],
            "missing": states["missing"],
            "mean": float(np.mean(values)),
            "mean_interval": mean_span(scored(each) for each in by_task(self.units).values()),
            "successes": wins(self.units),
            "partial": sum(0 < value < 1 for value in values),
            "rate": wins(self.units) / len(values),
            "interval": rate_span(tallies(self.units)),
            "worst_case": sum(values) / expected,
            "best_case": (sum(values) + expected - len(values)) / expected,
            "timeouts": sum(u.status == "scored" and u.cause == "timeout" for u in self.units),
        }

    def __getitem__(self, name: str) -> Any:
        return self.figures[name]


def domains_among_themselves(units: Sequence[Unit]) -> dict[str, tuple[float, int, Span]]:
    """Return each domain's p against all others and its direction, and its interval, after Holm."""
    won = {
        domain: [w / n for w, n in tallies(each) if n]
        for domain, each in by(units, lambda unit: unit.domain).items()
    }
    values, signs = [], []
    for domain, mine in won.items():
        others = [rate for other, rates in won.items() if other != domain for rate in rates]
        table = [[round(sum(rates)), len(rates) - round(sum(rates))] for rates in (mine, others)]
        values.append(min(1.0, float(fisher_exact(table).pvalue)))
        signs.append(int(np.sign(round(np.mean(mine) - np.mean(others), 9))))
    order = list(np.argsort(values, kind="stable"))
    levels = {n: 1 - 0.05 / (len(values) - rank) for rank, n in enumerate(order)}
    groups = by(units, lambda unit: unit.domain)
    return {
        domain: (p, sign, rate_span(tallies(groups[domain]), levels[n]))
        for n, (domain, p, sign) in enumerate(zip(won, holm(values), signs, strict=True))
    }


@dataclass(frozen=True)
class Repeated:
    """What the trials of each task say together."""

    units: Sequence[Unit]

    @cached_property
    def successes(self) -> dict[str, list[bool]]:
        groups = {label: scored(each) for label, each in by_task(self.units).items()}
        return {label: [value == 1.0 for value in each] for label, each in groups.items() if each}

    @property
    def most(self) -> int:
        return max(map(len, self.successes.values()))

    @property
    def whole(self) -> list[list[bool]]:
        return [each for each in self.successes.values() if len(each) == self.most]

    def passes(self, k: int, together: Any) -> tuple[float, Span]:
        """Return pass@k (``any``) or pass^k (``all``) over every choice of k trials."""
        shares = [
            statistics.fmean(map(together, itertools.combinations(each, k))) for each in self.whole
        ]
        return statistics.fmean(shares), share_span(shares, self.most)

    @property
    def flips(self) -> tuple[float, Span, int]:
        several = [each for each in self.successes.values() if len(each) > 1]
        shares = [
            statistics.fmean(entry != two for entry, two in itertools.combinations(each, 2))
            for each in several
        ]
        return statistics.fmean(shares), share_span(shares, min(map(len, several))), len(several)

    @property
    def flaky(self) -> list[str]:
        return [label for label, each in self.successes.items() if len(set(each)) == 2]


Sides = tuple[tuple[int, int], tuple[int, int]]  # (successes, trials) of the first, the second


@cache
def table_chances(first: int, second: int, wins_: int) -> Any:
    """Return the chances of the second side's successes, given those of both."""
    return hypergeom.pmf(np.arange(second + 1), first + second, wins_, second)


def conditional_p(pairs: Sequence[Sides]) -> float:
    """Return the exact conditional two-sided p of stratified two-by-two tables."""
    spread = np.ones(1)
    for (a, n), (b, m) in pairs:
        spread = np.convolve(spread, table_chances(n, m, a + b))
    seen = sum(pair[1][0] for pair in pairs)
    return float(min(1.0, 2 * min(spread[: seen + 1].sum(), spread[seen:].sum())))


def paired_p(pairs: Sequence[Sides]) -> float:
    """Return the p that decides between sides of several trials: the largest of its three."""
    known = [pair for pair in pairs if pair[0][1] and pair[1][1]]
    differences = [second[0] / second[1] - first[0] / first[1] for first, second in known]
    differing = sum(abs(value) > 1e-9 for value in differences)
    flat = len(known) < 2 or max(differences) - min(differences) < 1e-9
    still = len(known) < 2 or abs(statistics.fmean(differences)) < 1e-9
    student = (1.0 if still else 0.0) if flat else float(ttest_1samp(differences, 0).pvalue)
    return max(conditional_p(known), student, min(1.0, 2.0 ** (1 - differing)))


def change_span(values: Sequence[float]) -> Span:
    if len(values) < 2 or max(values) - min(values) < 1e-9:
        return None
    held = ttest_1samp(values, 0).confidence_interval(0.95)
    return max(-1.0, float(held.low)), min(1.0, float(held.high))


def ranks(values: Sequence[float]) -> tuple[float, int]:
    """Return Wilcoxon's p, and the sign of the ranks' sum."""
    changed = np.array([value for value in values if value != 0])
    balance = float((np.sign(changed) * rankdata(np.abs(changed))).sum())
    return float(wilcoxon(changed).pvalue), int(np.sign(balance))
