"""The terminal as an interface: colours only where they are wanted, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from orchestrator.cli.outputs.printable import unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

_PLAIN_S = 10.0  # between two lines where there is no terminal


def console(*, no_color: bool, stderr: bool = False) -> Console:
    """Return the console to draw on. ``NO_COLOR`` counts as asked (https://no-color.org)."""
    from rich.console import Console

    off = no_color or bool(os.environ.get("NO_COLOR"))
    # Past what makes hostile text harmless: the console's own sequences are meant.
    file = unwrapped(sys.stderr if stderr else sys.stdout)
    return Console(file=file, no_color=off, highlight=False, emoji=False)


def say_in_handler(text: str) -> None:
    """Print a line from a signal's handler, past the buffer that its interruption may be in."""
    data = (text + "\n").encode(sys.stdout.encoding or "ascii", "replace")
    # A full or closed stdout is told of by the next ordinary line; in a handler it would be raised
    # in the midst of anything.
    with suppress(OSError):
        os.write(1, data)


@contextmanager
def counting(
    what: str, total: int, unit: str, *, no_color: bool = False
) -> Iterator[Callable[[], None]]:
    """Say on standard error how far work of ``total`` parts is; yield what is called after each.

    On a terminal a bar that goes away; elsewhere a line at the start, and one every ten seconds.
    """
    screen = console(no_color=no_color, stderr=True)
    if screen.is_terminal and not screen.is_dumb_terminal:
        from rich.progress import Progress

        with Progress(console=screen, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda: bar.advance(task)
        return
    screen.print(f"{what}: {total} {unit}", soft_wrap=True)
    yield _Lines(screen, what, total, unit).tell


class _Lines:
    """Counts, and prints how far it is every ten seconds."""

    def __init__(self, screen: Console, what: str, total: int, unit: str) -> None:
        self._screen, self._what, self._total, self._unit = screen, what, total, unit
        self._done, self._next = 0, time.monotonic() + _PLAIN_S

    def tell(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PLAIN_S
            text = f"{self._what}: {self._done} of {self._total} {self._unit}"
            self._screen.print(text, soft_wrap=True)
