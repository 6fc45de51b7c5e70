"""The variables that options are read from.

Every option has ``WAA_MATRIX_<COMMAND>_<PARAMETER>``; those that all fleet commands share have
``WAA_MATRIX_<PARAMETER>`` too, which a repository's variables are named after.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import click

from orchestrator.cli.options.spelled import SpelledOption
from orchestrator.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping

F = TypeVar("F", bound="Callable[..., object]")

PREFIX = "WAA_MATRIX"

_OF_AZURE = ("AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID")
"""A repository's variables that have names of Azure's own (scripts/azure-setup sets them)."""


class SharedOption(SpelledOption):
    """An option that also reads a variable without a command's name: ``WAA_MATRIX_REGIONS``.

    The command's own variable counts more, and an empty one counts as none: a workflow sets it to
    an empty text where the repository has no such variable.
    """

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the first of both variables that says something."""
        shared = f"{PREFIX}_{(self.name or '').upper()}"
        own = f"{ctx.auto_envvar_prefix}_{(self.name or '').upper()}"
        return next((value for name in (own, shared) if (value := os.environ.get(name))), None)


def shared_option(*names: str, **attributes: object) -> Callable[[F], F]:
    """Return a click option that all fleet commands read from one variable, as its help says."""
    name = next((name for name in names if not name.startswith("-")), names[0])
    variable = f"{PREFIX}_{name.strip('-').replace('-', '_').upper()}"
    attributes["help"] = f"{attributes['help']}  [env: {variable}]"
    return click.option(*names, cls=SharedOption, **attributes)


def lacking(context: click.Context, names: Iterable[str]) -> bool:
    """Whether one of these parameters has no value but its default."""
    unset = {option.name for option in context.command.params if _is_unset(context, option)}
    return not unset.isdisjoint(names)


def fill(
    context: click.Context, options: MutableMapping[str, object], variables: Mapping[str, str]
) -> list[str]:
    """Give options that nobody gave what a repository's variables say; return those variables.

    A value is read as the same text in the environment would be.

    Raises:
        click.BadParameter: A variable's text is no value of its option.
    """
    used = []
    for option, variable in _shared(context.command):
        text = variables.get(variable, "")
        if not text or not _is_unset(context, option):
            continue
        value = option.type.split_envvar_value(text) if option.multiple else text
        options[str(option.name)] = option.process_value(context, value)
        used.append(variable)
    return used


def _shared(command: click.Command) -> list[tuple[click.Option, str]]:
    """Return the options that a repository's variables are named after, and those names."""
    results: list[tuple[click.Option, str]] = []
    for option in command.params:
        if isinstance(option, SharedOption):
            results.append((option, f"{PREFIX}_{(option.name or '').upper()}"))
        elif isinstance(option, click.Option) and option.envvar in _OF_AZURE:
            results.append((option, str(option.envvar)))
    return results


def _is_unset(context: click.Context, option: click.Parameter) -> bool:
    source = context.get_parameter_source(str(option.name))
    return source in (None, click.core.ParameterSource.DEFAULT)


def missing(flag: str, parameter: str, variable: str = "") -> Problem:
    """Return the problem of an option that has no value, with the variable that could give it."""
    shared = f"{PREFIX}_{parameter.upper()} (scripts/azure-setup sets it for workflows)"
    return Problem(flag, "is missing", f"Give it, or set {variable or shared}.")
