"""The axis of time since a start, in the units that its length asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.report.charts.vega import Spec

_TICK_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)


def axis(length: float, most: int = 8, orient: str = "top") -> Spec:
    """Return an axis for seconds from 0 to ``length``, with at most ``most`` ticks after 0."""
    step = next((s for s in _TICK_STEPS if length / s <= most), length / most)
    return {
        "orient": orient,
        "values": [number * step for number in range(int(length / step) + 1)],
        "labelExpr": _clock(step, length),
        "grid": True,
        "ticks": False,
        "domain": False,
        "title": None,
        "labelPadding": 6,
        "labelFlush": False,
    }


def _clock(step: float, length: float) -> str:
    """Return the expression that writes seconds since the start as the axis needs them."""
    if length < 120:
        return "datum.value + ' s'"
    if step < 60:
        return "floor(datum.value / 60) + ':' + pad('' + datum.value % 60, 2, '0', 'left') + ' min'"
    if length < 7200:
        return "floor(datum.value / 60) + ' min'"
    return (
        "floor(datum.value / 3600) + ':' + "
        "pad('' + floor(datum.value % 3600 / 60), 2, '0', 'left') + ' h'"
    )
