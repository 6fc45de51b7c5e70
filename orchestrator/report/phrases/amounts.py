"""Amounts as they are read: moments, durations, shares and money; a dash where one is not known."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from orchestrator.ledger.records import plausible_time

NONE = "—"
"""Stands where a value is not known."""


def moment(unix: float) -> str:
    """Return Unix seconds as ``2024-05-01 12:34:56 UTC``, or a dash."""
    if not plausible_time(unix):
        return NONE
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def span_of_time(seconds: float | None) -> str:
    """Return a duration as ``1 h 05 min``, ``6 min 04 s`` or ``12.3 s``; a dash for none."""
    if seconds is None or not 0 <= seconds < 1e9:
        return NONE
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as a percentage, or a dash."""
    return NONE if value is None else f"{100 * value:.{digits}f}%"


def dollars(value: float | None) -> str:
    """Return US dollars with cents; of less than ten cents two digits that tell; or a dash."""
    if value is None:
        return NONE
    digits = 1 - math.floor(math.log10(value)) if 1e-9 < value < 0.095 else 2
    return f"${value:,.{digits}f}"
