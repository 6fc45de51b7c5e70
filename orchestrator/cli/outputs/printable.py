"""What is merely shown may not steer a terminal: text of agents, guests and ledgers is hostile.

An escape sequence in a worker's note could retitle a window, write to the clipboard or paint over
what stands above; a carriage return hides the line before it. Colours and tables of our own are
written past this, to the stream itself.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from orchestrator.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Through:
    """A text stream before another, ``inner``: it is that one in everything but ``write``."""

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        """Write a text; return its own length."""
        return self.inner.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def as_stream(self) -> TextIO:
        """Return this, which is a text stream by what ``__getattr__`` adds to it."""
        return self  # type: ignore[return-value]  # mypy sees no more than what is written here

    def __getattr__(self, name: str) -> object:
        """Be the stream in everything else."""
        return getattr(self.inner, name)


class Printable(Through):
    """Passes text on without what steers a terminal; lines and tabs are kept."""

    def write(self, text: str) -> int:
        """Write a text; return its own length."""
        self.inner.write(printable(text))
        return len(text)


@contextmanager
def printable_streams() -> Iterator[None]:
    """Let both standard streams leave out what steers a terminal."""
    before = sys.stdout, sys.stderr
    out, err = before
    sys.stdout, sys.stderr = Printable(out).as_stream(), Printable(err).as_stream()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def unwrapped(stream: TextIO) -> TextIO:
    """Return the stream that such a one writes to, or the stream itself."""
    return stream.inner if isinstance(stream, Printable) else stream
