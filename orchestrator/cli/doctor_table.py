"""What doctor shows of its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.terminal import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from orchestrator.doctor.diagnosis import Finding

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red", "skipped": "dim"}


def show(findings: Sequence[Finding], *, no_color: bool) -> None:
    """Show one table to a person, and unbroken lines to anything else; then count."""
    shown = console(no_color=no_color)
    if shown.is_terminal:
        shown.print(_table(findings), markup=False)
    else:
        for one in findings:
            fix = f"\n{' ' * 8}fix: {one.fix}" if one.fix else ""
            click.echo(f"{one.status.value:7} {one.check}: {one.what}{fix}")
    counts = {status: sum(one.status == status for one in findings) for status in _COLOURS}
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items() if count))


def _table(findings: Sequence[Finding]) -> Table:
    """Return the findings as a table; each fix stands below what it mends."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False)
    drawn.add_column("check", no_wrap=True)
    drawn.add_column("", no_wrap=True)
    drawn.add_column("what was seen, and the fix")
    for one in findings:
        style = _COLOURS[one.status.value]
        drawn.add_row(one.check, Text(one.status.value, style), Text(one.what))
        if one.fix:
            drawn.add_row("", "", Text(f"→ {one.fix}", "bold"))
    return drawn
