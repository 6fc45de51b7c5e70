"""What a command says of a spelling that still works and has a better one: once, on stderr."""

from __future__ import annotations

import click

_KEY = "waa_matrix.notices"


def notice(ctx: click.Context, text: str) -> None:
    """Say ``text``, unless this call of the program has; completion is silent."""
    said: set[str] = ctx.meta.setdefault(_KEY, set())
    if text not in said and not ctx.resilient_parsing:
        said.add(text)
        click.echo(f"notice: {text}", err=True)
