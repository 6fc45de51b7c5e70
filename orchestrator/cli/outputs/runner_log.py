"""A workflow's log, to which the runner listens: nothing that is merely shown may be a command.

A line that begins with ``::`` is one, and so is whatever follows ``##[`` anywhere in a line (the
older form: actions/runner, ActionCommand.TryParse and ActionCommandManager.TryProcessCommand).
``##[stop-commands]`` in the name of a task would hide every later annotation, ``##[add-mask]1``
would drop each output that holds a 1. So while a command runs in a workflow its streams break both;
what is meant as a command goes by ``tell_runner``.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from orchestrator.cli.outputs.printable import Through, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMAND = re.compile(r"##(?=\[)|(?:\A|(?<=[\r\n]))\s*:(?=:)")
_BEGUN = re.compile(r"\s*:?\Z")
_LINE_END = re.compile(r"[\r\n]")


class Inert(Through):
    """A text stream that breaks commands, those too that come in pieces.

    ``inner`` gets the text, with a space in each command that it held.
    """

    def __init__(self, inner: TextIO) -> None:
        super().__init__(inner)
        self._kept = ""

    def write(self, text: str) -> int:
        """Write a text; return its own length."""
        whole = self._kept + text
        self.inner.write(_COMMAND.sub(r"\g<0> ", whole)[len(self._kept) :])
        line = _LINE_END.split(whole)[-1]
        # What may yet begin a command. The first character stands for the rest of its line.
        self._kept = line if _BEGUN.match(line) else f"\0{line[-2:]}"
        return len(text)


@contextmanager
def inert_log() -> Iterator[None]:
    """Let both standard streams break commands while this process is a workflow's step.

    A file that a stream was led to is not the log: what goes there is left as it is.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_inert(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def tell_runner(line: str) -> None:
    """Give the runner a command, a whole line, on standard error: it reads both streams."""
    stream = unwrapped(sys.stderr)
    stream = stream.inner if isinstance(stream, Inert) else stream
    stream.write(f"{line}\n")
    stream.flush()


def _inert(stream: TextIO) -> TextIO:
    with suppress(OSError, ValueError, AttributeError):
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            return stream
    return Inert(stream).as_stream()
