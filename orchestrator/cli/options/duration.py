"""Durations as every option takes them: ``90s``, ``15m``, ``2h``, ``7d``, ``1h30m``.

A bare number is what it was before units could be written: seconds, of some options minutes. Those
say so on standard error, for no name tells which they are; a variable's value is read in silence,
for a workflow's input is described where it is declared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from orchestrator.cli.outputs.notices import notice

if TYPE_CHECKING:
    _Type = click.ParamType[float]
else:
    _Type = click.ParamType  # which takes no argument in click's older releases

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+\Z")


class Duration(_Type):
    """Reads a duration.

    Args:
        bare: The unit of a bare number.
        counted: The unit of the value that a command gets.
    """

    name = "duration"

    def __init__(self, bare: str = "s", counted: str = "s") -> None:
        self._bare, self._unit_s = bare, _SECONDS[counted]

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return how many of the unit it is counted in."""
        if isinstance(value, int | float):
            return float(value)  # a default, which is counted already
        text = str(value).strip().lower()
        if _WHOLE.match(text):
            seconds = sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))
            return seconds / self._unit_s
        try:
            number = float(text)
        except ValueError:
            self.fail(f"'{value}' is no duration", param, ctx)
        if self._bare != "s" and param is not None and ctx is not None and _is_typed(ctx, param):
            said = f"{param.opts[0]} {text} is read as {text}{self._bare}"
            notice(ctx, f"{said}: write the unit (90s, 15m)")
        return number * _SECONDS[self._bare] / self._unit_s


def _is_typed(ctx: click.Context, param: click.Parameter) -> bool:
    return ctx.get_parameter_source(str(param.name)) is click.core.ParameterSource.COMMANDLINE


SECONDS = Duration()
MINUTES = Duration(bare="m", counted="m")
"""For commands that count in minutes still."""


def duration_text(seconds: float) -> str:
    """Return a duration as it would be written: in the largest unit that it is whole in."""
    whole = [unit for unit, size in _SECONDS.items() if seconds >= size and seconds % size == 0]
    unit = whole[-1] if whole else "s"
    return f"{seconds / _SECONDS[unit]:g}{unit}"
