"""The runs that were kept, one after the other: scores with intervals, and their trend."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator import stats
from orchestrator.comparison.inputs import without_repeats
from orchestrator.comparison.sides import Totals, tally, totals
from orchestrator.report.formats import comparison_phrases as words
from orchestrator.report.formats.comparison_terminal import table
from orchestrator.report.phrases.amounts import dollars, moment, span_of_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.comparison.record import RunRecord
    from orchestrator.comparison.sides import Key

_BAR = 20


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A run in its place. ``changed`` are the keys in which it is unlike the run before it."""

    run: RunRecord
    branch: str
    commit: str
    totals: Totals
    changed: tuple[str, ...]


def points_of(kept: Sequence[tuple[RunRecord, str, str]]) -> list[TrendPoint]:
    """Return a point for each (run, branch, commit), in the given order."""
    points: list[TrendPoint] = []
    for run, branch, commit in kept:
        before = points[-1].run.fingerprint if points else run.fingerprint
        keys = sorted(before.keys() | run.fingerprint.keys())
        changed = tuple(key for key in keys if before.get(key) != run.fingerprint.get(key))
        points.append(TrendPoint(run, branch, commit, totals(run.trials), changed))
    return points


_MOST_LOST = 0.1
"""A run that lacks a score of more of its tasks would leave too few that are common."""


@dataclass(frozen=True, slots=True)
class Like:
    """The runs that were made like the newest, their common ``tasks``, and how many were not so."""

    runs: tuple[RunRecord, ...]
    tasks: tuple[Key, ...]
    left_out: Mapping[str, int]

    @property
    def rates(self) -> list[float]:
        """The success rate of each run on the common tasks; every task weighs the same."""
        return [
            sum(tally(run.trials[key]).rate for key in self.tasks) / len(self.tasks)
            for run in self.runs
            if self.tasks
        ]


def like_runs(points: Sequence[TrendPoint]) -> Like:
    """Return the runs that a line may go through: one make, one suite, nearly whole."""
    once = without_repeats(point.run for point in points)
    newest = once[-1]
    reasons = [
        _left_out(point.run, newest) if any(point.run is run for run in once) else "kept twice"
        for point in points
    ]
    runs = tuple(point.run for point, reason in zip(points, reasons, strict=True) if not reason)
    tasks = tuple(key for key in newest.trials if all(_whole(run, key) for run in runs))
    return Like(runs, tasks, Counter(reason for reason in reasons if reason))


def _left_out(run: RunRecord, newest: RunRecord) -> str:
    if run.fingerprint != newest.fingerprint or run.simulated != newest.simulated:
        return "made otherwise"
    if {key: len(trials) for key, trials in run.trials.items()} != {
        key: len(trials) for key, trials in newest.trials.items()
    }:
        return "of other tasks"
    lost = sum(not _whole(run, key) for key in run.trials)
    return "mostly without scores" if lost > _MOST_LOST * len(run.trials) else ""


def _whole(run: RunRecord, key: Key) -> bool:
    return all(trial.score is not None for trial in run.trials[key])


def slope(points: Sequence[TrendPoint]) -> stats.Trend | None:
    """Return how the success rate moves a run, over the runs that are like the newest."""
    return stats.trend(like_runs(points).rates) if points else None


def render_history(points: Sequence[TrendPoint]) -> str:
    """Return a table with a line a run, oldest first, and the trend below."""
    if not points:
        return "No run is kept here.\n"
    head = (
        "started",
        "run",
        "branch",
        "scored",
        "full successes",
        "mean",
        "cost",
        "time",
        "",
        "",
    )
    lines = table([head, *(_row(point) for point in points)])
    if any(point.run.simulated for point in points):
        lines.append("Simulated runs are marked; their scores say nothing about an agent.")
    return "\n".join([*lines, *_trend(points)]) + "\n"


def _row(point: TrendPoint) -> tuple[str, ...]:
    run, sums = point.run, point.totals
    marks = ["[SIMULATED]"] if run.simulated else []
    marks += [f"changed: {', '.join(point.changed)}"] if point.changed else []
    return (
        moment(run.started or 0.0),
        run.id,
        point.branch,
        f"{sums.scored}/{sums.expected}",
        words.successes(sums),
        words.mean(sums),
        dollars(run.cost_usd),
        span_of_time(run.makespan_s),
        "#" * round(_BAR * (sums.rate or 0.0)),
        " ".join(marks),
    )


def _trend(points: Sequence[TrendPoint]) -> list[str]:
    like, trend = like_runs(points), slope(points)
    others = ", ".join(f"{number} {reason}" for reason, number in sorted(like.left_out.items()))
    left_out = f" Left out: {others}." if others else ""
    if trend is None:
        if len(points) < stats.FEWEST_RUNS:
            return []
        few = f"{len(like.runs)} runs like the newest, {len(like.tasks)} common tasks"
        return [f"No trend: {few}; {stats.FEWEST_RUNS} runs are needed.{left_out}"]
    low, high = 100 * trend.low, 100 * trend.high
    held = f" (95%: {low:+.1f} to {high:+.1f})" if high > low else ""
    moves = "" if low > 0 or high < 0 else ": no trend is seen"
    over = f"{len(like.runs)} runs like the newest on their {len(like.tasks)} common tasks"
    return [f"Trend {words.points(trend.slope)} a run{held}, over {over}{moves}.{left_out}"]


def history_document(points: Sequence[TrendPoint]) -> dict[str, Any]:
    """Return the history as a value that JSON can hold."""
    trend, like = slope(points), like_runs(points) if points else None
    return {
        "runs": [
            {
                "id": point.run.id,
                "branch": point.branch,
                "commit": point.commit,
                "started": point.run.started,
                "simulated": point.run.simulated,
                "expected": point.totals.expected,
                "scored": point.totals.scored,
                "successes": point.totals.successes,
                "rate": point.totals.rate,
                "low": point.totals.interval.low if point.totals.interval else None,
                "high": point.totals.interval.high if point.totals.interval else None,
                "mean": point.totals.mean,
                "cost_usd": point.run.cost_usd,
                "makespan_s": point.run.makespan_s,
                "changed": list(point.changed),
            }
            for point in points
        ],
        "trend": None
        if trend is None or like is None
        else {
            "slope": trend.slope,
            "low": trend.low,
            "high": trend.high,
            "level": trend.level,
            "runs": len(like.runs),
            "tasks": len(like.tasks),
        },
    }
