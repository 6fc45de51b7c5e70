"""A click group whose commands are imported when they are called, so that ``--help`` is quick."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import click

from orchestrator.planning.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


Resolved = tuple[str | None, click.Command | None, list[str]]


def resolved(
    group: click.Group,
    ctx: click.Context,
    args: list[str],
    resolve: Callable[[click.Context, list[str]], Resolved],
) -> Resolved:
    """Return what ``resolve`` does; a command that is none is refused with the nearest one.

    Raises:
        click.UsageError: There is no such command.
    """
    name = args[0]
    known = group.list_commands(ctx)
    if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
        ctx.fail(f"No such command '{name}'.{did_you_mean(name, known)}")
    return resolve(ctx, args)


class LazyGroup(click.Group):
    """``lazy`` maps a command's name to (module, attribute, one line of help)."""

    def __init__(self, *, lazy: Mapping[str, tuple[str, str, str]], **attributes: object) -> None:
        super().__init__(**attributes)  # type: ignore[arg-type]  # click's own keywords, passed on
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the commands in the order they were declared."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import and return a command."""
        entry = self._lazy.get(cmd_name)
        if entry is None:
            return None
        module, attribute, _ = entry
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called, or say which one may have been meant."""
        return resolved(self, ctx, args, super().resolve_command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Write the list of commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in self._lazy.items()])
