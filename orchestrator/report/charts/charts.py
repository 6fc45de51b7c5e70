"""The page's charts as Vega-Lite specifications: what a run scored, and how it went.

Colours are names of the page's style sheet. Fractions are of 1, moments seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.report.charts import vega_marks as marks
from orchestrator.report.charts.axes import axis
from orchestrator.report.charts.vega import HALF, NARROW, WIDE, Chart, Spec, chart
from orchestrator.report.phrases import wording
from orchestrator.report.phrases.amounts import percent, span_of_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.report.model.entries import Score
    from orchestrator.report.model.phases import PhaseTimes
    from orchestrator.report.model.results import Results

GRADE_COLOURS = {grade: f"var(--{grade})" for grade in wording.GRADES}
_ROW = 30


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the whole: how many ended so."""

    kind: str
    label: str
    count: int


def counts_of(score: Score) -> list[Segment]:
    """Return what became of everything expected, one segment a grade, empty ones too."""
    counts = score.counts
    held = {
        "success": score.successes,
        "partial": score.partial,
        "zero": counts.scored - score.successes - score.partial,
        "infrastructure": counts.infrastructure,
        "missing": counts.missing,
    }
    return [Segment(kind, label, held[kind]) for kind, label in wording.GRADES.items()]


def counts_bar(score: Score) -> Chart:
    """Draw what became of everything expected as one bar."""
    segments = [segment for segment in counts_of(score) if segment.count]
    label = ", ".join(f"{segment.count} {segment.label}" for segment in segments)
    values = [(segment.kind, segment.count) for segment in segments]
    return stacked_bar(
        label or "Nothing was expected", values, GRADE_COLOURS, max(1, score.counts.expected)
    )


def stacked_bar(
    label: str,
    counts: Sequence[tuple[str, int]],
    colours: dict[str, str],
    most: int,
    widths: tuple[int, ...] = (WIDE, NARROW),
) -> Chart:
    """Draw counts by kind, in their order, as one bar that is full at ``most``."""
    values = [
        {"kind": kind, "count": count, "order": order}
        for order, (kind, count) in enumerate(counts)
        if count
    ]

    def spec(width: int) -> Spec:
        return {
            "width": width,
            "height": 22,
            "padding": 0,
            "data": {"values": values},
            "mark": {"type": "bar", "stroke": "var(--surface)", "strokeWidth": 1.5},
            "encoding": {
                "x": {
                    "field": "count",
                    "type": "quantitative",
                    "axis": None,
                    "scale": {"domain": [0, most], "nice": False},
                },
                "order": {"field": "order"},
                "color": marks.colour("kind", colours),
            },
        }

    return chart(label, spec, widths)


def ruler(score: Score) -> Chart:
    """Draw the mean, its interval, and the worst and best case on one scale."""
    interval = score.mean_interval
    known: dict[str, float | None] = {
        "worst": score.band.worst,
        "best": score.band.best,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "mean": score.mean,
    }
    label = f"Worst to best case {wording.band(score)}; mean over scored {wording.mean(score)}"

    def spec(width: int) -> Spec:
        layers: list[Spec] = [
            {
                "mark": {
                    "type": "bar", "height": 26, "fill": "var(--band)", "stroke": "var(--accent)",
                },
                "encoding": {"x": marks.share("worst", width), "x2": {"field": "best"}},
            }
        ]  # fmt: skip
        if interval is not None:
            layers += marks.whisker("low", "high", width, ends=14)
        if score.mean is not None:
            layers.append(marks.dot("mean", width, size=150))
        return {
            "width": width - 28,
            "height": 56,
            "padding": {"left": 14, "right": 14, "top": 2, "bottom": 2},
            "data": {"values": [known]},
            "layer": layers,
        }

    return chart(label, spec, (HALF, NARROW))


def domains(results: Results) -> Chart:
    """Draw each domain's success rate with its interval, and its mean."""
    values = [_domain(name, score) for name, score in results.domains]
    said = "; ".join(
        f"{name} {percent(score.rate)} ({wording.interval(score.interval)})"
        for name, score in results.domains
    )
    overall = results.score.rate

    def spec(width: int) -> Spec:
        whiskers = marks.whisker("low", "high", width, ends=8)
        layers = [*whiskers, marks.diamond("mean", width), marks.dot("rate", width)]
        if overall is not None:
            layers.insert(0, marks.overall(overall))
        if width == WIDE:
            layers += [marks.column(name, at) for name, at in _COLUMNS]
        right = _COLUMN_SPACE if width == WIDE else 16
        return {
            "width": width - marks.row_labels(width) - right,
            "height": {"step": _ROW},
            "padding": {"left": 2, "right": 8 if width == WIDE else right, "top": 4, "bottom": 4},
            "data": {"values": values},
            "encoding": {"y": marks.rows("domain", width)},
            "layer": layers,
        }

    return chart(f"Success rate by domain with 95% interval: {said}", spec)


_COLUMN_SPACE = 280
_COLUMNS = (("wins", 100), ("percent", 170), ("between", 280))


def _domain(name: str, score: Score) -> dict[str, Any]:
    held = score.interval
    counts = score.counts
    return {
        "domain": name,
        "rate": score.rate,
        "mean": score.mean,
        "low": held.low if held else None,
        "high": held.high if held else None,
        "wins": f"{score.successes}/{counts.scored}"
        + (f" of {counts.expected}" if counts.scored < counts.expected else ""),
        "percent": percent(score.rate),
        "between": wording.interval(held),
    }


def forecast(results: Results) -> Chart | None:
    """Draw actual time and cost as shares of what was predicted; None when nothing was."""
    rows = list(_forecast_rows(results))
    if not rows:
        return None
    label = "; ".join(f"{row['what']}: {row['said']}" for row in rows)
    most = max(1.25, *(row["ratio"] * 1.1 for row in rows))

    def spec(width: int) -> Spec:
        scale = {"domain": [0, most]}
        ticks = marks.share_axis(width) | {"values": [0, 0.5, 1, 1.5, 2, 3]}
        x = {"type": "quantitative", "scale": scale, "axis": ticks}
        labels = 60
        return {
            "width": width - labels - 12,
            "height": {"step": 40},
            "padding": {"left": 2, "right": 10, "top": 4, "bottom": 4},
            "data": {"values": rows},
            "encoding": {"y": marks.rows("what", width, labels)},
            "layer": [
                {"mark": {"type": "bar", "height": 16},
                 "encoding": {"x": {"field": "ratio", **x}, "color": marks.colour("side", _SIDES)}},
                {"data": {"values": [{"at": 1}]},
                 "mark": {"type": "rule", "color": "var(--ink)", "strokeWidth": 2},
                 "encoding": {"x": {"field": "at", **x}, "y": None}},
            ],
        }  # fmt: skip

    return chart(label, spec, (HALF, NARROW))


_SIDES = {"within": "var(--success)", "over": "var(--partial)"}


def _forecast_rows(results: Results) -> Iterable[dict[str, Any]]:
    facts = results.facts
    if results.makespan_s is not None and facts.predicted_s:
        said = f"{span_of_time(results.makespan_s)} of {span_of_time(facts.predicted_s)} predicted"
        yield _forecast_row("Time", results.makespan_s / facts.predicted_s, said)
    if facts.cost_usd is not None and facts.predicted_cost_usd:
        said = f"${facts.cost_usd:.2f} of ${facts.predicted_cost_usd:.2f} predicted"
        yield _forecast_row("Cost", facts.cost_usd / facts.predicted_cost_usd, said)


def _forecast_row(what: str, ratio: float, said: str) -> dict[str, Any]:
    return {
        "what": what,
        "ratio": ratio,
        "side": "over" if ratio > 1 else "within",
        "said": said,
    }


def phases(results: Sequence[PhaseTimes]) -> Chart | None:
    """Draw how long each phase took: half of the time, nine times of ten, at most."""
    if not results:
        return None
    values = [
        {"phase": phase.name, "p50": phase.p50_s, "p90": phase.p90_s, "max": phase.max_s}
        for phase in results
    ]
    label = "; ".join(
        f"{phase.name}: median {span_of_time(phase.p50_s)}, 90% {span_of_time(phase.p90_s)}, "
        f"longest {span_of_time(phase.max_s)}"
        for phase in results
    )
    longest = max(phase.max_s for phase in results)

    def spec(width: int) -> Spec:
        ticks = axis(longest, most=4, orient="bottom")
        x = {"type": "quantitative", "scale": {"domain": [0, longest]}, "axis": ticks}
        labels = marks.row_labels(width)
        return {
            "width": width - labels - 24,
            "height": {"step": _ROW},
            "padding": {"left": 2, "right": 22, "top": 4, "bottom": 4},
            "data": {"values": values},
            "encoding": {"y": marks.rows("phase", width)},
            "layer": [
                {"mark": {"type": "rule", "color": "var(--muted)", "strokeWidth": 1.5},
                 "encoding": {"x": {"field": "p50", **x}, "x2": {"field": "max"}}},
                {"mark": {"type": "bar", "height": 12, "color": "var(--accent)",
                          },
                 "encoding": {"x": {"field": "p50", **x}}},
                {"mark": {"type": "tick", "size": 14, "thickness": 3, "color": "var(--ink)"},
                 "encoding": {"x": {"field": "p90", **x}}},
                {"mark": {"type": "point", "shape": "circle", "size": 30, "filled": True,
                          "opacity": 1, "color": "var(--muted)"},
                 "encoding": {"x": {"field": "max", **x}}},
            ],
        }  # fmt: skip

    return chart(label, spec, (HALF, NARROW))
