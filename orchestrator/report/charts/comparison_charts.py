"""The comparison page's charts: both sides' rates, the pairs, and the difference by domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.report.charts.charts import stacked_bar
from orchestrator.report.charts.vega import HALF, NARROW, WIDE, Chart, Spec, chart
from orchestrator.report.phrases.amounts import percent
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PAIRS = {
    "both": ("succeeded on both", "var(--zero)"),
    "tied": ("the same rate in between", "var(--partial)"),
    "gained": ("gained", "var(--success)"),
    "lost": ("lost", "var(--infrastructure)"),
    "neither": ("succeeded on neither", "var(--boot)"),
}
_LABELS = {WIDE: 200}
_NARROW_LABELS = 118
_NAME_LIMIT = 28
_PERCENT = "format(datum.value, '.0%')"
_POINTS = "datum.value ? format(100 * datum.value, '+.3~g') : '0'"
"""How an axis is labelled; a difference of shares is in points."""


def sides(document: Mapping[str, Any]) -> Chart:
    """Draw the success rate of every side with its interval."""
    known = [document["baseline"], *(entry["side"] for entry in document["candidates"])]
    values = [_side(number, side) for number, side in enumerate(known)]
    label = "; ".join(f"{value['name']}: {percent(value['rate'])}" for value in values)

    def spec(width: int) -> Spec:
        x = _share_scale(width, [0, 1], _PERCENT)
        return {
            **_frame(width, 36, values, "name"),
            "layer": [
                *_whisker("low", "high", x),
                _point("rate", x, "baseline"),
            ],
        }

    return chart(f"Success rates: {label}", spec)


def _side(number: int, side: Mapping[str, Any]) -> dict[str, Any]:
    interval = side["interval"] or {}
    return {
        "name": clean(side["name"], _NAME_LIMIT) or f"side {number}",
        "rate": side["rate"],
        "low": interval.get("low"),
        "high": interval.get("high"),
        "which": "baseline" if number == 0 else "candidate",
    }


def pairs(paired: Mapping[str, Any]) -> Chart | None:
    """Draw how the tasks scored on both sides were decided; None when there is none."""
    results = [(name, int(paired.get(name) or 0)) for name in _PAIRS]
    total = sum(count for _, count in results)
    if not total:
        return None
    label = ", ".join(f"{count} {_PAIRS[name][0]}" for name, count in results)
    colours = {name: colour for name, (_, colour) in _PAIRS.items()}
    return stacked_bar(label, results, colours, total, (HALF, NARROW))


def difference(paired: Mapping[str, Any]) -> Chart | None:
    """Draw the paired differences of success rate and mean score with their intervals."""
    rows = [
        _difference("success rate", paired["difference"], paired["difference_interval"]),
        _difference("mean score", paired["score_difference"], paired["score_interval"]),
    ]
    known = [row for row in rows if row["at"] is not None]
    return _differences(known, "Differences, candidate minus baseline") if known else None


def by_domain(domains: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Draw each domain's difference of success rates; None when none is known."""
    rows = [
        {
            **_difference(domain["domain"], domain["difference"], None),
            "low": 0.0,
            "high": domain["difference"],
        }
        for domain in domains
        if domain["difference"] is not None
    ]
    return _differences(rows, "Differences by domain", bars=True) if rows else None


def _difference(
    name: str, at: float | None, interval: Mapping[str, float] | None
) -> dict[str, Any]:
    held = interval or {}
    side = "none" if not at else "gained" if at > 0 else "lost"
    return {
        "name": clean(name, _NAME_LIMIT),
        "at": at,
        "low": held.get("low"),
        "high": held.get("high"),
        "which": side,
    }


def _differences(rows: Sequence[dict[str, Any]], title: str, *, bars: bool = False) -> Chart:
    label = f"{title}: " + "; ".join(f"{row['name']} {100 * row['at']:+.1f} points" for row in rows)
    ends = [abs(row[key]) for row in rows for key in ("at", "low", "high") if row[key] is not None]
    reach = min(1.0, max(0.1, *ends) * 1.15)

    def spec(width: int) -> Spec:
        x = _share_scale(width, [-reach, reach], _POINTS)
        whiskers = _bar(x) if bars else _whisker("low", "high", x)
        return {
            **_frame(width, 26 if bars else 34, rows, "name"),
            "layer": [_zero(x), *whiskers, _point("at", x, "none")],
        }

    return chart(label, spec, (WIDE if bars else HALF, NARROW))


def _frame(width: int, step: int, values: Sequence[dict[str, Any]], field: str) -> Spec:
    labels = _LABELS.get(width, _NARROW_LABELS)
    return {
        "width": width - labels - 40,
        "height": {"step": step},
        "padding": {"left": 2, "right": 22, "top": 4, "bottom": 4},
        "data": {"values": list(values)},
        "encoding": {
            "y": {
                "field": field,
                "type": "nominal",
                "sort": None,
                "axis": {
                    "ticks": False, "domain": False, "title": None, "labelColor": "var(--ink)",
                    "labelFontSize": 13 if width == WIDE else 11.5, "labelPadding": 10,
                    "labelLimit": labels + 60, "minExtent": labels, "maxExtent": labels,
                },
            }
        },
    }  # fmt: skip


def _share_scale(width: int, domain: list[float], label: str) -> Spec:
    return {
        "type": "quantitative",
        "scale": {"domain": domain, "clamp": True},
        "axis": {
            "labelExpr": label, "tickCount": 6 if width == WIDE else 3, "grid": True,
            "ticks": False, "domain": False, "labelPadding": 8, "labelFlush": False, "title": None,
        },
    }  # fmt: skip


def _whisker(low: str, high: str, x: Spec) -> list[Spec]:
    rule = {"type": "rule", "color": "var(--ink)", "strokeWidth": 2}
    tick = {"type": "tick", "size": 10, "thickness": 2, "color": "var(--ink)"}
    return [
        {"mark": rule, "encoding": {"x": {"field": low, **x}, "x2": {"field": high}}},
        *({"mark": tick, "encoding": {"x": {"field": end, **x}}} for end in (low, high)),
    ]


def _bar(x: Spec) -> list[Spec]:
    colour = {
        "field": "which",
        "type": "nominal",
        "legend": None,
        "scale": {
            "domain": ["gained", "lost", "none"],
            "range": ["var(--success)", "var(--infrastructure)", "var(--zero)"],
        },
    }
    mark = {"type": "bar", "height": 12}
    return [
        {
            "mark": mark,
            "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}, "color": colour},
        }
    ]


def _point(field: str, x: Spec, muted: str) -> Spec:
    return {
        "mark": {
            "type": "point", "shape": "circle", "size": 120, "filled": True, "opacity": 1,
            "stroke": "var(--surface)", "strokeWidth": 2,
        },
        "encoding": {
            "x": {"field": field, **x},
            "fill": {
                "condition": {"test": f"datum.which === '{muted}'", "value": "var(--muted)"},
                "value": "var(--accent)",
            },
        },
    }  # fmt: skip


def _zero(x: Spec) -> Spec:
    return {
        "data": {"values": [{"at": 0}]},
        "mark": {"type": "rule", "color": "var(--muted)", "strokeWidth": 1.5},
        "encoding": {"x": {"field": "at", **x}, "y": None},
    }
