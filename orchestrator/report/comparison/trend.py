"""The runs that were kept, one after the other: scores with intervals, and their trend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator import stats
from orchestrator.report.comparison import words
from orchestrator.report.comparison.sides import Totals, totals
from orchestrator.report.comparison.terminal import table
from orchestrator.report.text import NONE, dollars, moment, percent, span_of_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.report.comparison.record import RunRecord

_BAR = 20


@dataclass(frozen=True, slots=True)
class Point:
    """A run in its place. ``changed`` are the keys in which it is unlike the run before it."""

    run: RunRecord
    branch: str
    commit: str
    found: Totals
    changed: tuple[str, ...]


def points_of(kept: Sequence[tuple[RunRecord, str, str]]) -> list[Point]:
    """Return a point for each (run, branch, commit), in the given order."""
    points: list[Point] = []
    for run, branch, commit in kept:
        before = points[-1].run.fingerprint if points else run.fingerprint
        keys = sorted(before.keys() | run.fingerprint.keys())
        changed = tuple(key for key in keys if before.get(key) != run.fingerprint.get(key))
        points.append(Point(run, branch, commit, totals(run.trials), changed))
    return points


def slope(points: Sequence[Point]) -> stats.Trend | None:
    """Return how the success rate moves a run; simulated and real runs are not mixed."""
    if len({point.run.simulated for point in points}) > 1:
        return None
    return stats.trend([point.found.rate for point in points if point.found.rate is not None])


def render_history(points: Sequence[Point]) -> str:
    """Return a table with a line a run, oldest first, and the trend below."""
    if not points:
        return "No run is kept here.\n"
    head = (
        "started",
        "run",
        "branch",
        "scored",
        "successes",
        "95%",
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


def _row(point: Point) -> tuple[str, ...]:
    run, found = point.run, point.found
    interval = found.interval
    shown = f"{100 * interval.low:.1f} to {100 * interval.high:.1f}%" if interval else NONE
    marks = ["[SIMULATED]"] if run.simulated else []
    marks += [f"changed: {', '.join(point.changed)}"] if point.changed else []
    return (
        moment(run.started or 0.0),
        run.id,
        point.branch,
        f"{found.scored}/{found.expected}",
        percent(found.rate),
        shown,
        percent(found.mean),
        dollars(run.cost_usd),
        span_of_time(run.makespan_s),
        "#" * round(_BAR * (found.rate or 0.0)),
        " ".join(marks),
    )


def _trend(points: Sequence[Point]) -> list[str]:
    found = slope(points)
    if found is None:
        return []
    low, high = 100 * found.low, 100 * found.high
    moves = "" if low > 0 or high < 0 else ": no trend is seen"
    return [
        f"Trend {words.points(found.slope)} a run (95%: {low:+.1f} to {high:+.1f}){moves}.",
    ]


def history_document(points: Sequence[Point]) -> dict[str, Any]:
    """Return the history as a value that JSON can hold."""
    found = slope(points)
    return {
        "runs": [
            {
                "id": point.run.id,
                "branch": point.branch,
                "commit": point.commit,
                "started": point.run.started,
                "simulated": point.run.simulated,
                "expected": point.found.expected,
                "scored": point.found.scored,
                "successes": point.found.successes,
                "rate": point.found.rate,
                "low": point.found.interval.low if point.found.interval else None,
                "high": point.found.interval.high if point.found.interval else None,
                "mean": point.found.mean,
                "cost_usd": point.run.cost_usd,
                "makespan_s": point.run.makespan_s,
                "changed": list(point.changed),
            }
            for point in points
        ],
        "trend": None
        if found is None
        else {"slope": found.slope, "low": found.low, "high": found.high, "level": found.level},
    }
