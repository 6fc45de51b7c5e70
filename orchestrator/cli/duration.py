"""Durations as every option takes them: ``90s``, ``15m``, ``2h``, ``7d``, ``1h30m``.

A bare number is what it was before units could be written: seconds, of some options minutes. Those
say so on standard error, for no name tells which they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from orchestrator.cli.notices import notice

if TYPE_CHECKING:
    _Type = click.ParamType[float]
else:
    _Type = click.ParamType  # which takes no argument in click's older releases

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+\Z")


class Duration(_Type):
    """Reads a duration as seconds; a bare number is one of ``bare``: seconds, or minutes."""

    name = "duration"

    def __init__(self, bare: str = "s") -> None:
        self._bare = bare

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds."""
        if isinstance(value, int | float):
            return float(value)  # a default, which is in seconds
        text = str(value).strip().lower()
        if _WHOLE.match(text):
            return sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))
        try:
            number = float(text)
        except ValueError:
            self.fail(f"'{value}' is no duration", param, ctx)
        if self._bare != "s" and param is not None and ctx is not None:
            flag = param.opts[0] if param.opts else str(param.name)
            notice(ctx, f"{flag} {text} is read as {text}{self._bare}: write the unit (90s, 15m)")
        return number * _SECONDS[self._bare]


def duration_text(seconds: float) -> str:
    """Return a duration as it would be written: in the largest unit that it is whole in."""
    whole = [unit for unit, size in _SECONDS.items() if seconds >= size and seconds % size == 0]
    unit = whole[-1] if whole else "s"
    return f"{seconds / _SECONDS[unit]:g}{unit}"
