"""The variables that options are read from.

Every option has ``WAA_MATRIX_<COMMAND>_<PARAMETER>``; those that all fleet commands share have
``WAA_MATRIX_<PARAMETER>`` too, which a repository's variables are named after.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

PREFIX = "WAA_MATRIX"


class SharedOption(click.Option):
    """An option that also reads a variable without a command's name: ``WAA_MATRIX_REGIONS``.

    The command's own variable counts more, and an empty one counts as none: a workflow sets it to
    an empty text where the repository has no such variable.
    """

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the first of both variables that says something."""
        shared = f"{PREFIX}_{(self.name or '').upper()}"
        own = f"{ctx.auto_envvar_prefix}_{(self.name or '').upper()}"
        return next((value for name in (own, shared) if (value := os.environ.get(name))), None)


def shared_option(*names: str, **attributes: Any) -> Callable[[F], F]:
    """Return a click option that all fleet commands read from one variable, as its help says."""
    name = next((one for one in names if not one.startswith("-")), names[0])
    variable = f"{PREFIX}_{name.strip('-').replace('-', '_').upper()}"
    attributes["help"] = f"{attributes['help']}  [env: {variable}]"
    return click.option(*names, cls=SharedOption, **attributes)


def missing(flag: str, parameter: str, variable: str = "") -> Problem:
    """Return the problem of an option that has no value, with the variable that could give it."""
    shared = f"{PREFIX}_{parameter.upper()} (scripts/azure-setup sets it for workflows)"
    return Problem(flag, "is missing", f"Give it, or set {variable or shared}.")
