"""The terminal as an interface: colours only where they are wanted, plain lines elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console(*, no_color: bool, stderr: bool = False) -> Console:
    """Return the console to draw on. ``NO_COLOR`` counts as asked (https://no-color.org)."""
    from rich.console import Console

    off = no_color or bool(os.environ.get("NO_COLOR"))
    return Console(stderr=stderr, no_color=off, highlight=False, emoji=False)
