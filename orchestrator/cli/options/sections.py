"""A command's help with its options in sections: its own first, then each group's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.cli.options.spelled import SpelledOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

OWN = "Options"


def in_sections(
    parameters: Sequence[click.Parameter], ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write what is shown of some parameters, in the order in which their headings come."""
    sections: dict[str, list[tuple[str, str]]] = {OWN: []}
    for parameter in parameters:
        record = parameter.get_help_record(ctx)
        if record is None or parameter.param_type_name == "argument":
            continue
        heading = parameter.heading if isinstance(parameter, SpelledOption) else ""
        sections.setdefault(heading or OWN, []).append(record)
    for heading, records in sections.items():
        if records:
            with formatter.section(heading):
                formatter.write_dl(records)
