"""The worker timeline of a session: boots, tasks, steals, deaths, and the predicted end.

A chart of many thousand bars would show less than one of two thousand: neighbours too thin to tell
apart are drawn as one, and workers beyond the first hundred are left to ``results.json``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from orchestrator.ledger.records import plausible_time
from orchestrator.report.charts.axes import axis
from orchestrator.report.charts.charts import GRADE_COLOURS
from orchestrator.report.charts.vega import WIDE, Chart, Spec, chart
from orchestrator.report.phrases import wording
from orchestrator.report.phrases.amounts import span_of_time
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orchestrator.report.model.entries import SessionEntry, WorkerEntry, WorkerSpan
    from orchestrator.report.model.results import Results

BARS_LIMIT = 2_000
LANES_LIMIT = 100

_LABELS = 190
_ROW = 34
_COLOURS = {
    "boot": "var(--boot)",
    **GRADE_COLOURS,
    "lost": "var(--ink)",
    "released": "var(--released)",
}
_ENDS = {"died": ("var(--ink)", "✕"), "failed": ("var(--infrastructure)", "!")}


@dataclass(frozen=True, slots=True)
class TimelineChart:
    """A session's chart; ``left_out`` counts workers that are not in it."""

    session: SessionEntry
    chart: Chart
    left_out: int
    merged: bool
    predicted: bool


def timelines(results: Results) -> list[TimelineChart]:
    """Return one timeline a session in which anything is known to have happened."""
    by_id = {worker.id: worker for worker in results.workers}
    drawn = []
    for session in results.sessions:
        workers = [by_id[name] for name in session.workers]
        if any(worker.spans for worker in workers):
            drawn.append(_timeline(results, session, workers))
    return drawn


def _timeline(
    results: Results, session: SessionEntry, workers: Sequence[WorkerEntry]
) -> TimelineChart:
    start = min([session.started, *(s.start for worker in workers for s in worker.spans)])
    predicted = results.facts.predicted_s if len(results.sessions) == 1 else None
    length = max(session.ended - start, predicted or 0.0, 1.0)
    shown = workers[:LANES_LIMIT]
    spans = sum(len(worker.spans) for worker in shown)
    thinnest = length * len(shown) / BARS_LIMIT if spans > BARS_LIMIT else 0.0
    bars = [bar for worker in shown for bar in _bars(worker, start, thinnest)]
    ends = [end for worker in shown for end in _ends(worker, start)]
    names = [_lane(worker) for worker in shown]
    label = f"Timeline of {len(workers)} workers over {span_of_time(length)}"
    return TimelineChart(
        session,
        chart(label, lambda _: _spec(names, bars, ends, length, predicted), (WIDE,)),
        left_out=len(workers) - len(shown),
        merged=thinnest > 0,
        predicted=predicted is not None,
    )


def _lane(worker: WorkerEntry) -> str:
    shard = "?" if worker.shard is None else str(worker.shard)
    stolen = f", {worker.stolen} stolen" if worker.stolen else ""
    # A tab parts the two lines of the label: clean text holds none.
    return f"{shard} · {clean(worker.id, 26)}\t{worker.scored} scored{stolen}"


def _bars(worker: WorkerEntry, start: float, thinnest: float) -> Iterator[dict[str, Any]]:
    lane = _lane(worker)
    for group in _groups(worker.spans, start, thinnest):
        first = group[0]
        yield {
            "lane": lane,
            "kind": max(group, key=lambda span: span.end - span.start).kind,
            "from": round(first.start - start, 2),
            "to": round(max(span.end for span in group) - start, 2),
            "stolen": any(span.stolen for span in group),
            "title": _title(first) if len(group) == 1 else f"{len(group)} attempts",
            "link": _link(first) if len(group) == 1 else "#tasks",
        }


def _groups(
    spans: Iterable[WorkerSpan], start: float, thinnest: float
) -> Iterator[list[WorkerSpan]]:
    """Yield the spans that begin within the same ``thinnest`` seconds; each by itself if 0."""
    if not thinnest:
        yield from ([span] for span in spans)
        return
    ordered = sorted(spans, key=lambda span: span.start)
    for _, group in groupby(ordered, key=lambda span: int((span.start - start) / thinnest)):
        yield list(group)


def _title(span: WorkerSpan) -> str:
    took = span_of_time(span.end - span.start)
    if span.kind == "boot":
        return f"boot, {took}"
    words = wording.GRADES.get(span.kind, span.kind)
    stolen = ", stolen" if span.stolen else ""
    trial = f", trial {span.trial}" if span.trial else ""
    return f"{span.domain}/{span.name}{trial}, attempt {span.attempt}, {words}, {took}{stolen}"


def _link(span: WorkerSpan) -> str:
    return task_link(span.domain, span.name, span.trial) if span.kind != "boot" else "#workers"


def task_link(domain: str, name: str, trial: int) -> str:
    """Return the address of a task on the page."""
    return "#task=" + quote(f"{domain}/{name}/{trial}", safe="")


def _ends(worker: WorkerEntry, start: float) -> Iterator[dict[str, Any]]:
    if not plausible_time(worker.left_at) or not (worker.died or worker.exit_code):
        return
    code = "" if worker.exit_code is None else f", exit {worker.exit_code}"
    yield {
        "lane": _lane(worker),
        "at": round(worker.left_at - start, 2),
        "how": "died" if worker.died else "failed",
        "title": f"{'died' if worker.died else 'left'}{code}: {worker.reason}",
    }


def _spec(
    names: Sequence[str],
    bars: Sequence[dict[str, Any]],
    ends: Sequence[dict[str, Any]],
    length: float,
    predicted: float | None,
) -> Spec:
    x = {
        "type": "quantitative",
        "scale": {"domain": [0, length], "nice": False, "clamp": True},
        "axis": axis(length),
    }
    layers = [_bar_layer(bars, x), _stolen_layer(bars, x), *_end_layers(ends, x)]
    if predicted is not None:
        layers.append(_predicted_layer(predicted, x))
    return {
        "width": WIDE - _LABELS - 30,
        "height": {"step": _ROW},
        "padding": {"left": 2, "right": 14, "top": 2, "bottom": 4},
        "encoding": {"y": _y(names)},
        "layer": layers,
    }


def _y(names: Sequence[str]) -> Spec:
    return {
        "field": "lane",
        "type": "nominal",
        "scale": {"domain": list(names)},
        "axis": {
            "labelExpr": "split(datum.label, '\\t')",
            "labelColor": "var(--ink)",
            "labelFontSize": 11.5,
            "labelLineHeight": 14,
            "labelOffset": -6,
            "labelAlign": "left",
            "labelPadding": _LABELS - 12,
            "labelLimit": _LABELS - 16,
            "minExtent": _LABELS,
            "maxExtent": _LABELS,
            "ticks": False,
            "domain": False,
            "title": None,
        },
    }


def _bar_layer(bars: Sequence[dict[str, Any]], x: Spec) -> Spec:
    return {
        "data": {"values": list(bars)},
        "mark": {
            "type": "bar", "height": 17, "yOffset": -2, "stroke": "var(--surface)",
            "strokeWidth": 0.7, "minBandSize": 1, "aria": True,
        },
        "encoding": {
            "x": {"field": "from", **x},
            "x2": {"field": "to"},
            "color": {
                "field": "kind",
                "type": "nominal",
                "legend": None,
                "scale": {"domain": list(_COLOURS), "range": list(_COLOURS.values())},
            },
            "href": {"field": "link"},
            "description": {"field": "title"},
        },
    }  # fmt: skip


def _stolen_layer(bars: Sequence[dict[str, Any]], x: Spec) -> Spec:
    return {
        "data": {"values": [bar for bar in bars if bar["stolen"]]},
        "mark": {"type": "bar", "height": 3, "yOffset": 10, "color": "var(--stolen)"},
        "encoding": {"x": {"field": "from", **x}, "x2": {"field": "to"}},
    }


def _end_layers(ends: Sequence[dict[str, Any]], x: Spec) -> Iterator[Spec]:
    for how, (colour, sign) in _ENDS.items():
        yield from mark_layers([end for end in ends if end["how"] == how], x, colour, sign)


def mark_layers(marks: Sequence[dict[str, Any]], x: Spec, colour: str, sign: str) -> Iterator[Spec]:
    """Yield the layers of signs on discs, each ``at`` a moment of a ``lane``, with a ``title``."""
    at = {"field": "at", **x}
    disc = {"type": "point", "shape": "circle", "size": 230, "filled": True, "opacity": 1}
    text = {"type": "text", "fontSize": 11, "fontWeight": "bold", "color": "var(--surface)"}
    yield {
        "data": {"values": list(marks)},
        "mark": {**disc, "color": colour, "yOffset": -2, "aria": True},
        "encoding": {"x": at, "description": {"field": "title"}},
    }
    yield {
        "data": {"values": list(marks)},
        "mark": {**text, "text": sign, "yOffset": -1.5},
        "encoding": {"x": at},
    }


def _predicted_layer(predicted: float, x: Spec) -> Spec:
    return {
        "data": {"values": [{"at": predicted}]},
        "mark": {"type": "rule", "color": "var(--accent)", "strokeWidth": 2, "strokeDash": [5, 4]},
        "encoding": {"x": {"field": "at", **x}, "y": None},
    }
