"""An option that is shown under a heading, and that goes by older spellings too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.outputs.notices import notice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from click.core import ParameterSource
    from click.parser import _OptionParser as OptionParser


class SpelledOption(click.Option):
    """click's option with a ``heading`` in the help, and ``old`` spellings that are not shown.

    An old one works, and says on standard error what the option is called.
    """

    def __init__(
        self,
        param_decls: Sequence[str] | None = None,
        *,
        old: Sequence[str] = (),
        heading: str = "",
        **attributes: object,
    ) -> None:
        super().__init__(param_decls, **attributes)  # type: ignore[arg-type]  # click's own, passed on
        self.old, self.heading = tuple(old), heading

    def add_to_parser(self, parser: OptionParser, ctx: click.Context) -> None:
        """Let the parser know the old spellings as well; what they bring has a place of its own."""
        super().add_to_parser(parser, ctx)
        kind = "append" if self.multiple else "store"
        for spelling in self.old:
            place = self._place(spelling)
            if self.is_flag:
                parser.add_option(
                    self, [spelling], dest=place, action="store_const", const=not self.default
                )
            else:
                parser.add_option(self, [spelling], dest=place, action=kind, nargs=self.nargs)

    def consume_value(
        self, ctx: click.Context, opts: Mapping[str, object]
    ) -> tuple[object, ParameterSource]:
        """Return the value, whichever spelling brought it."""
        name, given = str(self.name), dict(opts)
        for spelling in self.old:
            place = self._place(spelling)
            if place not in given:
                continue
            notice(ctx, f"{spelling} is called {self.opts[0]} now; the old name still works")
            brought = given.pop(place)
            if self.multiple:
                given[name] = [*_listed(brought), *_listed(given.get(name, ()))]
            else:
                given.setdefault(name, brought)
        return super().consume_value(ctx, given)  # type: ignore[arg-type]  # any values, not only parameters

    def _place(self, spelling: str) -> str:
        return f"{self.name} as {spelling}"


def _listed(values: object) -> list[object]:
    return list(values) if isinstance(values, list | tuple) else []
