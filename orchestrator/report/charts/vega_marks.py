"""The marks and axes that the page's charts are made of, as parts of Vega-Lite specifications.

Colours are names of the page's style sheet. Shares are fractions of 1.
"""

from __future__ import annotations

from orchestrator.report.charts.vega import NARROW, WIDE, Spec

_LABELS = 165  # pixels kept for the names of rows


def colour(field: str, colours: dict[str, str]) -> Spec:
    """Colour by a field: each of its values, in order, with its colour; no legend."""
    return {
        "field": field,
        "type": "nominal",
        "legend": None,
        "scale": {"domain": list(colours), "range": list(colours.values())},
    }


def share_axis(width: int, grid: bool = True) -> Spec:  # noqa: FBT001, FBT002 - a chart's option
    """Return the axis of a share, in percent."""
    return {
        "format": "%",
        "values": [0, 0.5, 1] if width == NARROW else [0, 0.25, 0.5, 0.75, 1],
        "grid": grid,
        "ticks": False,
        "domain": False,
        "labelPadding": 8,
        "labelFlush": False,
        "title": None,
    }


def share(field: str, width: int) -> Spec:
    """Place by a field that is a share."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [0, 1], "clamp": True},
        "axis": share_axis(width),
    }


def whisker(low: str, high: str, width: int, ends: int, colour: str = "var(--ink)") -> list[Spec]:
    """Return an interval's marks: a rule between two fields, and its ends, ``ends`` pixels high."""
    stroke = {"color": colour, "strokeWidth": 2}
    ticks = [
        {
            "mark": {"type": "tick", "size": ends, "thickness": 2, "color": colour},
            "encoding": {"x": share(end, width)},
        }
        for end in (low, high)
    ]
    rule = {
        "mark": {"type": "rule", **stroke},
        "encoding": {"x": share(low, width), "x2": {"field": high}},
    }
    return [rule, *ticks]


def dot(field: str, width: int, size: int = 100) -> Spec:
    """Return a filled dot at a field's share; ``size`` is its area in square pixels."""
    return {
        "mark": {
            "type": "point", "shape": "circle", "size": size, "filled": True, "opacity": 1,
            "color": "var(--accent)", "stroke": "var(--surface)", "strokeWidth": 2,
        },
        "encoding": {"x": share(field, width)},
    }  # fmt: skip


def row_labels(width: int) -> int:
    """Return how many pixels are kept for the names of rows."""
    return _LABELS if width == WIDE else 126


def rows(field: str, width: int, labels: int = 0) -> Spec:
    """Place by a field that names rows, in the order of the data; ``labels`` pixels are theirs."""
    labels = labels or row_labels(width)
    return {
        "field": field,
        "type": "nominal",
        "sort": None,
        "axis": {
            "ticks": False,
            "domain": False,
            "title": None,
            "labelColor": "var(--ink)",
            "labelFontSize": 13 if width == WIDE else 11.5,
            "labelPadding": 10,
            "labelLimit": labels + 60,
            "minExtent": labels,
            "maxExtent": labels,
        },
    }


def diamond(field: str, width: int) -> Spec:
    """Return an open diamond at a field's share."""
    return {
        "mark": {
            "type": "point", "shape": "diamond", "size": 90, "filled": True, "opacity": 1,
            "color": "var(--surface)", "stroke": "var(--muted)", "strokeWidth": 1.6,
        },
        "encoding": {"x": share(field, width)},
    }  # fmt: skip


def overall(rate: float) -> Spec:
    """Return a dashed line over all rows at this share."""
    return {
        "data": {"values": [{"at": rate}]},
        "mark": {"type": "rule", "color": "var(--accent)", "strokeDash": [3, 4], "opacity": 0.8},
        "encoding": {"x": share("at", WIDE), "y": None},
    }


def column(field: str, at: int) -> Spec:
    """Write a field to the right of the drawing, its end ``at`` pixels from there."""
    return {
        "mark": {"type": "text", "align": "right", "x": {"expr": f"width + {at}"}},
        "encoding": {"text": {"field": field}},
    }
