"""How a command's answer is printed."""

from __future__ import annotations

from typing import Annotated

from orchestrator.cli.options.values import option, option_values


@option_values
class AsJson:
    """For people, or for programs."""

    as_json: Annotated[bool, option("--json", help="For a script.")] = False


@option_values
class Colours:
    """With colours where there is a terminal, or without."""

    no_color: Annotated[bool, option("--no-color", help="No colours (NO_COLOR does the same).")] = (
        False
    )
