"""The fleet on the page: each machine's life from its launch to its deletion, and its phases."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.records import plausible_time
from orchestrator.report.charts import charts
from orchestrator.report.charts.axes import axis
from orchestrator.report.charts.vega import WIDE, Chart, Spec, chart
from orchestrator.report.charts.worker_timeline_chart import LANES_LIMIT, mark_layers
from orchestrator.report.model.phases import PhaseTimes
from orchestrator.report.phrases.amounts import span_of_time
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.report.schemas.fleet_entry import FleetEntry, MachineEntry

STAGES = {
    "creating": "var(--boot)",
    "booting": "var(--partial)",
    "registering": "var(--missing)",
    "idle": "var(--zero)",
    "working": "var(--success)",
}
"""What a machine does between two moments of its life, in order, with their colours."""

_LABELS = 190
_ROW = 26
_LANE_LIMIT = 20
_WENT = ("gone", "evicted")


def phases(fleet: FleetEntry) -> Chart | None:
    """Draw how long machines took for each phase of their start."""
    return charts.phases(_phases(fleet))


def phase_rows(fleet: FleetEntry) -> list[tuple[str, float, float, float, int]]:
    """Return the same as lines of a table."""
    return [phase.row for phase in _phases(fleet)]


def _phases(fleet: FleetEntry) -> list[PhaseTimes]:
    return [
        PhaseTimes(phase.phase, phase.p50_s, phase.p90_s, phase.max_s, phase.machines)
        for phase in fleet.phases
    ]


def machines(fleet: FleetEntry) -> Chart | None:
    """Draw the lives of the first hundred machines; None when no moment of any is known."""
    shown = fleet.machines[:LANES_LIMIT]
    moments = [at for entry in shown for at in _moments(entry)]
    if not moments:
        return None
    start, end = min(moments), max(moments)
    lanes = _lanes(shown)
    bars = [bar for entry in shown for bar in _life(entry, lanes[entry.name], start, end)]
    marks = list(_marks(fleet, lanes, start))
    length = max(end - start, 1.0)
    label = f"Lives of {len(fleet.machines)} machines over {span_of_time(length)}"
    return chart(label, lambda _: _spec(list(lanes.values()), bars, marks, length), (WIDE,))


def _moments(machine: MachineEntry) -> list[float]:
    known = (
        machine.launched,
        machine.created,
        machine.booted,
        machine.online,
        machine.job,
        machine.deleted,
    )
    return [at for at in known if at is not None and plausible_time(at)]


def _lanes(machines: Sequence[MachineEntry]) -> dict[str, str]:
    """Return what to call each machine: its name, or only where it differs if names are long."""
    parts = {machine.name: clean(machine.name).split("-") for machine in machines}
    columns = zip(*parts.values(), strict=False)
    shared = len(list(takewhile(lambda column: len(set(column)) == 1, columns)))
    long = any(len(clean(name)) > _LANE_LIMIT for name in parts)
    lanes: dict[str, str] = {}
    for name, of_name in parts.items():
        lane = clean(name)
        if long:
            lane = "…" + "-".join(of_name[min(shared, len(of_name) - 1) :])[1 - _LANE_LIMIT :]
        lanes[name] = lane if lane not in lanes.values() else f"{lane} ({len(lanes) + 1})"
    return lanes


def _life(machine: MachineEntry, lane: str, start: float, end: float) -> Iterator[dict[str, Any]]:
    """Yield a bar for each stage whose beginning is known, up to the next known moment."""
    beginnings = (
        machine.launched,
        machine.created,
        machine.booted,
        machine.online,
        machine.job,
    )
    known = [
        (at, stage)
        for at, stage in zip(beginnings, STAGES, strict=True)
        if at is not None and plausible_time(at)
    ]
    last = machine.deleted if machine.deleted is not None else end
    ends = [at for at, _ in known[1:]] + [last]
    for (at, stage), until in zip(known, ends, strict=True):
        if until > at:
            yield {
                "lane": lane,
                "stage": stage,
                "from": round(at - start, 2),
                "to": round(until - start, 2),
                "title": f"{machine.name}: {stage}, {span_of_time(until - at)}",
            }


def _marks(fleet: FleetEntry, lanes: Mapping[str, str], start: float) -> Iterator[dict[str, Any]]:
    """Yield a mark for each machine that went though nobody had deleted it: an eviction."""
    deleted: set[str] = set()
    for event in fleet.events:
        if event.kind == "delete":
            deleted.add(event.machine)
        known = event.machine in lanes and plausible_time(event.at)
        if known and event.kind in _WENT and event.machine not in deleted:
            yield {
                "lane": lanes[event.machine],
                "at": round(max(0.0, event.at - start), 2),
                "title": f"{event.machine}: {event.detail or event.kind}",
            }


def _spec(
    names: Sequence[str],
    bars: Sequence[dict[str, Any]],
    marks: Sequence[dict[str, Any]],
    length: float,
) -> Spec:
    x = {
        "type": "quantitative",
        "scale": {"domain": [0, length], "nice": False, "clamp": True},
        "axis": axis(length),
    }
    return {
        "width": WIDE - _LABELS - 30,
        "height": {"step": _ROW},
        "padding": {"left": 2, "right": 14, "top": 2, "bottom": 4},
        "encoding": {"y": _y(names)},
        "layer": [_bar_layer(bars, x), *mark_layers(marks, x, "var(--ink)", "✕")],
    }


def _y(names: Sequence[str]) -> Spec:
    return {
        "field": "lane",
        "type": "nominal",
        "scale": {"domain": list(names)},
        "axis": {
            "labelColor": "var(--ink)", "labelAlign": "left", "labelPadding": _LABELS - 12,
            "labelLimit": _LABELS - 16, "minExtent": _LABELS, "maxExtent": _LABELS,
            "ticks": False, "domain": False, "title": None,
        },
    }  # fmt: skip


def _bar_layer(bars: Sequence[dict[str, Any]], x: Spec) -> Spec:
    scale = {"domain": list(STAGES), "range": list(STAGES.values())}
    return {
        "data": {"values": list(bars)},
        "mark": {
            "type": "bar", "height": 14, "stroke": "var(--surface)", "strokeWidth": 0.7,
            "aria": True,
        },
        "encoding": {
            "x": {"field": "from", **x},
            "x2": {"field": "to"},
            "color": {"field": "stage", "type": "nominal", "legend": None, "scale": scale},
            "description": {"field": "title"},
        },
    }  # fmt: skip
