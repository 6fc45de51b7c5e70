"""Takes a printed traceback apart: the exceptions it prints, each with its frames and its text.

The text is what ``traceback.format_exc()`` prints in Python 3.9 to 3.14: one exception, or a chain
of them, the outermost last. An exception group (PEP 654; ``asyncio.TaskGroup`` and anyio raise
them) is printed with its members below it behind a margin; here they come before it, as what
caused it. A message may quote anything, a traceback of somebody else's too: what it holds is no
frame and no exception, and neither is a note (PEP 678), which is printed below the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TRACEBACK_LIMIT = 4 << 20
"""Of a longer traceback its two ends are read: the client's frame and what was raised."""

_HEADER = "Traceback (most recent call last):"
_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"

_GROUP = "  + Exception Group Traceback (most recent call last):"
_GROUPS_MEMBER = "Exception Group Traceback (most recent call last):"
_MARGIN = re.compile(r"( {2,40})(?:\| ?|\+ )(.*)", re.DOTALL)
_INSIDE = ("  |", "  +", "    ")
_RULE = re.compile(r" {2,40}\+(?:-\+)?-{16,}(?: (?:\d+|\.\.\.) -{16,})?\Z")


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One printed exception: the lines of its frames, and its class with its message and notes."""

    frames: str
    text: str


def begins_traceback(line: str) -> bool:
    """Whether a line is the first of a traceback, be it a group's."""
    return line in (_HEADER, _GROUP)


def exceptions_in(traceback: str, message: str = "") -> tuple[Exceptional, ...]:
    """Return the exceptions of a traceback in the order it prints them: the outermost is last.

    Args:
        traceback: The printed text.
        message: ``str()`` of the outermost exception, empty when unknown. With it not even a
            message that quotes a whole chain is taken for one.
    """
    text = _without_groups(traceback.rstrip())
    message = message.strip()
    at = text.rfind(f": {message}") if message else -1
    said = text[at:] if at >= 0 else ""
    first, _, more = said.partition("\n")
    text = _ends(text[: len(text) - len(said)] + first)
    exceptionals = [_exceptional(part) for part in _parts(text.split("\n"))]
    if more:
        exceptionals[-1] = replace(exceptionals[-1], text=f"{exceptionals[-1].text}\n{more}")
    return tuple(exceptionals)


def _ends(text: str) -> str:
    if len(text) <= TRACEBACK_LIMIT:
        return text
    return f"{text[: TRACEBACK_LIMIT // 2]}\n{text[-TRACEBACK_LIMIT // 2 :]}"


def _parts(lines: Iterable[str]) -> list[list[str]]:
    """Return the lines of each exception of a chain."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if line in (_CAUSE, _CONTEXT):
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def _exceptional(lines: Sequence[str]) -> Exceptional:
    """Part an exception's frames from its text; one that was never raised has no frames."""
    start = next((number for number, line in enumerate(lines) if line), 0)
    if not lines[start:] or lines[start] != _HEADER:
        return Exceptional("", "\n".join(lines).strip())
    below = range(start + 1, len(lines))
    end = next((at for at in below if lines[at] and not lines[at][0].isspace()), len(lines))
    return Exceptional("\n".join(lines[start + 1 : end]), "\n".join(lines[end:]).strip())


def _without_groups(traceback: str) -> str:
    """Return a traceback in which every group is a chain: its members, then itself."""
    if _GROUP not in traceback:
        return traceback
    lines: list[str] = []
    group: list[str] = []
    before = _CONTEXT
    for line in traceback.split("\n"):
        begins = line == _GROUP and before in (_CAUSE, _CONTEXT)  # else a message quotes it
        if begins or (group and line.startswith(_INSIDE)):
            group.append(line)
            continue
        lines += [*_chained(group), line]
        group = []
        before = line or before
    return "\n".join([*lines, *_chained(group)]).rstrip()


def _chained(group: Iterable[str]) -> list[str]:
    """Return a group's lines without margins; sections in reverse, as a group precedes its own."""
    sections: list[list[str]] = [[]]
    for line in group:
        match = _MARGIN.match(line)
        if _RULE.match(line):
            sections.append([])
        elif match is not None:
            text = match.group(2)
            sections[-1].append(_HEADER if text == _GROUPS_MEMBER else text)
    chained: list[str] = []
    for section in filter(None, reversed(sections)):
        chained += ["", _CONTEXT, "", *section] if chained else section
    return chained
