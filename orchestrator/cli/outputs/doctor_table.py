"""What doctor shows of its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.outputs.terminal import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from orchestrator.compute.findings import Finding

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red", "skipped": "dim"}


def show(findings: Sequence[Finding], *, no_color: bool) -> None:
    """Show one table to a person, and unbroken lines to anything else; then count."""
    shown = console(no_color=no_color)
    if shown.is_terminal:
        shown.print(_table(findings), markup=False)
    else:
        for finding in findings:
            fix = f"\n{' ' * 8}fix: {finding.fix}" if finding.fix else ""
            click.echo(f"{finding.status.value:7} {finding.check}: {finding.what}{fix}")
    seen = [finding.status for finding in findings]
    counts = {status: sum(each == status for each in seen) for status in _COLOURS}
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items() if count))


def _table(findings: Sequence[Finding]) -> Table:
    """Return the findings as a table; each fix stands below what it mends."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False)
    drawn.add_column("check", no_wrap=True)
    drawn.add_column("", no_wrap=True)
    drawn.add_column("what was seen, and the fix")
    for finding in findings:
        style = _COLOURS[finding.status.value]
        drawn.add_row(finding.check, Text(finding.status.value, style), Text(finding.what))
        if finding.fix:
            drawn.add_row("", "", Text(f"→ {finding.fix}", "bold"))
    return drawn
